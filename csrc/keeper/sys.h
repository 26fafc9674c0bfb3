#ifndef ZPM_KEEPER_SYS_H
#define ZPM_KEEPER_SYS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the keeper needs of the operating system beyond POSIX.  One file per
 * system implements it.  All descriptors made here are close-on-exec.
 */

/* Orphans of our children become our children. */
void zpm_sys_become_reaper(void);

/* A descriptor that is readable when a blocked signal of `set` is pending. */
int zpm_sys_signals_open(const sigset_t *set);
/* The next pending signal; 0 when there is none. */
int zpm_sys_signals_next(int fd);

int zpm_sys_memfd(const char *name);
int zpm_sys_socketpair(int fds[2]);

/* Closes every descriptor above 2 but `keep` (-1: none). */
void zpm_sys_close_others(int keep);

/* Calls `visit` for every direct child, zombies included.  One that is born or
 * dies meanwhile may be left out. */
void zpm_sys_each_child(void (*visit)(void *ctx, pid_t pid), void *ctx);

/* Whether a process with that pid lives which began then (clock ticks since the
 * system started).  A zombie does not. */
bool zpm_sys_is_alive(pid_t pid, uint64_t start_ticks);

/* pid of the process at the other end of a socketpair: who made it.  0 if that
 * cannot be told. */
pid_t zpm_sys_peer(int fd);

/* fork(), into the control group whose folder this is (-1: none).  A group that
 * cannot be joined is left out: whoever made it looks after that. */
pid_t zpm_sys_fork(int cgroup);

/* The niceness of this process, among all others.  0, or -1 with errno. */
int zpm_sys_set_nice(int nice);

/* Milliseconds that never go back. */
uint64_t zpm_sys_now_ms(void);

#endif
