#ifndef ZPM_PROTO_PROJECT_H
#define ZPM_PROTO_PROJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "zpm/error.h"

/*
 * What the files of a folder say about how the program in it is started, for
 * `zpm start` without a script.  The first of these that applies:
 *
 *   1. package.json with a start script: through its package manager (the field
 *      packageManager, else the lock file, else npm).  A script that is nothing
 *      but `node options file args` is run as that, without one.
 *   2. package.json's "main"; server.js, index.js, app.js, with it or without.
 *   3. Python: manage.py (Django's server), app.py, main.py, wsgi.py, by the
 *      Python of .venv or venv if there is one.
 *   4. Cargo.toml: target/release/<name> if it is built, else cargo run.
 *   5. go.mod: the binary of its name if it is built, else go run.
 *
 * The port is the one in the start script, else PORT of .env.
 */

/* Files whose contents matter. */
enum zpm_project_text {
  ZPM_PROJECT_PACKAGE,
  ZPM_PROJECT_CARGO,
  ZPM_PROJECT_GO,
  ZPM_PROJECT_DOTENV,
  ZPM_PROJECT_TEXTS
};

/* "package.json", ... Static. */
const char *zpm_project_text_name(enum zpm_project_text text);

/* A folder, as it was found. */
struct zpm_project_folder {
  const char *name;                     /* the last part of its path */
  const char *texts[ZPM_PROJECT_TEXTS]; /* NULL: there is none */
  /* Whether there is a regular file of this path, relative to the folder. */
  bool (*has)(void *ctx, const char *path);
  void *ctx;
};

/* Paths in it are relative to the folder. */
struct zpm_project {
  const char *found;       /* the file that told: "package.json" */
  bool direct;             /* its start script, without its package manager */
  struct zpm_str name;     /* fit for an app */
  struct zpm_str script;   /* a file of the folder, or a command */
  struct zpm_strv args;    /* of the script */
  const char *before_more; /* put before further arguments ("--"), or NULL */
  const char *interpreter; /* "node", a path (with a slash), or NULL: auto */
  struct zpm_strv interpreter_args;
  struct zpm_strv env; /* NODE_ENV of the start script; nothing secret */
  uint32_t port;       /* 0: unknown */
};

/* ZPM_EARG if nothing was found: says what was looked for.  ZPM_ECONFIG for a
 * package.json that cannot be read.  To be released also when it failed. */
int zpm_project_find(struct zpm_project *project,
                     const struct zpm_project_folder *folder,
                     struct zpm_error *err);
void zpm_project_deinit(struct zpm_project *project);

#endif
