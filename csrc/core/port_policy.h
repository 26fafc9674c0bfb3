#ifndef ZPM_CORE_PORT_POLICY_H
#define ZPM_CORE_PORT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * An app is about to start, and somebody listens on its port: may they be
 * ended?  Facts in, a verdict and its reason out.
 *
 * Ended is only a process of our own user that has nothing to do with zpm, and
 * is not a service of this system (to root, sshd would be fair game).  One
 * that may not be ended keeps all others alive as well: the port would not be
 * free without it.
 *
 * The address does not matter.  Which one an app will bind is not known before
 * it does, and the usual one, all of them, is in conflict with any.
 */
enum zpm_port_standing {
  ZPM_PORT_STRANGER, /* has nothing to do with zpm */
  ZPM_PORT_SIBLING,  /* of the very app that is to be started: it shares */
  ZPM_PORT_OURSELF,  /* our process, our keeper, or an ancestor of ours */
  ZPM_PORT_CLIENT,  /* it asks us for things, or an ancestor of one that does */
  ZPM_PORT_MANAGED, /* in the tree of one of our apps */
  ZPM_PORT_MANAGED_ELSEWHERE, /* in the tree of an app of another zpm */
};

enum {
  ZPM_PORT_USER_MAX = 33,
  ZPM_PORT_COMMAND_MAX = 96,
  ZPM_PORT_APP_MAX = 65,
  ZPM_PORT_SERVICE_MAX = 96,
  ZPM_PORT_LIST_MAX = 256,
};

/* A process that has a listening socket of the port open. */
struct zpm_port_owner {
  int pid; /* 0: we are not permitted to see whose the socket is */
  uint64_t start_ticks;
  int uid; /* one that is not ours if it has any; that of the socket if pid 0 */
  char user[ZPM_PORT_USER_MAX];       /* the name of uid, or the number */
  char command[ZPM_PORT_COMMAND_MAX]; /* for people; holds no secret */
  char service[ZPM_PORT_SERVICE_MAX]; /* of this system that it is a process
                                         of, if we are not; else "" */
  enum zpm_port_standing standing;
  char app[ZPM_PORT_APP_MAX]; /* MANAGED: its name, "" if not known */
};

struct zpm_port_owners {
  struct zpm_port_owner *items;
  size_t len;
  size_t cap; /* of items, for who fills it */
};

struct zpm_port_owner *zpm_port_owners_add(struct zpm_port_owners *owners);
void zpm_port_owners_deinit(struct zpm_port_owners *owners);

struct zpm_port_facts {
  unsigned port;
  bool may_clear; /* config.clear_port */
  int uid;        /* ours */
  const struct zpm_port_owners *owners;
};

enum zpm_port_verdict {
  ZPM_PORT_IS_FREE,  /* nobody, or siblings only */
  ZPM_PORT_MAY_END,  /* all owners but siblings */
  ZPM_PORT_MUST_NOT, /* `err` names the owner, and says why it stays */
};

enum zpm_port_verdict zpm_port_judge(const struct zpm_port_facts *facts,
                                     struct zpm_error *err);

/* Who is to be ended, for people: "node server.js (pid 4711, user anna) and 2
 * more".  Siblings are left out. */
void zpm_port_list(const struct zpm_port_owners *owners,
                   char text[ZPM_PORT_LIST_MAX]);

/* What a process runs, as far as people need it and nothing that may be secret:
 * its program and, of an interpreter, the script.  `args` is its command line,
 * NUL after each word and args[len] NUL; `comm` its name in the kernel, for
 * when that says nothing. */
void zpm_port_command(const char *comm, const char *args, size_t len,
                      char out[ZPM_PORT_COMMAND_MAX]);

/* The system service that /proc/PID/cgroup tells of ("nginx.service"), or "".
 */
void zpm_port_service(const char *cgroup, char out[ZPM_PORT_SERVICE_MAX]);

/* How to end an owner that does not go; times since its SIGTERM. */
enum zpm_port_step {
  ZPM_PORT_WAIT,
  ZPM_PORT_KILL,
  ZPM_PORT_GIVE_UP,
};

enum {
  ZPM_PORT_TERM_MS = 2000, /* to end after SIGTERM */
  ZPM_PORT_KILL_MS = 2000, /* to be gone after SIGKILL */
  ZPM_PORT_ROUNDS = 4,     /* new owners, one after the other, that are ended */
};

enum zpm_port_step zpm_port_next(uint64_t since_term_ms, bool killed);

#endif
