#ifndef ZPM_RUNTIME_INFLIGHT_H
#define ZPM_RUNTIME_INFLIGHT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "zpm/error.h"

/*
 * The batch of output that is on its way from a pipe to a file, in a place
 * where the next process finds it: a small file, mapped shared.
 *
 * SIGKILL may come between any two instructions, so a batch is announced
 * (which file, where in it, how many bytes) before it is read from the pipe,
 * and only ended when all of it is in the file.  A process that finds a batch
 * here cuts the file back to where the batch began, and writes it once more.
 *
 * Whether the read of an announced batch has happened is seen at its end: it
 * was filled with bytes that no text has, and read() brings the end last.
 *
 * There are two slots for the description of a batch, one of them in force. It
 * is changed by filling the other one and switching, which is one store.
 */
enum {
  ZPM_INFLIGHT_MAX = 64 * 1024,     /* bytes of one batch */
  ZPM_INFLIGHT_SCRATCH = 32 * 1024, /* room to format in */
  ZPM_INFLIGHT_PATH_MAX = 96,
  ZPM_INFLIGHT_CARRY_MAX = 3, /* what is left of a character cut in two */
};

struct zpm_inflight_batch {
  char path[ZPM_INFLIGHT_PATH_MAX]; /* of the file, below the logs folder */
  uint64_t device;                  /* which file that is; 0, 0: none yet */
  uint64_t inode;
  uint64_t offset;  /* its size before what is not done yet */
  uint64_t time_ms; /* wall clock, for the stamps */
  uint32_t len;     /* bytes from the pipe */
  uint32_t done;    /* of carry and bytes: in the file for good */
  uint8_t stream;   /* enum zpm_stream */
  uint8_t style;    /* enum zpm_lines_style */
  uint8_t carry_len;
  char carry[ZPM_INFLIGHT_CARRY_MAX]; /* comes before the bytes */
};

struct zpm_inflight {
  struct inflight_header *header; /* the shared mapping */
  char *scratch;                  /* private: lost with the process */
};

/* `path` NULL: in memory only.  A disk too full for the file is no error: it is
 * in memory only, too, until the next start. */
int zpm_inflight_open(struct zpm_inflight *inflight, const char *path,
                      struct zpm_error *err);
void zpm_inflight_close(struct zpm_inflight *inflight);

/* The slot that is not in force, to be filled in. */
struct zpm_inflight_batch *zpm_inflight_draft(struct zpm_inflight *inflight);
/* Announces the draft and reads `want` (at most ZPM_INFLIGHT_MAX) bytes, of
 * which the caller knows that they are there.  Then the draft is in force.
 * Returns like read(), negative -errno; nothing is in force if <= 0. */
ssize_t zpm_inflight_read(struct zpm_inflight *inflight, int fd, size_t want);
/* Puts the draft in force in place of what was. */
void zpm_inflight_switch(struct zpm_inflight *inflight);
/* What is in force; only between read and end. */
const struct zpm_inflight_batch *
zpm_inflight_current(const struct zpm_inflight *inflight);
/* Carry and bytes of the batch in force. */
const char *zpm_inflight_bytes(const struct zpm_inflight *inflight,
                               size_t *len);
/* All of it is in the file. */
void zpm_inflight_end(struct zpm_inflight *inflight);

/* What an earlier process left in force, or NULL. Called first. */
const struct zpm_inflight_batch *
zpm_inflight_pending(struct zpm_inflight *inflight);

/* Gives the memory of both buffers back until they are used again. */
void zpm_inflight_rest(struct zpm_inflight *inflight);

#endif
