#include "proto/commands.h"
#include "proto/commands_text.h"

/*
 * The table and nothing else: its texts, and those of commands_text.c, are the
 * help of the CLI, the man page and docs/commands.md.
 */

static const struct zpm_argument HELLO_ARGUMENTS[] = {
    {"version", ZPM_ARG_STRING, true, "the version of the client"},
    {0},
};

static const struct zpm_argument START_ARGUMENTS[] = {
    {"config", ZPM_ARG_OBJECT, false, "what to run, and how"},
    {"name", ZPM_ARG_STRING, false, "of the app; without config a known one"},
    {"callerEnv", ZPM_ARG_OBJECT, false, "the environment below the app's own"},
    {"wait", ZPM_ARG_BOOL, false, "answer when it is ready, or has failed"},
    {0},
};

static const struct zpm_argument START_MANY_ARGUMENTS[] = {
    {"configs", ZPM_ARG_ARRAY, true, "one config per app"},
    {"callerEnv", ZPM_ARG_OBJECT, false, "the environment below the apps' own"},
    {"wait", ZPM_ARG_BOOL, false, "answer when it is ready, or has failed"},
    {0},
};

static const struct zpm_argument ADD_WORKER_ARGUMENTS[] = {
    {"config", ZPM_ARG_OBJECT, true, "what to run, and how"},
    {"autoStart", ZPM_ARG_BOOL, false, "start it as well"},
    {"callerEnv", ZPM_ARG_OBJECT, false, "the environment below the app's own"},
    {"wait", ZPM_ARG_BOOL, false, "answer when it is ready, or has failed"},
    {0},
};

static const struct zpm_argument NAME_ARGUMENTS[] = {
    {"name", ZPM_ARG_STRING, true, "of the app, or \"all\""},
    {0},
};

static const struct zpm_argument RESTART_ARGUMENTS[] = {
    {"name", ZPM_ARG_STRING, true, "of the app, or \"all\""},
    {"config", ZPM_ARG_OBJECT, false, "fields to change"},
    {"callerEnv", ZPM_ARG_OBJECT, false, "the environment below the app's own"},
    {"wait", ZPM_ARG_BOOL, false, "answer when it is ready, or has failed"},
    {0},
};

static const struct zpm_argument RELOAD_ARGUMENTS[] = {
    {"name", ZPM_ARG_STRING, true, "of the app, or \"all\""},
    {"parallel", ZPM_ARG_NUMBER, false, "processes at a time (1)"},
    {0},
};

static const struct zpm_argument SCALE_ARGUMENTS[] = {
    {"name", ZPM_ARG_STRING, true, "of the app"},
    {"instances", ZPM_ARG_STRING, true,
     "\"4\", \"+2\" more, or \"-1\": one less"},
    {0},
};

static const struct zpm_argument OPTIONAL_NAME_ARGUMENTS[] = {
    {"name", ZPM_ARG_STRING, false, "of one app; without it, all"},
    {0},
};

static const struct zpm_argument DESCRIBE_ARGUMENTS[] = {
    {"name", ZPM_ARG_STRING, true, "of the app"},
    {"showEnv", ZPM_ARG_BOOL, false, "show the values of variables"},
    {0},
};

static const struct zpm_argument LOGS_ARGUMENTS[] = {
    {"name", ZPM_ARG_STRING, false, "of one app; without it, all"},
    {"from", ZPM_ARG_OBJECT, false, "places to go on at, by app and stream"},
    {"lines", ZPM_ARG_NUMBER, false, "how many recent lines (20)"},
    {"follow", ZPM_ARG_BOOL, false, "go on with live output (true)"},
    {"stream", ZPM_ARG_STRING, false, "\"out\" or \"err\" alone"},
    {0},
};

static const struct zpm_argument SUBSCRIBE_ARGUMENTS[] = {
    {"topics", ZPM_ARG_ARRAY, true,
     "of \"app\", \"exit\", \"log\"; [] ends it"},
    {"name", ZPM_ARG_STRING, false, "of one app; without it, all"},
    {0},
};

static const struct zpm_argument UPDATE_ARGUMENTS[] = {
    {"zpm", ZPM_ARG_STRING, true, "absolute path of the zpm that takes over"},
    {0},
};

