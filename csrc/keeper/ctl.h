#ifndef ZPM_KEEPER_CTL_H
#define ZPM_KEEPER_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "keeper/wire.h"

/*
 * The keeper's end of the socket: whole records in, whole records out.
 *
 * What goes out waits in a small ring.  While that is full nothing more is
 * read, so a daemon that does not listen is not heard either.
 */
enum { ZPM_CTL_OUT_MAX = 16 };

struct zpm_ctl {
  int fd; /* non-blocking; -1: there is no daemon to talk to */
  struct zpm_wire_record in;
  size_t in_len;
  int fds[ZPM_WIRE_FD_MAX]; /* that came with `in`; -1: taken by somebody */
  size_t fd_count;
  bool too_many_fds;
  struct zpm_wire_record out[ZPM_CTL_OUT_MAX];
  unsigned out_first;
  unsigned out_count;
  size_t out_sent; /* bytes of the first one */
};

enum zpm_ctl_event {
  ZPM_CTL_RECORD,  /* `in` and `fds` are complete */
  ZPM_CTL_NOTHING, /* for now */
  ZPM_CTL_END,     /* the other end is closed */
  ZPM_CTL_GARBAGE, /* out of step: nothing that follows means anything */
};

/* Takes a connected socket over and makes it non-blocking. */
void zpm_ctl_open(struct zpm_ctl *ctl, int fd);
void zpm_ctl_close(struct zpm_ctl *ctl);

enum zpm_ctl_event zpm_ctl_receive(struct zpm_ctl *ctl);
/* To be called after each record: closes the descriptors nobody took. */
void zpm_ctl_release(struct zpm_ctl *ctl);

bool zpm_ctl_has_room(const struct zpm_ctl *ctl);
/* Needs room. */
void zpm_ctl_push(struct zpm_ctl *ctl, const struct zpm_wire_record *record);
/* Writes what the socket takes; true when the ring is empty. */
bool zpm_ctl_flush(struct zpm_ctl *ctl);

#endif
