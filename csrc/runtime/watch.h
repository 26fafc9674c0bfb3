#ifndef ZPM_RUNTIME_WATCH_H
#define ZPM_RUNTIME_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/str.h"
#include "zpm/error.h"

/*
 * Watches folders (whole trees) and files for changed and added files.
 *
 * One call of `changed` per burst, after it has been quiet for a moment (and at
 * the latest after a while, if it never is): core/debounce.h.  Not looked at:
 * node_modules, folders and files that begin with a dot, *.log, the logs of
 * zpm, what .gitignore files say, and `ignore` (core/ignore.h).  Folders
 * that come, go and come back are followed, the roots themselves as well; what
 * an editor writes by renaming is seen, because folders are watched.
 *
 * Out of inotify watches or instances: one `trouble`, and from then on the tree
 * is looked at every two seconds instead.
 */
struct zpm_watch;

struct zpm_watch_options {
  const struct zpm_strv *roots;  /* absolute; copied */
  const struct zpm_strv *ignore; /* globs of the user; copied */
  const char *logs_folder;       /* or NULL */
  /* `path` is the first one that changed, absolute. */
  void (*changed)(void *ctx, const char *path);
  /* A sentence for the host's log. */
  void (*trouble)(void *ctx, const char *text);
  void *ctx;
};

int zpm_watch_open(uv_loop_t *loop, const struct zpm_watch_options *options,
                   struct zpm_watch **out, struct zpm_error *err);
/* No callback comes after this; memory is released by the loop. NULL is legal.
 */
void zpm_watch_close(struct zpm_watch *watch);

/*
 * What a command that builds writes into the watched tree must not start the
 * next build, and an edit made meanwhile must not be missed: a file that
 * changes during a build leads to one more build; if it changes during that one
 * as well, it is what the build makes, and is passed over while one runs.
 */
void zpm_watch_build_began(struct zpm_watch *watch);
void zpm_watch_build_ended(struct zpm_watch *watch);
/* An app that writes a watched file whenever it starts would be restarted for
 * ever: a file that changed within a moment of each of several starts in a row
 * is passed over from then on (and `trouble` says so). */
void zpm_watch_app_started(struct zpm_watch *watch);

#endif
