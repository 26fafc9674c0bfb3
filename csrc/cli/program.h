#ifndef ZPM_CLI_PROGRAM_H
#define ZPM_CLI_PROGRAM_H

#include <stdbool.h>

#include "core/config.h"

/*
 * The operand of `start` and `run`, where it is no app that zpm knows: what it
 * means is put into the config, which is then complete and checked.
 */

/* Whether it is a path, and a folder is there. */
bool zpm_program_is_folder(const char *word);

/* `script` as zpm_caller_put_script() has it. */
int zpm_program_settle(struct zpm_config *config, const char *script,
                       struct zpm_error *err);

/* `path` NULL: --cwd, or the current folder.  `said`: as of zpm_detect(). */
int zpm_program_settle_folder(struct zpm_config *config, const char *path,
                              struct zpm_str *said, struct zpm_error *err);

#endif
