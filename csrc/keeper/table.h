#ifndef ZPM_KEEPER_TABLE_H
#define ZPM_KEEPER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/wire.h"

/*
 * What the keeper knows: its children and the descriptors it stores.
 *
 * The table is the truth.  SPAWNED and EXIT are never kept as messages: they
 * are generated from the children that the daemon has not been told of, so a
 * full socket delays them and a dead daemon loses none.
 */
enum zpm_child_flag {
  ZPM_CHILD_SPAWN_TOLD = 1 << 0,
  ZPM_CHILD_EXITED = 1 << 1,
  ZPM_CHILD_EXIT_TOLD = 1 << 2,
  ZPM_CHILD_TERMED = 1 << 3, /* asked to end, see ending.h */
  /* No child of this keeper but of one that is lost.  Its number may be used
   * again at any time, so it is known by its start as well. */
  ZPM_CHILD_FOREIGN = 1 << 4,
};

struct zpm_child {
  uint64_t id;
  pid_t pid;            /* 0: the fork failed */
  int status;           /* wait status; errno of the fork if pid is 0 */
  unsigned flags;       /* enum zpm_child_flag */
  uint64_t start_ticks; /* FOREIGN: when it began */
};

struct zpm_stored_fd {
  char name[ZPM_WIRE_NAME_MAX];
  int fd;
};

struct zpm_table {
  struct zpm_child *children;
  size_t child_count;
  size_t child_room;
  struct zpm_stored_fd *fds;
  size_t fd_count;
  size_t fd_room;
  bool news; /* some child may have something untold */
};

/* Makes room for one more child. 0 or -1. */
int zpm_table_reserve_child(struct zpm_table *table);
/* Needs a reserved place. */
void zpm_table_add_child(struct zpm_table *table, struct zpm_child child);
void zpm_table_remove_child(struct zpm_table *table, struct zpm_child *child);
struct zpm_child *zpm_table_child_by_id(const struct zpm_table *table,
                                        uint64_t id);
/* Of the keeper's own children. */
struct zpm_child *zpm_table_child_by_pid(const struct zpm_table *table,
                                         pid_t pid);

/* Takes `fd` over if it returns 0; the one of the same name is closed. */
int zpm_table_put(struct zpm_table *table, const char *name, int fd);
/* Gives it to the caller, and forgets it; -1 if there is none. */
int zpm_table_take(struct zpm_table *table, const char *name);
/* -1 if there is none. It stays the table's. */
int zpm_table_fd(const struct zpm_table *table, const char *name);
/* 0, or -1 if there is none. */
int zpm_table_del(struct zpm_table *table, const char *name);

/* The next thing that the daemon has not been told; marks it told. */
bool zpm_table_next_news(struct zpm_table *table,
                         struct zpm_wire_record *record);

/* Writes the records that a new daemon starts from to `fd`, and counts them as
 * told.  A fork that failed is left out: it is told as news. 0 or -1. */
int zpm_table_write(struct zpm_table *table, int fd);

#endif
