#ifndef ZPM_RUNTIME_KEEPER_LINK_H
#define ZPM_RUNTIME_KEEPER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "keeper/wire.h"
#include "zpm/error.h"

/*
 * The daemon's (or addon's) end of the keeper protocol.
 *
 * Requests are queued and written as the socket takes them; nothing here ever
 * blocks, and the link reads while it writes.  Callbacks come from the loop,
 * never from inside a request.  Everything about one child goes by its `id`,
 * which the caller chooses and never uses twice.
 */
struct zpm_config;
struct zpm_keeper_link;

struct zpm_keeper_events {
  /* Forked; pid 0: it was not, and `error` is the errno (ACK it). */
  void (*spawned)(void *ctx, uint64_t id, int pid, int error);
  /* The exec-error pipe spoke: stage ZPM_STAGE_NONE is success. */
  void (*exec_result)(void *ctx, uint64_t id, enum zpm_spawn_stage stage,
                      int error);
  /* Ended, with a wait status.  At least once per child: be idempotent. */
  void (*exited)(void *ctx, uint64_t id, int pid, int wait_status);
  /* The keeper is gone: all fails until zpm_keeper_link_renew.  Results of
   * starts still come, also of those that were not told as spawned: then nobody
   * knows whether anything was forked, and the result tells nothing of it. */
  void (*lost)(void *ctx);
  /* It answers a ping, or a reexec: then it is the new one. NULL: unheard. */
  void (*pong)(void *ctx, uint64_t id, const char *version);
  /* It refuses a reexec. NULL: unheard. */
  void (*stays)(void *ctx, uint64_t id, int error);
};

/* What a previous daemon of the same keeper left behind. */
struct zpm_keeper_child {
  uint64_t id;
  int pid;
  int wait_status;
  bool exited;
  bool foreign;         /* no child of the keeper: it does not tell its end */
  uint64_t start_ticks; /* foreign: when it began */
};

struct zpm_keeper_fd {
  char name[ZPM_WIRE_NAME_MAX];
  int fd; /* ours; the receiver of the table closes it */
};

struct zpm_keeper_table {
  struct zpm_keeper_child *children;
  size_t child_count;
  struct zpm_keeper_fd *fds;
  size_t fd_count;
};

/* For the daemon: takes the socket and the table that the keeper named in the
 * environment (ZPM_CTL, ZPM_TABLE). ZPM_EKEEPER if there is no keeper. */
int zpm_keeper_link_inherit(uv_loop_t *loop,
                            const struct zpm_keeper_events *events, void *ctx,
                            struct zpm_keeper_link **out,
                            struct zpm_keeper_table *table,
                            struct zpm_error *err);
void zpm_keeper_table_deinit(struct zpm_keeper_table *table);

/* For the addon: starts `program --owned`, which ends all its children and
 * itself when this end of the socket closes, however that comes about.  The
 * keeper is double-forked, so the host never sees a SIGCHLD for it. */
int zpm_keeper_link_own(uv_loop_t *loop, const char *program,
                        const struct zpm_keeper_events *events, void *ctx,
                        struct zpm_keeper_link **out, struct zpm_error *err);

/* In place of one that is lost: a new one, which knows of nothing yet.
 * `daemon` (NULL-terminated) is how it starts the next daemon; NULL: it is
 * owned. */
int zpm_keeper_link_renew(struct zpm_keeper_link *link, const char *program,
                          char *const *daemon, struct zpm_error *err);

struct zpm_spawn {
  uint64_t id;
  const char *path; /* absolute; given to execve */
  const char *cwd;  /* absolute */
  char *const *argv;
  char *const *envp;
  int uid;                /* ZPM_SPEC_KEEP: as we are */
  int gid;                /* ZPM_SPEC_KEEP: as we are */
  const uint32_t *groups; /* used when uid is set */
  size_t group_count;
  const struct zpm_config *limits; /* its umask, nice and rlimits; NULL: ours */
  const char *script; /* what the program must be able to read; NULL: nothing */
  const int *fds;     /* the child's 0, 1, 2, ...; stay the caller's to close */
  size_t fd_count;
  int cgroup; /* folder of the control group to be born in; 0: none */
};

/* All return 0 or a negative code, ZPM_EKEEPER when the keeper is gone. */
int zpm_keeper_link_spawn(struct zpm_keeper_link *link,
                          const struct zpm_spawn *spawn, struct zpm_error *err);
/* The result of a start that a former daemon asked for; takes `fd` over. */
int zpm_keeper_link_expect_exec(struct zpm_keeper_link *link, uint64_t id,
                                int fd);
/* A process that another keeper started goes into its table.  The caller sees
 * to it that its end is noticed. */
int zpm_keeper_link_adopt(struct zpm_keeper_link *link, uint64_t id, int pid,
                          uint64_t start_ticks);
int zpm_keeper_link_kill(struct zpm_keeper_link *link, uint64_t id, int signal,
                         bool group);
int zpm_keeper_link_ack(struct zpm_keeper_link *link, uint64_t id);
/* What a descriptor of a run is stored as: "o/00000000000000a1". */
void zpm_keeper_name(char name[ZPM_WIRE_NAME_MAX], char kind, uint64_t id);
/* `fd` is duplicated before this returns; it stays the caller's. */
int zpm_keeper_link_put(struct zpm_keeper_link *link, const char *name, int fd);
int zpm_keeper_link_del(struct zpm_keeper_link *link, const char *name);
/* The keeper will not start another daemon, and leaves after this one.  For who
 * is about to end: drains the link. */
int zpm_keeper_link_quit(struct zpm_keeper_link *link);
int zpm_keeper_link_ping(struct zpm_keeper_link *link, uint64_t id);
/* Asks the keeper to become that program, in place. */
int zpm_keeper_link_reexec(struct zpm_keeper_link *link, uint64_t id,
                           const char *program);
/* `words`: NUL-terminated, `len` bytes of them (wire.h). */
int zpm_keeper_link_put_words(struct zpm_keeper_link *link, const char *name,
                              const char *words, size_t len);
/* For who is about to end: waits, for a moment at most, until the keeper has
 * all that was asked of it. */
void zpm_keeper_link_drain(struct zpm_keeper_link *link);

/* pid of the keeper process, for finding orphans that it adopted; 0 unknown. */
int zpm_keeper_link_pid(const struct zpm_keeper_link *link);

/* Keeps the loop alive or not (a link alone should not). */
void zpm_keeper_link_ref(struct zpm_keeper_link *link, bool keep_alive);

/* Flushes what can be written at once and closes; the memory goes when `closed`
 * is called, from the loop. */
void zpm_keeper_link_close(struct zpm_keeper_link *link,
                           void (*closed)(void *ctx), void *ctx);

#endif
