#ifndef ZPM_PLATFORM_PATHS_H
#define ZPM_PLATFORM_PATHS_H

#include "base/str.h"
#include "zpm/error.h"

/*
 * Where things lie.  ZPM_HOME (default ~/.zpm, from the password database when
 * HOME is not set; mode 0700) holds one folder per namespace (ZPM_NAMESPACE,
 * default "zuz-pm").  Made by zpm_paths_init, folders by zpm_paths_prepare.
 */
struct zpm_paths {
  char *home;       /* absolute */
  char *name;       /* of the namespace: same rules as an app's name */
  char *folder;     /* home/namespace */
  char *socket;     /* folder/zpm.sock, or a short private path, see below */
  char *lock;       /* folder/lock: who holds its flock is the daemon */
  char *start_lock; /* folder/start.lock: who may start one */
  char *log;        /* folder/daemon.log */
  char *state;      /* folder/state.json */
  char *inflight;   /* folder/inflight */
  char *logs;       /* folder/logs */
};

/* `home` and `name` may be NULL: taken from the environment, else the default.
 * Touches no file.  A socket path over 107 bytes is replaced by
 * $XDG_RUNTIME_DIR (or /tmp)/zpm-<uid>-<hash>/zpm.sock; the folder of that is
 * made 0700 by zpm_paths_prepare, which refuses one that another user owns. */
int zpm_paths_init(struct zpm_paths *paths, const char *home, const char *name,
                   struct zpm_error *err);
/* Makes the folders, 0700. Refuses a home that another user owns. */
int zpm_paths_prepare(const struct zpm_paths *paths, struct zpm_error *err);
/* The home alone, without a folder for the namespace. */
int zpm_paths_prepare_home(const struct zpm_paths *paths,
                           struct zpm_error *err);
void zpm_paths_deinit(struct zpm_paths *paths);

/* Path of a program that lies beside this one ("zpm-keeper" beside "zpm");
 * `override_env` names a variable that wins if set. */
int zpm_paths_sibling(struct zpm_str *out, const char *of, const char *program,
                      const char *override_env, struct zpm_error *err);
/* Path of agent.cjs, which lies beside the program `of`, or in dist/ of its
 * package; ZPM_AGENT wins. */
int zpm_paths_agent(struct zpm_str *out, const char *of);

#endif
