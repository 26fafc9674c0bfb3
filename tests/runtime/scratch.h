#ifndef ZPM_TESTS_SCRATCH_H
#define ZPM_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A folder for one test, taken away with all that is in it. */

enum { SCRATCH_MAX = 512 };

/* Where folders for tests are made. */
static inline const char *scratch_base(void)
{
  const char *base = getenv("TMPDIR");

  return base != NULL && base[0] != '\0' ? base : "/tmp";
}

static inline char *scratch_create(char path[SCRATCH_MAX])
{
  snprintf(path, SCRATCH_MAX, "%s/zpm-test-XXXXXX", scratch_base());
  return mkdtemp(path);
}

static inline int scratch_remove_one(const char *path, const struct stat *found,
                                     int type, struct FTW *where)
{
  (void)found;
  (void)type;
  (void)where;
  return remove(path);
}

static inline int scratch_remove(const char *path)
{
  enum { OPEN_AT_ONCE = 8 };

  return nftw(path, scratch_remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS);
}

#endif
