#ifndef ZPM_PROTO_COMMANDS_H
#define ZPM_PROTO_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The one command table: what can be asked of zpm, on the wire and on the
 * command line.  Request checking (message.c), the handlers (api/), parsing and
 * help of the CLI, docs and shell completion all read it.
 */

#define ZPM_COMMAND_MAP(XX)                                                    \
  XX(HELLO)                                                                    \
  XX(PING)                                                                     \
  XX(START)                                                                    \
  XX(START_MANY)                                                               \
  XX(RUN)                                                                      \
  XX(ADD_WORKER)                                                               \
  XX(STOP)                                                                     \
  XX(RESTART)                                                                  \
  XX(RELOAD)                                                                   \
  XX(SCALE)                                                                    \
  XX(DELETE)                                                                   \
  XX(STATS)                                                                    \
  XX(LIST)                                                                     \
  XX(DESCRIBE)                                                                 \
  XX(FIND_WORKER)                                                              \
  XX(GET_STORE)                                                                \
  XX(LOGS)                                                                     \
  XX(SUBSCRIBE)                                                                \
  XX(DOCTOR)                                                                   \
  XX(SHUTDOWN)                                                                 \
  XX(UPDATE)                                                                   \
  XX(START_DAEMON)                                                             \
  XX(RESTART_DAEMON)                                                           \
  XX(KILL_DAEMON)                                                              \
  XX(STARTUP)                                                                  \
  XX(UNSTARTUP)                                                                \
  XX(SAVE)                                                                     \
  XX(RESURRECT)                                                                \
  XX(VERSION)                                                                  \
  XX(HELP)

enum zpm_command_id {
#define XX(name) ZPM_CMD_##name,
  ZPM_COMMAND_MAP(XX)
#undef XX
      ZPM_COMMAND_COUNT
};

enum {
  ZPM_ON_WIRE = 1 << 0, /* a request of the protocol */
  ZPM_ON_CLI = 1 << 1,  /* a command of `zpm` */
};

enum zpm_argument_type {
  ZPM_ARG_STRING,
  ZPM_ARG_NUMBER, /* a non-negative integer */
  ZPM_ARG_BOOL,
  ZPM_ARG_OBJECT,
  ZPM_ARG_ARRAY,
};

/* A key of the request on the wire. */
struct zpm_argument {
  const char *name; /* NULL ends the list */
  enum zpm_argument_type type;
  bool required;
  const char *help;
};

/* A flag on the command line, beside those of the field table. */
struct zpm_option {
  const char *name;  /* long name without dashes; NULL ends the list */
  char letter;       /* or 0 */
  const char *value; /* what follows it, for help: "N"; NULL: a switch */
  const char *help;
};

struct zpm_command {
  enum zpm_command_id id;
  const char *name;           /* the same on the wire and on the CLI */
  const char *const *aliases; /* CLI only; NULL-terminated, or NULL */
  unsigned where;             /* ZPM_ON_* */
  const struct zpm_argument *arguments; /* wire; or NULL */
  const char *operands;                 /* CLI: "<name>...", or NULL */
  const struct zpm_option *options;     /* CLI; or NULL */
  bool takes_config;   /* CLI: the flags of the field table as well */
  const char *summary; /* one line, imperative */
  const char *details; /* CLI help below the summary; or NULL */
};

/* Whether a request that may have been carried out can be sent once more: it
 * only looks, or finds done what it asks for. */
bool zpm_command_can_be_repeated(enum zpm_command_id id);

/* In the order of enum zpm_command_id. */
extern const struct zpm_command ZPM_COMMANDS[ZPM_COMMAND_COUNT];
/* Flags that every CLI command takes: --json --namespace --no-color --help. */
extern const struct zpm_option ZPM_GLOBAL_OPTIONS[];

/* By name or alias among the commands of `where`; NULL if there is none. */
const struct zpm_command *zpm_command_find(const char *name, unsigned where);
/* The nearest name among the commands of `where`, or NULL. */
const char *zpm_command_suggest(const char *name, unsigned where);
/* The wire argument of `command` nearest to `key`, or NULL. */
const char *zpm_command_suggest_argument(const struct zpm_command *command,
                                         const char *key);

#endif
