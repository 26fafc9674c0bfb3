#ifndef ZPM_RUNTIME_RUN_GROUP_H
#define ZPM_RUNTIME_RUN_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * Where the system has groups that nobody leaves unasked (control groups of
 * version 2 that we may make), each run is born in one of its own.  Then none
 * of its processes can escape, whatever it does.  Elsewhere all of this does
 * nothing, and a run is known by its parents, process group and marker alone.
 *
 * A group is found again by the id of its run, in a folder that belongs to the
 * state file: so a new daemon finds what an old one began.
 */
struct zpm_pids;
struct zpm_services;

struct zpm_run_groups {
  char *folder;          /* NULL: there are none, and */
  struct zpm_error lack; /* says why */
};

/* `state_path`: the daemon's; NULL: nobody will look for them later, as they
 * end with us (`unique` tells several of one process apart).  That there are
 * none is no error. */
void zpm_run_groups_open(struct zpm_run_groups *groups, const char *state_path,
                         uint64_t unique);
/* Who lives in them lives on. */
void zpm_run_groups_close(struct zpm_run_groups *groups);
/* Ends what is in groups of runs that are not ours (any more).  Waits for that,
 * at most 2 s. */
void zpm_run_groups_sweep(struct zpm_services *services);

/* A descriptor of a new group, or -1. */
int zpm_run_group_create(const struct zpm_run_groups *groups, uint64_t id);
/* Appends who lives in it, ascending. */
void zpm_run_group_members(const struct zpm_run_groups *groups, uint64_t id,
                           struct zpm_pids *members);
/* Nobody lives there, or there is none. */
bool zpm_run_group_is_empty(const struct zpm_run_groups *groups, uint64_t id);
/* Somebody does. */
bool zpm_run_group_is_populated(const struct zpm_run_groups *groups,
                                uint64_t id);
/* SIGKILL to all of them. */
void zpm_run_group_kill(const struct zpm_run_groups *groups, uint64_t id);
/* The id of the run in whose group a process lives, as the markers have it:
 * sixteen digits. */
bool zpm_run_group_of(int pid, char *run, size_t room);
/* Unless somebody lives there. */
void zpm_run_group_remove(const struct zpm_run_groups *groups, uint64_t id);

#endif
