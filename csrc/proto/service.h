#ifndef ZPM_PROTO_SERVICE_H
#define ZPM_PROTO_SERVICE_H

#include "base/str.h"
#include "zpm/error.h"

/*
 * The files by which an init system starts the daemon at boot: `zpm startup`.
 * Pure: facts in, text out; cli/cmd_startup.c writes it.
 */
enum zpm_service_kind {
  ZPM_SERVICE_SYSTEMD,
  ZPM_SERVICE_LAUNCHD,
  ZPM_SERVICE_OPENRC,
  ZPM_SERVICE_KINDS
};

/* What `zpm daemon --service` ends with when a daemon of the namespace runs
 * already, outside of the service: to try again would not help. */
enum { ZPM_SERVICE_EXIT_RUNS_ALREADY = 3 };

struct zpm_service {
  enum zpm_service_kind kind;
  const char *program; /* absolute path of zpm */
  const char *home;    /* ZPM_HOME, absolute */
  const char *namespace_name;
  const char *user; /* a service of the system that runs as this user; NULL: one
                       of the user who asks */
};

/* "systemd", "launchd", "openrc". */
const char *zpm_service_kind_name(enum zpm_service_kind kind);
/* ZPM_SERVICE_KINDS for a word that is none. */
enum zpm_service_kind zpm_service_kind_of(const char *word);

/* Appends the name that the init system knows it by, which is the name of its
 * file, too (launchd: less ".plist"). */
int zpm_service_put_name(struct zpm_str *out, const struct zpm_service *service,
                         struct zpm_error *err);
/* Appends the text of the file.  ZPM_EARG: a path or name that cannot be
 * written down there. */
int zpm_service_put_text(struct zpm_str *out, const struct zpm_service *service,
                         struct zpm_error *err);

/* What is asked of the init system, word by word; NULL ends it. */
enum { ZPM_SERVICE_WORDS_MAX = 6, ZPM_SERVICE_COMMANDS_MAX = 4 };

struct zpm_service_command {
  const char *words[ZPM_SERVICE_WORDS_MAX];
};

enum zpm_service_step {
  ZPM_SERVICE_ENABLE,  /* its file has been written: start it at boot */
  ZPM_SERVICE_START,   /* and now */
  ZPM_SERVICE_DISABLE, /* not at boot any more; one that runs goes on */
  ZPM_SERVICE_FORGET,  /* its file has been removed */
};

/* The commands of a step, in their order; how many.  `name` as
 * zpm_service_put_name() gives it, `file`: its path; the words point there. */
size_t
zpm_service_commands(struct zpm_service_command out[ZPM_SERVICE_COMMANDS_MAX],
                     const struct zpm_service *service,
                     enum zpm_service_step step, const char *name,
                     const char *file);

#endif
