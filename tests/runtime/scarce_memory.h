#ifndef ZPM_TESTS_SCARCE_MEMORY_H
#define ZPM_TESTS_SCARCE_MEMORY_H

#include "base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Stands in for base/alloc.c in the one file of a test that includes it: memory
 * ends after as many allocations as are left.
 */
static long allocations_left = -1; /* -1: as many as you like */

static bool is_refused(void)
{
  if (allocations_left < 0)
    return false;
  return allocations_left == 0 || allocations_left-- == 0;
}

void *zpm_alloc(size_t size)
{
  return is_refused() ? NULL : malloc(size);
}

void *zpm_alloc_zeroed(size_t count, size_t size)
{
  return is_refused() ? NULL : calloc(count, size);
}

void *zpm_realloc(void *old, size_t size)
{
  return is_refused() ? NULL : realloc(old, size);
}

char *zpm_strdup(const char *text)
{
  return is_refused() ? NULL : strdup(text);
}

void zpm_free(void *memory)
{
  free(memory);
}

#endif
