#ifndef ZPM_RUNTIME_WATCH_INTERNAL_H
#define ZPM_RUNTIME_WATCH_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "base/str.h"
#include "core/debounce.h"
#include "core/ignore.h"
#include "core/outputs.h"
#include "core/seen.h"
#include "runtime/closer.h"
#include "runtime/watch.h"

/*
 * How a watch is made, in the order in which things happen:
 *
 *   watch_roots.c    finds each root, or waits at its nearest parent for it
 *   watch_folders.c  the tree below a root: one node and one uv_fs_event_t per
 *                    folder, and what its events mean
 *   watch_looks.c    reads folders, a slice per turn of the loop: at first to
 *                    know what is there, later to find what has changed
 *   watch_rules.c    what is ignored
 *   watch.c          opening, closing, and from changes to one call
 *   watch_turns.c    what is done in turns of the loop of its own: troubles are
 *                    told, slices are looked at, and all is if there are no
 *                    events to be had
 *
 * Paths are put together in watch->path, which each function that needs one
 * fills anew; a node knows only its name.
 */

/* What is too much, and how often.  Tests have their own. */
struct zpm_watch_limits {
  uint32_t folders;    /* of one watch */
  uint32_t files;      /* of one watch: what is known of them costs memory */
  uint32_t depth;      /* below a root */
  uint32_t entries;    /* that one turn of the loop looks at */
  uint32_t poll_ms;    /* between two looks when there are no events */
  uint32_t os_watches; /* as if the system had no more; 0: all it has */
};

extern const struct zpm_watch_limits ZPM_WATCH_LIMITS;

struct zpm_watch_folder {
  uv_fs_event_t events; /* its data is this folder */
  struct zpm_watch *watch;
  struct zpm_watch_root *root;
  struct zpm_watch_folder *parent; /* NULL: `root` itself */
  struct zpm_watch_folder *child;  /* the first */
  struct zpm_watch_folder *next;   /* of the same parent */
  struct zpm_list waiting;         /* for its turn to be looked at */
  struct zpm_ignore *rules;        /* of its .gitignore, or NULL */
  struct zpm_seen seen;
  bool report; /* what the next look finds is a change */
  bool deep;   /* the next look goes through its folders, too */
  bool noted;  /* by the look at its parent */
  char name[]; /* "" for a root */
};

/* A .gitignore above a root, up to the top of the repository. */
struct zpm_watch_above {
  struct zpm_ignore rules;
  size_t base_len; /* of the path of its folder */
};

struct zpm_watch_root {
  struct zpm_watch *watch;
  char *path;                      /* "" for "/" */
  struct zpm_watch_folder *folder; /* if it is one */
  /* If not: a file, or not there.  The folder to wait at, and what for. */
  uv_fs_event_t *anchor;   /* its data is this root */
  size_t anchor_len;       /* of `path`: the folder's */
  struct zpm_seen seen;    /* of the file */
  struct zpm_ignore rules; /* what the user ignores, below this root */
  struct zpm_watch_above *above;
  size_t above_len;
};

struct zpm_watch {
  uv_loop_t *loop;
  struct zpm_watch_options options; /* roots and ignore: not valid any more */
  struct zpm_watch_limits limits;
  struct zpm_strv own;
  struct zpm_strv ignore;
  struct zpm_watch_root *roots;
  size_t root_count;

  uv_timer_t burst; /* until the debounce is due */
  uv_timer_t turn;  /* until the next slice, or the next look of polling */
  struct zpm_closer closer;
  bool closing;
  bool polling;
  bool too_much_said;
  struct zpm_strv troubles; /* to be told in the next turn */

  uint64_t next_poll_ms;           /* if polling */
  struct zpm_list waiting;         /* folders to be looked at */
  struct zpm_watch_folder *looked; /* the one being read, or NULL */
  uv_dir_t *dir;                   /* of it */
  uint32_t folders;
  uint32_t files;
  uint32_t os_watches;

  struct zpm_debounce debounce;
  struct zpm_outputs outputs;
  uint32_t events; /* since the last call */
  char *first;     /* path of the first change since the last call */
  struct zpm_str path;
};

