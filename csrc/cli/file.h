#ifndef ZPM_CLI_FILE_H
#define ZPM_CLI_FILE_H

#include "base/str.h"
#include "zpm/error.h"

/* Appends the contents of a file of at most 1 MiB. */
int zpm_file_read(struct zpm_str *text, const char *path,
                  struct zpm_error *err);

#endif
