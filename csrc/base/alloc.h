#ifndef ZPM_BASE_ALLOC_H
#define ZPM_BASE_ALLOC_H

#include <stddef.h>

/*
 * Every allocation of zpm goes through this file, and each may fail: NULL is
 * returned to the caller, who turns it into ZPM_ENOMEM.  A test that wants the
 * n-th allocation to fail links its own definitions of these five functions
 * instead (tests/unit/failing_alloc.c); there is no hook to set at run time.
 */
void *zpm_alloc(size_t size);
void *zpm_alloc_zeroed(size_t count, size_t size);
void *zpm_realloc(void *old, size_t size);
char *zpm_strdup(const char *text);
void zpm_free(void *memory);

#endif