/* zpm_watch_open with other limits. */
int zpm_watch_open_within(uv_loop_t *loop,
                          const struct zpm_watch_options *options,
                          const struct zpm_watch_limits *limits,
                          struct zpm_watch **out, struct zpm_error *err);

/* ---- watch.c ---- */

/* The file at `path` has changed, or is new. */
void zpm_watch_note(struct zpm_watch *watch, const char *path, bool is_added);

/* ---- watch_turns.c ---- */

/* Tells the host in the next turn. */
void zpm_watch_say(struct zpm_watch *watch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, once: there is more than the limits allow. */
void zpm_watch_say_too_much(struct zpm_watch *watch);
/* Has the next slice looked at in the next turn of the loop. */
void zpm_watch_turn(struct zpm_watch *watch);
/* Looks at all that is known. */
void zpm_watch_sweep_all(struct zpm_watch *watch);
/* Starts an event handle for this path.  When the system has no more of them,
 * the watch begins to poll.  If nothing is there, it stays silent. */
void zpm_watch_listen(struct zpm_watch *watch, uv_fs_event_t *events,
                      uv_fs_event_cb on_event, const char *path);
void zpm_watch_unlisten(struct zpm_watch *watch, uv_fs_event_t *events);
/* A number that differs when the file does. */
uint64_t zpm_watch_look_of(const uv_stat_t *stat);
/* 0, or a negative code: nothing is there. */
int zpm_watch_stat(const char *path, bool follow, uv_stat_t *stat);

/* ---- watch_roots.c ---- */

/* Finds what is at the root's path now; report: it has come, so it is a
 * change. */
void zpm_watch_root_seek(struct zpm_watch_root *root, bool report);
/* The folder that it was is there no more. */
void zpm_watch_root_lost(struct zpm_watch_root *root);
void zpm_watch_root_close(struct zpm_watch_root *root);
void zpm_watch_root_deinit(struct zpm_watch_root *root);

/* ---- watch_folders.c ---- */

/* watch->path becomes the path of `name` in the folder (NULL: of the folder
 * itself).  NULL: out of memory. */
const char *zpm_watch_folder_path(const struct zpm_watch_folder *folder,
                                  const char *name);
/* Adds a folder to the tree and has it looked at.  NULL: too many, too deep,
 * gone again, or out of memory. */
struct zpm_watch_folder *zpm_watch_folder_add(struct zpm_watch_root *root,
                                              struct zpm_watch_folder *parent,
                                              const char *name, bool report);
struct zpm_watch_folder *
zpm_watch_folder_child(const struct zpm_watch_folder *folder, const char *name);
/* Listens again (it may be another folder by that name) and looks at all that
 * is in it. */
void zpm_watch_folder_sweep(struct zpm_watch_folder *folder);
void zpm_watch_folder_listen(struct zpm_watch_folder *folder);
void zpm_watch_folder_unlisten_all(struct zpm_watch_folder *folder);
/* Takes it and what is below it out of the tree. */
void zpm_watch_folder_forget(struct zpm_watch_folder *folder);

/* ---- watch_looks.c ---- */

void zpm_watch_look_at(struct zpm_watch_folder *folder, bool report, bool deep);
/* The folder goes: it is not looked at any more. */
void zpm_watch_look_off(struct zpm_watch_folder *folder);
/* Looks at so many entries; false: nothing is left to be looked at. */
bool zpm_watch_look_slice(struct zpm_watch *watch);
/* One file, of which `stat` is known. */
void zpm_watch_look_file(struct zpm_watch_folder *folder, const char *name,
                         const uv_stat_t *stat, bool report);

/* ---- watch_rules.c ---- */

/* Whether this entry is left out. */
bool zpm_watch_rules_ignore(const struct zpm_watch_folder *folder,
                            const char *name, bool is_folder);
/* Reads the .gitignore of the folder, if it has one. */
void zpm_watch_rules_read(struct zpm_watch_folder *folder);
void zpm_watch_rules_drop(struct zpm_watch_folder *folder);
/* Those above the root, up to the top of the repository. */
void zpm_watch_rules_read_above(struct zpm_watch_root *root);
void zpm_watch_rules_drop_above(struct zpm_watch_root *root);

#endif
