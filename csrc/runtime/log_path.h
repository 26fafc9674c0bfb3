#ifndef ZPM_RUNTIME_LOG_PATH_H
#define ZPM_RUNTIME_LOG_PATH_H

#include <stdint.h>

/*
 * Log files by name: "folder/app/out.log", and its rotated parts ".1", ".2"...,
 * the youngest first.  `name` is what follows the folder: "app/out.log".
 */
enum { ZPM_LOG_PATH_MAX = 4096 };

/* Part 0 is the file itself. Returns 0 or UV_ENAMETOOLONG. */
int zpm_log_path(char path[ZPM_LOG_PATH_MAX], const char *folder,
                 const char *name, uint32_t part);

/* Opens a file for reading and appending: a regular one, no link.  With
 * `create` the file, and the folders above it, are made if they are missing.
 * Returns the descriptor or -errno. */
int zpm_log_path_open(const char *folder, const char *name, uint32_t part,
                      int create);

/* Moves the file to part 1, after 1 to 2 and so on; parts over `keep` (at least
 * 1) are removed.  Returns 0 or -errno: then the file is where it was. */
int zpm_log_path_shift(const char *folder, const char *name, uint32_t keep);

#endif
