#ifndef ZPM_PLATFORM_PLATFORM_H
#define ZPM_PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/port_policy.h"
#include "core/tree.h"
#include "zpm/error.h"

/*
 * What differs between operating systems: one file each (linux.c, ...), all
 * with these functions.  They return 0 or a negative uv-style code (-errno).
 */

/* ---- processes ---- */

/* One pass over the process table; reuses table->items.  What fails does so as
 * a whole: nobody who was there all the time is left out. */
int zpm_platform_processes(struct zpm_process_table *table);
void zpm_process_table_deinit(struct zpm_process_table *table);

/* Whether the process was started with this exact "KEY=value" in its
 * environment.  False when that cannot be read. */
bool zpm_platform_has_env(int pid, const char *pair);

/* Copies what "KEY=" is set to in the environment it was started with to
 * `value`; false if it is not set, cannot be read or does not fit. */
bool zpm_platform_env(int pid, const char *key, char *value, size_t room);

/* What the kernel calls it ("node"), cleaned of control characters; "?" if that
 * cannot be read. */
void zpm_platform_name(int pid, char *name, size_t size);

/* Whether its name in the kernel is this: the program's, unless it took another
 * one; cut after 15 characters. */
bool zpm_platform_is_called(int pid, const char *name);

/* Signals the process only if it is still the one that started at that time
 * (pidfd where the kernel has it).  -ESRCH if it is not. */
int zpm_platform_signal(int pid, uint64_t start_ticks, int signal);
/* Whether it has (and no sandbox hides it). */
bool zpm_platform_has_pidfd(void);
/* A descriptor that is readable once the process has ended, or -errno. */
int zpm_platform_watch(int pid);
/* How the process of such a descriptor ended: its wait status, also for whoever
 * is not its parent.  -EAGAIN: its parent has not taken notice yet, ask again;
 * anything else: this system does not tell (Linux does from 6.15 on). */
int zpm_platform_exit_status(int watch, int *wait_status);
/* Our own read end of the pipe with that inode, if it is what `pid` writes to
 * as its standard output or error, or has open in any other place; -ENOENT. */
int zpm_platform_pipe_of(int pid, uint64_t inode);
/* What tells this run of the system from all others; "" if nothing does. */
enum { ZPM_BOOT_ID_SIZE = 40 };
const char *zpm_platform_boot_id(char id[ZPM_BOOT_ID_SIZE]);

/* When it began, in clock ticks since the system started; 0: it does not live
 * (a zombie does not), or that cannot be read.  With its pid, this tells a
 * process from all others until the system stops. */
uint64_t zpm_platform_start_ticks(int pid);

/* pid of its parent; 0: it does not live, or that cannot be read. */
int zpm_platform_parent(int pid);

/* CPU time and resident memory of one process; -ESRCH for a zombie, too. */
struct zpm_process_sample {
  uint64_t start_ticks;
  uint64_t age_ns; /* since it started */
  uint64_t cpu_ns; /* user + system */
  uint64_t rss_bytes;
  uint32_t threads;
};

int zpm_platform_sample(int pid, struct zpm_process_sample *sample);

struct zpm_pids {
  int *items;
  size_t len;
  size_t cap;
};

/* Appends the direct children of `pid`, from all of its threads. Good enough
 * for figures, not for killing (the kernel may leave some out).  `threads` as
 * sampled: with 1 it is a single read; 0 means unknown. */
int zpm_platform_children(int pid, uint32_t threads, struct zpm_pids *children);
/* Appends the numbers of a file like "12 34", and closes it. */
int zpm_pids_read(int fd, struct zpm_pids *pids);
void zpm_pids_deinit(struct zpm_pids *pids);

/* ---- users ---- */

struct zpm_platform_user {
  uint32_t uid;
  uint32_t gid;
  char *name;
  char *home;
  uint32_t *groups; /* all of its groups, its own among them */
  size_t group_count;
};

/* -ENOENT: there is none; ZPM_ENOMEM. */
int zpm_platform_user_named(const char *name, struct zpm_platform_user *user);
int zpm_platform_user_of_uid(uint32_t uid, struct zpm_platform_user *user);
void zpm_platform_user_deinit(struct zpm_platform_user *user);

/* ---- the clock on the wall ---- */

/* Seconds since 1970. */
int64_t zpm_platform_wall_s(void);
/* Seconds east of Greenwich at that time, in the time zone of this machine. */
int32_t zpm_platform_utc_offset(int64_t at_s);

/* A descriptor that is readable once that time has come, or the clock has been
 * set; close-on-exec.  It costs nothing while it waits. */
int zpm_platform_alarm_create(void);
/* at_s < 0: only when the clock is set.  -ECANCELED: it was set just now, so
 * that at_s may not be right any more. */
int zpm_platform_alarm_set(int alarm, int64_t at_s);
/* Once it was readable: so that it is not until something happens again. It
 * must be set anew then. */
