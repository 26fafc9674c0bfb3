#ifndef ZPM_RUNTIME_STORE_H
#define ZPM_RUNTIME_STORE_H

#include <stddef.h>

#include "base/str.h"
#include "zpm/error.h"

/* One small file, replaced whole: temp file beside it, fsync, rename, fsync of
 * the folder; 0600.  The old contents survive any failure. */
int zpm_store_write(const char *path, const char *text, size_t len,
                    struct zpm_error *err);
/* Appends the file's contents. UV_ENOENT (and no message) if there is none. */
int zpm_store_read(const char *path, struct zpm_str *out,
                   struct zpm_error *err);

#endif
