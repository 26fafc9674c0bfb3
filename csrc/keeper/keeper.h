#ifndef ZPM_KEEPER_KEEPER_H
#define ZPM_KEEPER_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "keeper/ctl.h"
#include "keeper/table.h"

/*
 * The keeper: the parent of every app, and the store of their descriptors.
 *
 *   keeper.c    main and the loop
 *   daemon.c    starts the daemon, and starts it again
 *   words.c     what it is started as
 *   watchdog.c  ends one that is stopped, or hangs
 *   reexec.c    becomes another keeper, in place
 *   handover.c  what that one must know
 *   requests.c  what a record asks for
 *   children.c  who has died
 *   spawn.c spec.c   from a request to a running program
 *   table.c     children and stored descriptors: the truth
 *   ctl.c       the socket
 *   ending.c    ends everything that is left
 *   linux.c     the operating system
 *
 * It holds no policy and allocates nothing but the pages of its table: what is
 * not here cannot fail here.
 */

/* What the keeper waits for of its daemon, see watchdog.h. 0: nothing. */
struct zpm_watchdog {
  uint64_t patience_ms;
  uint64_t stopped_ms; /* when it was stopped */
  uint64_t owed_ms;  /* when it was told something, and has not spoken since */
  uint64_t asked_ms; /* when it was asked to */
  bool over;         /* it has been ended: its death comes */
};

/* The keeper that this one is to become, see reexec.h. */
struct zpm_successor {
  enum { ZPM_NO_SUCCESSOR, ZPM_BEING_CHECKED, ZPM_UNFIT, ZPM_FIT } stage;
  pid_t checker;
  int path; /* words: the program */
  uint64_t id;
  uint64_t due_ms; /* when it is given up */
};

struct zpm_keeper {
  struct zpm_table table;
  struct zpm_ctl ctl;
  struct rlimit nofile; /* as we found it: what apps get */

  bool foreground; /* of a terminal or a container: `zpm run` */
  bool had_terminal;

  char **options;     /* our words, less the first and --resume */
  char **daemon_argv; /* NULL: the host at the other end is no child of ours */
  pid_t daemon_pid;   /* 0: not running */
  uint64_t daemon_started_ms;
  uint64_t daemon_due_ms; /* when to start it; 0: not waiting */
  unsigned daemon_deaths; /* in a row */
  bool daemon_was_started;
  bool daemon_is_foreign; /* no child of ours: the end of its socket tells */
  bool daemon_on_trial;   /* started as "@next", has not confirmed yet */
  bool daemon_died;       /* and nobody has dealt with it yet */
  int daemon_status;
  bool quitting; /* no daemon is started any more */
  struct zpm_watchdog watchdog;
  struct zpm_successor successor;

  bool ending; /* everybody is asked to leave */
  bool finished;
  bool foreign_left; /* at the last scan: some of the table are no children */
  uint64_t scan_due_ms; /* when to look for children again; 0: no need */
  uint64_t last_scan_ms;
  uint64_t kill_from_ms;
  int exit_code;
};

#endif