void zpm_platform_alarm_drain(int alarm);

/* ---- groups of processes that nobody leaves unasked ---- */

/* Makes sure that there is a folder `name` for such groups (control groups of
 * version 2, in our own) and appends its path.  -errno, or ZPM_EUNSUPPORTED;
 * `err` says in words what is missing. */
int zpm_platform_groups_open(const char *name, struct zpm_str *folder,
                             struct zpm_error *err);

/* A new group, to be born in (or the one that is there): a descriptor of it. */
int zpm_platform_group_create(const char *path);
/* Appends who lives in it and in the groups below it; not the zombies. */
int zpm_platform_group_members(const char *path, struct zpm_pids *members);
/* SIGKILL to all of them at once, also to those who are just being born. */
int zpm_platform_group_kill(const char *path);
/* Whether anybody lives in it, or below: 1, 0 (also if it is gone), or a
 * negative code. */
int zpm_platform_group_populated(const char *path);
/* With the groups below it.  -EBUSY: somebody lives there, and nothing was
 * removed. */
int zpm_platform_group_remove(const char *path);

/* The name of the group that `pid` lives in, right below one whose name begins
 * with `prefix`; false: it lives in none. */
bool zpm_platform_group_of(int pid, const char *prefix, char *name,
                           size_t room);

/* Calls `each` for every group in the folder. */
void zpm_platform_groups_each(const char *folder,
                              void (*each)(void *ctx, const char *name),
                              void *ctx);

/* How many processes the kernel has killed for lack of memory, at this source:
 * among us and our apps if our control group counts that, else on the whole
 * machine.  The difference of two looks tells. */
int zpm_platform_oom_source(struct zpm_str *path);
uint64_t zpm_platform_oom_kills(const char *source);

/* ---- files and sockets ---- */

/* An anonymous file that can be inherited and mapped; close-on-exec. */
int zpm_platform_memfd(const char *name);

/* uid and pid of the process at the other end of a unix socket. */
int zpm_platform_peer(int fd, int *uid, int *pid);

/* How much a pipe can hold, if the system lets that be set. */
int zpm_platform_pipe_resize(int fd, int bytes);

/* One descriptor that is readable when any pipe in it is. */
int zpm_platform_pollset_create(void);
int zpm_platform_pollset_add(int pollset, int fd, void *token);
int zpm_platform_pollset_remove(int pollset, int fd);
/* Ready tokens, without waiting; the number of them or -errno. */
int zpm_platform_pollset_ready(int pollset, void **tokens, int room);

/* ---- who listens ---- */

/* Everyone who has a listening TCP socket of this port open, at any address of
 * our network namespace; `standing` is left to the caller.  A socket that
 * belongs to nobody we may see is an owner with pid 0.  Nobody listens: no
 * owners, in some 50 us.  Else `table` is filled as well: the owners are in it.
 */
int zpm_platform_port_owners(uint16_t port, struct zpm_process_table *table,
                             struct zpm_port_owners *owners);

/* Whether one of these processes listens on the port: 1 or 0.  Negative if that
 * cannot be told (their files may not be looked at). */
int zpm_platform_listens(uint16_t port, const int *pids, size_t count);

/* ---- spreading connections ---- */

/* Of sockets bound to one port with SO_REUSEPORT, by the order in which they
 * began to listen. */
struct zpm_steer {
  const unsigned *indexes; /* those that get connections, at random */
  size_t count;            /* 0: all go to the first one */
  unsigned sample; /* one of so many, a power of two, goes to the first one; 0:
                      none */
};

/* For connections from now on; what waits at a socket stays there.  `fd` is any
 * of them.  -ENOPROTOOPT and others: this system does not do it. */
int zpm_platform_steer(int fd, const struct zpm_steer *steer);

/* ---- limits ---- */

/* How many folders one user may watch for changes, and by how many watchers at
 * once.  -errno if the system does not say. */
int zpm_platform_watch_limits(uint64_t *folders, uint64_t *watchers);

/* ---- our parent ---- */

/* From now on the end of our parent sends us this signal. */
void zpm_platform_signal_when_orphaned(int number);

/* ---- the init system ---- */

/* What starts services on this machine: "systemd", "openrc", "launchd"; NULL:
 * none of these (a container, most often). */
const char *zpm_platform_init_system(void);

/* ---- this program ---- */

/* Absolute path of the running executable (" (deleted)" cut off).  If nothing
 * lies there any more, the one that it was started by. */
int zpm_platform_executable(struct zpm_str *out);
/* The program itself, for running it again though its file may be gone by then:
 * a descriptor or -errno. */
int zpm_platform_open_executable(void);
/* Its command line: NUL-terminated words. */
int zpm_platform_words(struct zpm_str *out);
/* Whether a process runs this very file. */
bool zpm_platform_runs(int pid, const char *path);
/* How the process is called in lists; one that was started by descriptor would
 * be called by a number. */
void zpm_platform_set_name(const char *name);

#endif
