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
 * the latest after a while, if it never is): core/debounce.h.  A deletion alone
 * is no change, nor is what leaves a file as it was.  Not looked at:
 * node_modules, folders and files that begin with a dot, *.log and the like
 * (zpm_ignore_always), what is zpm's own, what .gitignore files say (those in
 * the tree, and above it up to the top of the repository, unless they leave out
 * the root itself), and `ignore`, which has the last word: with "!" it brings
 * back what the others leave out.  A root that is a file is always watched.
 * Folders that come, go and come back are followed, the roots themselves as
 * well; what an editor writes by renaming is seen, because folders are watched.
 * Links are not followed.
 *
 * Out of inotify watches or instances: one `trouble`, and from then on the tree
 * is looked at every two seconds instead.  A tree that is too big (16384
 * folders, 64 deep, 262144 files) is watched in part, with one `trouble`.
 *
 * Callbacks come from the loop, never from inside a call, and may close the
 * watch.  Its handles do not keep the loop alive.
 */
struct zpm_watch;

struct zpm_watch_options {
  const struct zpm_strv *roots;  /* absolute; copied */
  const struct zpm_strv *ignore; /* globs of the user; copied */
  const struct zpm_strv *own;    /* beginnings of paths that are zpm's own:
                                    logs, state; copied; or NULL */
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
 * Between the two calls `changed` is not called: what has changed meanwhile is
 * told soon after the end.  Rules: core/outputs.h.
 */
void zpm_watch_build_began(struct zpm_watch *watch);
void zpm_watch_build_ended(struct zpm_watch *watch);
/* An app that writes a watched file whenever it starts would be restarted for
 * ever: a file that changed within a moment of each of several starts in a row
 * is passed over from then on (and `trouble` says so). */
void zpm_watch_app_started(struct zpm_watch *watch);

#endif
