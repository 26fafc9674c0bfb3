#ifndef ZPM_RUNTIME_STORE_H
#define ZPM_RUNTIME_STORE_H

#include <stddef.h>

#include "base/str.h"
#include "zpm/error.h"

/*
 * One small file, replaced whole, in two steps, because they guard against two
 * things of different cost.
 *
 * zpm_store_write() writes a temp file beside it and renames it over the old
 * one: whoever dies, even by SIGKILL, leaves the old contents or the new ones.
 * zpm_store_sync() sees to it that what was written survives a power cut, and
 * keeps it under "path.old" as well: the generation to fall back to if a power
 * cut came between the two.  It waits for the disk; so it is done once for many
 * writes.  The files are 0600.
 */
int zpm_store_write(const char *path, const char *text, size_t len,
                    struct zpm_error *err);
int zpm_store_sync(const char *path, struct zpm_error *err);

/* Appends the file's contents. UV_ENOENT (and no message) if there is none. */
int zpm_store_read(const char *path, struct zpm_str *out,
                   struct zpm_error *err);

#endif
