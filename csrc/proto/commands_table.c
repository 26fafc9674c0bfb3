#include "proto/commands.h"

/*
 * The table and nothing else: its texts are the help of the CLI, the man page
 * and docs/commands.md.
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

static const struct zpm_option START_OPTIONS[] = {
    {"args", 0, "WORDS", "Arguments in one text, quoted as for a shell"},
    {"with", 0, "COMMAND",
     "Run the script with this command and its arguments"},
    {"wait", 0, NULL, "Wait until it is ready, or has failed"},
    {"follow", 'f', NULL,
     "Show its output until Ctrl-C (with --dev on a terminal: the default)"},
    {"cluster", 0, NULL, "Cluster mode (not available in this version yet)"},
    {0},
};

static const struct zpm_option RESTART_OPTIONS[] = {
    {"wait", 0, NULL, "Wait until they are ready, or have failed"},
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

static const char PING_DETAILS[] =
    "Starts no daemon. Exit code 0: it answered; 1: none does.\n";

static const char START_DETAILS[] =
    "The operand is a script (run by what its extension asks for), an\n"
    "executable, a command found in node_modules/.bin or PATH, the name\n"
    "of an app that zpm knows already, a folder, or a JSON file with one\n"
    "config or an array of them. Everything after -- goes to the app.\n"
    "\n"
    "For a folder (without an operand: this one, or --cwd) zpm looks for\n"
    "what to start, and says it. The first of these counts: the start\n"
    "script of package.json, by the package manager of its lock file (one\n"
    "that is only `node file` is run directly); its main; server.js,\n"
    "index.js, app.js; manage.py, app.py, main.py, wsgi.py; Cargo.toml\n"
    "(target/release, else cargo run); go.mod (the binary, else go run).\n"
    "The port comes from the start script, else from PORT in .env.\n"
    "\n"
    "A stopped app that is known is started again; fields given now\n"
    "are put over the stored ones. A running one is left alone: use\n"
    "`zpm restart <name> --port 3001` to change it.\n"
    "\n"
    "With --wait the command ends when the app is ready: its readiness\n"
    "probes have passed and, with --wait-ready, it has said so. If it\n"
    "fails, what it said last is shown, and the exit code is 1.\n"
    "\n"
    "Examples:\n"
    "  zpm start\n"
    "  zpm start server.js --name api --port 3000\n"
    "  zpm start server.js --dev\n"
    "  zpm start api.js --probe http://localhost:3000/up,kind=readiness "
    "--wait\n"
    "  zpm start server.js --max-memory 200M --cron \"0 4 * * *\"\n"
    "  zpm start worker.py --env QUEUE=mail --kill-timeout 30000\n"
    "  zpm start next -- start -p 4000\n"
    "  zpm start main.ts --with \"tsx --no-warnings\"\n"
    "  zpm start apps.json\n";

static const char STOP_DETAILS[] =
    "Sends the stop signal (SIGTERM, see --kill-signal of start),\n"
    "waits for the kill timeout (5 s), then sends SIGKILL. Ends when\n"
    "nothing is left. The app stays known: `zpm start <name>` starts\n"
    "it again.\n"
    "\n"
    "Examples:\n"
    "  zpm stop api worker\n"
    "  zpm stop all\n";

static const char RESTART_DETAILS[] =
    "Options change the app's stored config before it starts again.\n"
    "With --wait the command ends when the new process is ready.\n"
    "\n"
    "Examples:\n"
    "  zpm restart api\n"
    "  zpm restart api --port 3001 --env LOG_LEVEL=debug\n"
    "  zpm restart all\n";

static const char DELETE_DETAILS[] = "Their log files stay.\n"
                                     "\n"
                                     "Examples:\n"
                                     "  zpm delete api\n"
                                     "  zpm delete all\n";

static const char STATS_DETAILS[] =
    "CPU and memory are of the app's whole process tree; the heap is\n"
    "that of JavaScript, for Node apps.\n"
    "\n"
    "Examples:\n"
    "  zpm stats\n"
    "  zpm stats api --json\n"
    "  zpm stats --sort memory --order desc\n";

static const char LIST_DETAILS[] = "Examples:\n"
                                   "  zpm list\n"
                                   "  zpm ls --status errored\n"
                                   "  zpm list --json\n";

static const char DESCRIBE_DETAILS[] =
    "Its config, its processes, its log files, and how its last\n"
    "processes ended, with what they said last. Values of environment\n"
    "variables are hidden unless --show-env is given.\n"
    "\n"
    "Example:\n"
    "  zpm describe api\n";

static const char LOGS_DETAILS[] = "Examples:\n"
                                   "  zpm logs api\n"
                                   "  zpm logs api --lines 200 --no-follow\n"
                                   "  zpm logs --err\n";

static const char DOCTOR_DETAILS[] =
    "Looks at the daemon, the keeper, folders, their permissions, limits\n"
    "and what this system allows: whether a stop can be sure to reach\n"
    "every process, how much may be watched, whose ports are seen, who\n"
    "apps can run as. It says what to do about each finding.\n";

static const char START_DAEMON_DETAILS[] =
    "Other commands do this by themselves. Apps that were\n"
    "running when the last daemon ended are started again.\n";

static const char RESTART_DAEMON_DETAILS[] =
    "Use it after an update of zpm. Apps that were running are\n"
    "started again by the new daemon.\n";

static const char KILL_DAEMON_DETAILS[] =
    "The apps stay known; those that were running are started\n"
    "again by the next daemon.\n";

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
                      .details = PING_DETAILS},
    [ZPM_CMD_START] = {.id = ZPM_CMD_START,
                       .name = "start",
                       .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                       .arguments = START_ARGUMENTS,
                       .operands = "[script|command|name|apps.json|folder] "
                                   "[-- args...]",
                       .options = START_OPTIONS,
                       .takes_config = true,
                       .summary = "Start an app and keep it running",
                       .details = START_DETAILS},
    [ZPM_CMD_START_MANY] = {.id = ZPM_CMD_START_MANY,
                            .name = "start-many",
                            .where = ZPM_ON_WIRE,
                            .arguments = START_MANY_ARGUMENTS,
                            .summary = "Start several apps"},
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
                      .details = STOP_DETAILS},
    [ZPM_CMD_RESTART] = {.id = ZPM_CMD_RESTART,
                         .name = "restart",
                         .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                         .arguments = RESTART_ARGUMENTS,
                         .operands = "<name>...|all",
                         .options = RESTART_OPTIONS,
                         .takes_config = true,
                         .summary = "Stop apps and start them again",
                         .details = RESTART_DETAILS},
    [ZPM_CMD_DELETE] = {.id = ZPM_CMD_DELETE,
                        .name = "delete",
                        .aliases = DELETE_ALIASES,
                        .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                        .arguments = NAME_ARGUMENTS,
                        .operands = "<name>...|all",
                        .summary = "Stop apps and forget them",
                        .details = DELETE_DETAILS},
    [ZPM_CMD_STATS] = {.id = ZPM_CMD_STATS,
                       .name = "stats",
                       .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                       .arguments = OPTIONAL_NAME_ARGUMENTS,
                       .operands = "[name]",
                       .options = TABLE_OPTIONS,
                       .summary = "Show CPU, memory and restarts",
                       .details = STATS_DETAILS},
    [ZPM_CMD_LIST] = {.id = ZPM_CMD_LIST,
                      .name = "list",
                      .aliases = LIST_ALIASES,
                      .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                      .options = TABLE_OPTIONS,
                      .summary = "List the apps and how they are",
                      .details = LIST_DETAILS},
    [ZPM_CMD_DESCRIBE] = {.id = ZPM_CMD_DESCRIBE,
                          .name = "describe",
                          .aliases = DESCRIBE_ALIASES,
                          .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                          .arguments = DESCRIBE_ARGUMENTS,
                          .operands = "<name>",
                          .options = DESCRIBE_OPTIONS,
                          .summary = "Tell all that is known of one app",
                          .details = DESCRIBE_DETAILS},
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
                      .details = LOGS_DETAILS},
    [ZPM_CMD_SUBSCRIBE] = {.id = ZPM_CMD_SUBSCRIBE,
                           .name = "subscribe",
                           .where = ZPM_ON_WIRE,
                           .arguments = SUBSCRIBE_ARGUMENTS,
                           .summary = "Be told what happens"},
    [ZPM_CMD_DOCTOR] = {.id = ZPM_CMD_DOCTOR,
                        .name = "doctor",
                        .where = ZPM_ON_WIRE | ZPM_ON_CLI,
                        .summary = "Check that zpm can work well here",
                        .details = DOCTOR_DETAILS},
    [ZPM_CMD_SHUTDOWN] = {.id = ZPM_CMD_SHUTDOWN,
                          .name = "shutdown",
                          .where = ZPM_ON_WIRE,
                          .summary = "Stop all apps, then the daemon"},
    [ZPM_CMD_START_DAEMON] = {.id = ZPM_CMD_START_DAEMON,
                              .name = "start-daemon",
                              .where = ZPM_ON_CLI,
                              .summary = "Start the daemon, if none runs",
                              .details = START_DAEMON_DETAILS},
    [ZPM_CMD_RESTART_DAEMON] = {.id = ZPM_CMD_RESTART_DAEMON,
                                .name = "restart-daemon",
                                .where = ZPM_ON_CLI,
                                .summary = "End the daemon and start it again",
                                .details = RESTART_DAEMON_DETAILS},
    [ZPM_CMD_KILL_DAEMON] = {.id = ZPM_CMD_KILL_DAEMON,
                             .name = "kill-daemon",
                             .aliases = KILL_ALIASES,
                             .where = ZPM_ON_CLI,
                             .summary = "Stop all apps, then the daemon",
                             .details = KILL_DAEMON_DETAILS},
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
