#ifndef ZPM_CLI_CLI_H
#define ZPM_CLI_CLI_H

#include <cjson/cJSON.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/screen.h"
#include "cli/talk.h"

/*
 * The command line program: parse, run one command, say what went wrong.
 * csrc/cli/cmd_*.c hold the commands; zpm.c is main().
 */

/* Exit codes. */
enum {
  ZPM_CLI_DONE = 0,
  ZPM_CLI_FAILED = 1,
  ZPM_CLI_USAGE = 2,
  ZPM_CLI_INTERRUPTED = 130, /* by Ctrl-C, as a shell tells it */
};

/* One run of the program. */
struct zpm_cli {
  struct zpm_args args;
  struct zpm_screen screen;
  struct zpm_str path; /* of zpm itself; see zpm_cli_connect */
  bool json;
};

/* A command: what it shows goes to cli->screen.  Returns an exit code; what
 * `err` then holds, if anything, is told by the caller. */
typedef int zpm_cli_command(struct zpm_cli *cli, struct zpm_error *err);

zpm_cli_command zpm_cmd_start;
zpm_cli_command zpm_cmd_stop;
zpm_cli_command zpm_cmd_restart;
zpm_cli_command zpm_cmd_reload;
zpm_cli_command zpm_cmd_scale;
zpm_cli_command zpm_cmd_delete;
zpm_cli_command zpm_cmd_list;
zpm_cli_command zpm_cmd_stats;
zpm_cli_command zpm_cmd_describe;
zpm_cli_command zpm_cmd_logs;
zpm_cli_command zpm_cmd_ping;
zpm_cli_command zpm_cmd_update;
zpm_cli_command zpm_cmd_start_daemon;
zpm_cli_command zpm_cmd_restart_daemon;
zpm_cli_command zpm_cmd_kill_daemon;
zpm_cli_command zpm_cmd_doctor;
zpm_cli_command zpm_cmd_run;
zpm_cli_command zpm_cmd_startup;
zpm_cli_command zpm_cmd_unstartup;
zpm_cli_command zpm_cmd_save;
zpm_cli_command zpm_cmd_resurrect;
zpm_cli_command zpm_cmd_version;
zpm_cli_command zpm_cmd_help;

/* The whole program but the daemon; returns the exit code. */
int zpm_cli_main(int argc, const char *const *argv);

/* ---- for the commands ---- */

/* Opens a talk with the daemon of --namespace; `start_daemon`: starts one
 * when none runs. */
int zpm_cli_connect(struct zpm_cli *cli, bool start_daemon,
                    struct zpm_talk *talk, struct zpm_error *err);

/* Finds out where zpm itself lies: cli->path. */
int zpm_cli_find_self(struct zpm_cli *cli, struct zpm_error *err);

/* Shows a value as one line of JSON. */
void zpm_cli_show_json(struct zpm_cli *cli, const cJSON *json);
/* {"message":...} with --json, else the sentence. */
void zpm_cli_show_message(struct zpm_cli *cli, const char *text);

/* Says "zpm: <message>" on standard error. */
void zpm_cli_complain(const char *message);

#endif
