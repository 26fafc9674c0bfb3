#ifndef ZPM_KEEPER_SPAWN_H
#define ZPM_KEEPER_SPAWN_H

#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* In a new child: signals as a program expects to find them. */
void zpm_spawn_reset_signals(void);

/*
 * Forks a child that becomes the program of a spec.  `fds`: the spec, the
 * exec-error pipe, then the child's 0, 1, 2...; `cgroup`: the folder of its
 * control group, or -1; all stay the caller's.  The child alone reads the spec,
 * so a bad one can hurt nobody else; what goes wrong there is told through the
 * pipe.  `nofile` is what apps get. Returns the pid, or -1 with errno.
 */
pid_t zpm_spawn_child(const int *fds, size_t count, int cgroup,
                      const struct rlimit *nofile);

#endif
