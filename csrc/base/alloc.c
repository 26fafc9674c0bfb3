#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void *zpm_alloc(size_t size)
{
  return malloc(size);
}

void *zpm_alloc_zeroed(size_t count, size_t size)
{
  return calloc(count, size);
}

void *zpm_realloc(void *old, size_t size)
{
  return realloc(old, size);
}

char *zpm_strdup(const char *text)
{
  size_t size = strlen(text) + 1;
  char *copy = zpm_alloc(size);

  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void zpm_free(void *memory)
{
  free(memory);
}