static const struct zpm_option START_OPTIONS[] = {
    {"args", 0, "WORDS", "Arguments in one text, quoted as for a shell"},
    {"with", 0, "COMMAND",
     "Run the script with this command and its arguments"},
    {"wait", 0, NULL, "Wait until it is ready, or has failed"},
    {"follow", 'f', NULL,
     "Show its output until Ctrl-C (with --dev on a terminal: the default)"},
    {"cluster", 0, NULL,
     "Several processes on the same ports, as many as --instances says"},
    {0},
};

static const struct zpm_option RESTART_OPTIONS[] = {
    {"wait", 0, NULL, "Wait until they are ready, or have failed"},
    {0},
};

static const struct zpm_option RELOAD_OPTIONS[] = {
    {"parallel", 0, "K", "Processes at a time (1)"},
    {0},
};

static const struct zpm_option TABLE_OPTIONS[] = {
    {"compact", 0, NULL, "Fewer columns"},
    {"wide", 0, NULL, "All columns, nothing cut"},
    {"status", 0, "STATUS",
     "Only apps that are stopped, starting, running, stopping, crashed or "
     "errored"},
    {"sort", 0, "FIELD",
     "By name, status, pid, uptime, restarts, cpu or memory"},
    {"order", 0, "asc|desc", "Direction of --sort (asc)"},
    {0},
};

static const struct zpm_option LOGS_OPTIONS[] = {
    {"lines", 'n', "N", "How many recent lines (20)"},
    {"follow", 'f', NULL,
     "Go on with live output until Ctrl-C (on a terminal: the default)"},
    {"no-follow", 0, NULL, "Show the recent lines and end"},
    {"out", 0, NULL, "Standard output only"},
    {"err", 0, NULL, "Standard error only"},
    {0},
};

static const struct zpm_option DESCRIBE_OPTIONS[] = {
    {"show-env", 0, NULL, "Show the values of environment variables"},
    {0},
};

static const struct zpm_option RUN_OPTIONS[] = {
    {"args", 0, "WORDS", "Arguments in one text, quoted as for a shell"},
    {"with", 0, "COMMAND",
     "Run the script with this command and its arguments"},
    {0},
};

static const struct zpm_option STARTUP_OPTIONS[] = {
    {"user", 0, "NAME", "A service of the system that runs as this user"},
    {"now", 0, NULL, "Start it as well, not only at the next boot"},
    {"dry-run", 0, NULL, "Show what would be written and run, and do nothing"},
    {0},
};

static const struct zpm_option UNSTARTUP_OPTIONS[] = {
    {"user", 0, "NAME", "The service of the system for this user"},
    {0},
};

const struct zpm_option ZPM_GLOBAL_OPTIONS[] = {
    {"json", 0, NULL,
     "Answer with JSON, where there is data to show (not help)"},
    {"namespace", 0, "NAME", "Talk to the daemon of this namespace (zuz-pm)"},
    {"no-color", 0, NULL, "No colours, as with NO_COLOR in the environment"},
    {"help", 'h', NULL, "Show help; after a command, that command's"},
    {"version", 'V', NULL, "Show the version"},
    {0},
};

static const char *const DELETE_ALIASES[] = {"del", "rm", NULL};
static const char *const LIST_ALIASES[] = {"ls", "ps", NULL};
static const char *const LOGS_ALIASES[] = {"log", NULL};
static const char *const DESCRIBE_ALIASES[] = {"show", "info", NULL};
static const char *const KILL_ALIASES[] = {"kill", NULL};
static const char *const SAVE_ALIASES[] = {"dump", NULL};

