#ifndef ZPM_KEEPER_WIRE_H
#define ZPM_KEEPER_WIRE_H

#include <stdint.h>

/*
 * What the keeper and its daemon say to each other: fixed 64-byte records in
 * host order over a stream socketpair, file descriptors attached to the first
 * byte of a record.  runtime/keeper_link.c is the only other user.
 *
 * The last digit of the magic is the version of this protocol.
 */
#define ZPM_WIRE_MAGIC 0x7a706d01u

enum { ZPM_WIRE_NAME_MAX = 32, ZPM_WIRE_FD_MAX = 16 };

enum zpm_wire_type {
  /* daemon -> keeper */
  ZPM_WIRE_PUT = 1, /* name, 1 fd: store (replaces the same name) */
  ZPM_WIRE_DEL,     /* name: close and forget */
  ZPM_WIRE_SPAWN,   /* id; fds: spec, exec-error pipe (w), then the child's 0..;
                       flags & CGROUP: the last one is the folder of the control
                       group that it is to be born in, if that can be */
  ZPM_WIRE_KILL,    /* id, a = signal, flags & GROUP = the whole group */
  ZPM_WIRE_ACK,     /* id: reap the zombie, forget the child */
  ZPM_WIRE_REEXEC,  /* id; 1 fd: words (below), the path of the program that
                       the keeper is to become, in place.  Refused, or answered
                       by a PONG of what it has become */
  ZPM_WIRE_QUIT,    /* no respawn: the keeper leaves when the daemon has */
  ZPM_WIRE_PING,    /* id */
  ZPM_WIRE_ADOPT,   /* id, a = pid, c = when it began (clock ticks since boot):
                       a child of a keeper that is lost goes into the table.
                       Its daemon watches it: no EXIT is told of it */
  /* keeper -> daemon */
  ZPM_WIRE_SPAWNED = 64, /* id, a = pid (0: fork failed, b = errno) */
  ZPM_WIRE_EXIT,         /* id, a = pid, b = wait status; at least once */
  ZPM_WIRE_NAK,          /* id, a = type refused, b = errno */
  ZPM_WIRE_PONG,         /* id, a = pid of the keeper, name = its version
                            (empty: it is older than that) */
  /* only in the table that a new daemon inherits (memfd) */
  ZPM_WIRE_CHILD, /* id, a = pid, b = wait status, c: as ADOPT, if FOREIGN;
                     flags: EXITED, FOREIGN */
  ZPM_WIRE_FD,    /* name, a = fd number */
  /* keeper -> daemon; here, as no number may ever change */
  ZPM_WIRE_ASK, /* are you there?  Answered by a PING */
};

enum {
  ZPM_WIRE_GROUP = 1 << 0,   /* KILL */
  ZPM_WIRE_CGROUP = 1 << 0,  /* SPAWN */
  ZPM_WIRE_EXITED = 1 << 0,  /* CHILD */
  ZPM_WIRE_FOREIGN = 1 << 1, /* CHILD: adopted, so no child of this keeper */
};

struct zpm_wire_record {
  uint32_t magic;
  uint16_t type;
  uint16_t flags;
  uint64_t id;
  int32_t a;
  int32_t b;
  uint64_t c;
  char name[ZPM_WIRE_NAME_MAX]; /* NUL-terminated */
};

_Static_assert(sizeof(struct zpm_wire_record) == 64, "a record is 64 bytes");

/*
 * Stored descriptors that mean something to more than one daemon.  Words are a
 * memfd of NUL-terminated strings.
 */
#define ZPM_WIRE_STATE "@state" /* the daemon's: what it was doing */
#define ZPM_WIRE_DAEMON                                                        \
  "@daemon" /* words: how daemons are started from now                         \
               on, in place of the keeper's own words */
#define ZPM_WIRE_PROGRAM                                                       \
  "@program" /* the program that those words start, open:                      \
                its file may be gone */
#define ZPM_WIRE_NEXT                                                          \
  "@next" /* words: the next daemon alone; should it                           \
             die young, it is @daemon again */

/* How the keeper hands itself to the daemon: fd numbers in the environment. */
#define ZPM_WIRE_ENV_CTL "ZPM_CTL"     /* the socketpair */
#define ZPM_WIRE_ENV_TABLE "ZPM_TABLE" /* memfd of CHILD and FD records */

/* Where a start went wrong, in the order of the steps. */
enum zpm_spawn_stage {
  ZPM_STAGE_NONE,
  ZPM_STAGE_SPEC, /* the spec itself */
  ZPM_STAGE_FDS,
  ZPM_STAGE_LIMITS,
  ZPM_STAGE_USER,
  ZPM_STAGE_CWD,
  ZPM_STAGE_SCRIPT, /* what the program is to read */
  ZPM_STAGE_EXEC,
  /* Before the user: */
  ZPM_STAGE_NICE,
  ZPM_STAGE_RLIMIT = 64, /* + number of the limit (RLIMIT_NOFILE, ...) */
};

/* What the child writes to the exec-error pipe; EOF alone: exec worked. */
struct zpm_spawn_failure {
  int32_t stage; /* enum zpm_spawn_stage */
  int32_t error; /* errno */
};

/*
 * The spec: a memfd (or unlinked file) that only the forked child reads.  The
 * header, then `rlimit_count` limits, then `group_count` uint32 gids, then
 * NUL-terminated strings: path, cwd, script (what the program is to read as
 * that user; empty: nothing), argv..., env....  Its last byte is NUL.
 */
#define ZPM_SPEC_MAGIC 0x7a737002u

enum {
  ZPM_SPEC_KEEP = -1,             /* uid, gid, umask: leave as it is */
  ZPM_SPEC_KEEP_NICE = INT32_MIN, /* nice, as -1 is one */
};

struct zpm_spawn_spec {
  uint32_t magic;
  uint32_t size; /* of the whole spec in bytes */
  int32_t uid;
  int32_t gid;
  int32_t umask;
  int32_t nice;
  uint32_t argc;
  uint32_t envc;
  uint32_t group_count;
  uint32_t rlimit_count;
};

struct zpm_spec_rlimit {
  uint64_t kind; /* RLIMIT_NOFILE, ... */
  uint64_t soft; /* UINT64_MAX: unlimited */
  uint64_t hard;
};

_Static_assert(sizeof(struct zpm_spawn_spec) % sizeof(uint64_t) == 0,
               "limits are used in place");

#endif
