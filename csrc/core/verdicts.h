#ifndef ZPM_CORE_VERDICTS_H
#define ZPM_CORE_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/selftest.h"

/*
 * What self-tests have found, by the binary as it was then; and that as a text,
 * so that the next daemon need not test again:
 *
 *   zpm VERSION                      whose tests they were
 *   WORD INODE MTIME_NS SIZE PATH    for each, WORD as of its verdict
 */
struct zpm_binary {
  char *path; /* absolute; owned.  NULL: it is none */
  uint64_t inode;
  uint64_t mtime_ns;
  uint64_t size;
};

void zpm_binary_deinit(struct zpm_binary *binary);
/* 0 or ZPM_ENOMEM. */
int zpm_binary_copy(struct zpm_binary *to, const struct zpm_binary *from);
/* The same file, unchanged. */
bool zpm_binary_equal(const struct zpm_binary *a, const struct zpm_binary *b);

enum { ZPM_VERDICTS_MAX = 64 }; /* then the oldest goes */

struct zpm_verdicts {
  struct zpm_finding *items;
  size_t len;
};

void zpm_verdicts_deinit(struct zpm_verdicts *verdicts);

/* UNKNOWN: there is none of it as it is now. */
enum zpm_selftest zpm_verdicts_find(const struct zpm_verdicts *verdicts,
                                    const struct zpm_binary *binary);

/* In place of any other of that path.  A doubtful one, which may be due to a
 * slow machine, is not for the text.  0 or ZPM_ENOMEM. */
int zpm_verdicts_set(struct zpm_verdicts *verdicts,
                     const struct zpm_binary *binary, enum zpm_selftest verdict,
                     bool doubtful);

/* Appends the text.  0 or ZPM_ENOMEM. */
int zpm_verdicts_put(const struct zpm_verdicts *verdicts, const char *version,
                     struct zpm_str *text);

/* Adds what is in a text; all that makes no sense, or is of another version,
 * is passed over.  0 or ZPM_ENOMEM. */
int zpm_verdicts_read(struct zpm_verdicts *verdicts, const char *version,
                      const char *text, size_t len);

#endif
