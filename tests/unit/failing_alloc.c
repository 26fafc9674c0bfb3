/*
 * Included by a test that wants allocations to fail: these definitions of the
 * functions of base/alloc.h win over those of the archive, and cJSON is given
 * them too.
 *
 * failing_alloc_sweep() runs `body` again and again; in run n the n-th
 * allocation fails.  The body must fail then, and succeed in the last run, in
 * which none does; in all of them it must release whatever it got.
 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static struct {
  bool armed;
  bool fired;
  size_t left; /* allocations that still succeed */
  size_t live; /* blocks not freed yet */
} failing_alloc;

static bool failing_alloc_fails(void)
{
  if (!failing_alloc.armed)
    return false;
  if (failing_alloc.left > 0) {
    failing_alloc.left--;
    return false;
  }
  failing_alloc.fired = true;
  return true;
}

static void *failing_alloc_counted(void *memory)
{
  if (memory != NULL)
    failing_alloc.live++;
  return memory;
}

void *zpm_alloc(size_t size)
{
  return failing_alloc_fails() ? NULL : failing_alloc_counted(malloc(size));
}

void *zpm_alloc_zeroed(size_t count, size_t size)
{
  return failing_alloc_fails() ? NULL
                               : failing_alloc_counted(calloc(count, size));
}

void *zpm_realloc(void *old, size_t size)
{
  void *memory = failing_alloc_fails() ? NULL : realloc(old, size);

  return old == NULL ? failing_alloc_counted(memory) : memory;
}

char *zpm_strdup(const char *text)
{
  size_t size = strlen(text) + 1;
  char *copy = zpm_alloc(size);

  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void zpm_free(void *memory)
{
  if (memory != NULL)
    failing_alloc.live--;
  free(memory);
}

/* 0 or a negative code. */
typedef int failing_alloc_body(void *ctx);

static inline void failing_alloc_sweep(failing_alloc_body *body, void *ctx)
{
  cJSON_Hooks hooks = {.malloc_fn = zpm_alloc, .free_fn = zpm_free};
  size_t before;

  cJSON_InitHooks(&hooks);
  before = failing_alloc.live;
  failing_alloc.fired = true;
  for (size_t n = 0; failing_alloc.fired; n++) {
    int rc;

    failing_alloc.armed = true;
    failing_alloc.fired = false;
    failing_alloc.left = n;
    rc = body(ctx);
    failing_alloc.armed = false;
    assert_int_equal(rc < 0, failing_alloc.fired);
    assert_int_equal(failing_alloc.live, before);
  }
  cJSON_InitHooks(NULL);
}