const struct zpm_command ZPM_COMMANDS[ZPM_COMMAND_COUNT] = {
    [ZPM_CMD_HELLO] = {.id = ZPM_CMD_HELLO,
                       .name = "hello",
                       .where = ZPM_ON_WIRE,
                       .arguments = HELLO_ARGUMENTS,
                       .summary = "Compare versions"},
    [ZPM_CMD_PING] = {.id = ZPM_CMD_PING,
                      .name = "ping",
                      .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                      .summary = "Ask whether the daemon answers",
                      .details = ZPM_HELP_PING},
    [ZPM_CMD_START] = {.id = ZPM_CMD_START,
                       .name = "start",
                       .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                       .arguments = START_ARGUMENTS,
                       .operands = "[script|command|name|apps.json|folder] "
                                   "[-- args...]",
                       .options = START_OPTIONS,
                       .takes_config = true,
                       .summary = "Start an app and keep it running",
                       .details = ZPM_HELP_START},
    [ZPM_CMD_START_MANY] = {.id = ZPM_CMD_START_MANY,
                            .name = "start-many",
                            .where = ZPM_ON_WIRE,
                            .arguments = START_MANY_ARGUMENTS,
                            .summary = "Start several apps"},
    [ZPM_CMD_RUN] = {.id = ZPM_CMD_RUN,
                     .name = "run",
                     .where = ZPM_ON_CLI,
                     .operands = "[script|command|folder] [-- args...]",
                     .options = RUN_OPTIONS,
                     .takes_config = true,
                     .summary = "Run one app in the foreground, supervised",
                     .details = ZPM_HELP_RUN},
    [ZPM_CMD_ADD_WORKER] = {.id = ZPM_CMD_ADD_WORKER,
                            .name = "add-worker",
                            .where = ZPM_ON_WIRE,
                            .arguments = ADD_WORKER_ARGUMENTS,
                            .summary =
                                "Make an app known, or start it as well"},
    [ZPM_CMD_STOP] = {.id = ZPM_CMD_STOP,
                      .name = "stop",
                      .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                      .arguments = NAME_ARGUMENTS,
                      .operands = "<name>...|all",
                      .summary = "Stop apps, with every process they started",
                      .details = ZPM_HELP_STOP},
    [ZPM_CMD_RESTART] = {.id = ZPM_CMD_RESTART,
                         .name = "restart",
                         .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                         .arguments = RESTART_ARGUMENTS,
                         .operands = "<name>...|all",
                         .options = RESTART_OPTIONS,
                         .takes_config = true,
                         .summary = "Stop apps and start them again",
                         .details = ZPM_HELP_RESTART},
    [ZPM_CMD_RELOAD] = {.id = ZPM_CMD_RELOAD,
                        .name = "reload",
                        .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                        .arguments = RELOAD_ARGUMENTS,
                        .operands = "<name>...|all",
                        .options = RELOAD_OPTIONS,
                        .summary = "Replace processes of a cluster, losing no "
                                   "request",
                        .details = ZPM_HELP_RELOAD},
    [ZPM_CMD_SCALE] = {.id = ZPM_CMD_SCALE,
                       .name = "scale",
                       .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                       .arguments = SCALE_ARGUMENTS,
                       .operands = "<name> <N|+N|-N>",
                       .summary = "Change how many processes a cluster has",
                       .details = ZPM_HELP_SCALE},
    [ZPM_CMD_DELETE] = {.id = ZPM_CMD_DELETE,
                        .name = "delete",
                        .aliases = DELETE_ALIASES,
                        .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                        .arguments = NAME_ARGUMENTS,
                        .operands = "<name>...|all",
                        .summary = "Stop apps and forget them",
                        .details = ZPM_HELP_DELETE},
    [ZPM_CMD_STATS] = {.id = ZPM_CMD_STATS,
                       .name = "stats",
                       .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                       .arguments = OPTIONAL_NAME_ARGUMENTS,
                       .operands = "[name]",
                       .options = TABLE_OPTIONS,
                       .summary = "Show CPU, memory and restarts",
                       .details = ZPM_HELP_STATS},
    [ZPM_CMD_LIST] = {.id = ZPM_CMD_LIST,
                      .name = "list",
                      .aliases = LIST_ALIASES,
                      .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                      .options = TABLE_OPTIONS,
                      .summary = "List the apps and how they are",
                      .details = ZPM_HELP_LIST},
    [ZPM_CMD_DESCRIBE] = {.id = ZPM_CMD_DESCRIBE,
                          .name = "describe",
                          .aliases = DESCRIBE_ALIASES,
                          .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                          .arguments = DESCRIBE_ARGUMENTS,
                          .operands = "<name>",
                          .options = DESCRIBE_OPTIONS,
                          .summary = "Tell all that is known of one app",
                          .details = ZPM_HELP_DESCRIBE},
    [ZPM_CMD_FIND_WORKER] = {.id = ZPM_CMD_FIND_WORKER,
                             .name = "find-worker",
                             .where = ZPM_ON_WIRE,
                             .arguments = DESCRIBE_ARGUMENTS,
                             .summary = "Get an app's config, or null"},
    [ZPM_CMD_GET_STORE] = {.id = ZPM_CMD_GET_STORE,
                           .name = "get-store",
                           .where = ZPM_ON_WIRE,
                           .summary = "Get a short row per app"},
    [ZPM_CMD_LOGS] = {.id = ZPM_CMD_LOGS,
                      .name = "logs",
                      .aliases = LOGS_ALIASES,
                      .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                      .arguments = LOGS_ARGUMENTS,
                      .operands = "[name]",
                      .options = LOGS_OPTIONS,
                      .summary =
                          "Show the recent output of apps, and follow it",
                      .details = ZPM_HELP_LOGS},
    [ZPM_CMD_SUBSCRIBE] = {.id = ZPM_CMD_SUBSCRIBE,
                           .name = "subscribe",
                           .where = ZPM_ON_WIRE,
                           .arguments = SUBSCRIBE_ARGUMENTS,
                           .summary = "Be told what happens"},
    [ZPM_CMD_DOCTOR] = {.id = ZPM_CMD_DOCTOR,
                        .name = "doctor",
                        .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                        .summary = "Check that zpm can work well here",
                        .details = ZPM_HELP_DOCTOR},
    [ZPM_CMD_SHUTDOWN] = {.id = ZPM_CMD_SHUTDOWN,
                          .name = "shutdown",
                          .where = ZPM_ON_WIRE,
                          .summary = "Stop all apps, then the daemon"},
    [ZPM_CMD_UPDATE] = {.id = ZPM_CMD_UPDATE,
                        .name = "update",
                        .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                        .arguments = UPDATE_ARGUMENTS,
                        .summary = "Replace the daemon by this zpm's, under "
                                   "running apps",
                        .details = ZPM_HELP_UPDATE},
    [ZPM_CMD_START_DAEMON] = {.id = ZPM_CMD_START_DAEMON,
                              .name = "start-daemon",
                              .where = ZPM_ON_CLI,
                              .summary = "Start the daemon, if none runs",
                              .details = ZPM_HELP_START_DAEMON},
    [ZPM_CMD_RESTART_DAEMON] = {.id = ZPM_CMD_RESTART_DAEMON,
                                .name = "restart-daemon",
                                .where = ZPM_ON_CLI,
                                .summary = "End the daemon and start it again",
                                .details = ZPM_HELP_RESTART_DAEMON},
    [ZPM_CMD_KILL_DAEMON] = {.id = ZPM_CMD_KILL_DAEMON,
                             .name = "kill-daemon",
                             .aliases = KILL_ALIASES,
                             .where = ZPM_ON_CLI,
                             .summary = "Stop all apps, then the daemon",
                             .details = ZPM_HELP_KILL_DAEMON},
    [ZPM_CMD_STARTUP] = {.id = ZPM_CMD_STARTUP,
                         .name = "startup",
                         .where = ZPM_ON_CLI,
                         .operands = "[systemd|openrc|launchd]",
                         .options = STARTUP_OPTIONS,
                         .summary = "Start zpm and its apps at boot",
                         .details = ZPM_HELP_STARTUP},
    [ZPM_CMD_UNSTARTUP] = {.id = ZPM_CMD_UNSTARTUP,
                           .name = "unstartup",
                           .where = ZPM_ON_CLI,
                           .operands = "[systemd|openrc|launchd]",
                           .options = UNSTARTUP_OPTIONS,
                           .summary = "Start zpm at boot no more",
                           .details = ZPM_HELP_UNSTARTUP},
    [ZPM_CMD_SAVE] = {.id = ZPM_CMD_SAVE,
                      .name = "save",
                      .aliases = SAVE_ALIASES,
                      .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                      .summary = "See to it that the state is on the disk",
                      .details = ZPM_HELP_SAVE},
    [ZPM_CMD_RESURRECT] = {.id = ZPM_CMD_RESURRECT,
                           .name = "resurrect",
                           .where = ZPM_ON_CLI,
                           .summary = "Start the daemon, which brings the apps "
                                      "back",
                           .details = ZPM_HELP_RESURRECT},
    [ZPM_CMD_VERSION] = {.id = ZPM_CMD_VERSION,
                         .name = "version",
                         .where = ZPM_ON_CLI,
                         .summary = "Show the version"},
    [ZPM_CMD_HELP] = {.id = ZPM_CMD_HELP,
                      .name = "help",
                      .where = ZPM_ON_CLI,
                      .operands = "[command]",
                      .summary = "Show help, or that of one command"},
};
