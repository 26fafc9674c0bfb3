#ifndef ZPM_CLI_DETECT_H
#define ZPM_CLI_DETECT_H

#include "core/config.h"

/*
 * `zpm start` without a script: what the files of a folder say is put into the
 * config (proto/project.h), where nothing was given by hand.
 *
 * `folder` is absolute.  `said` gets two sentences without a newline at the
 * end: what was found, and how to say it explicitly.
 */
int zpm_detect(struct zpm_config *config, const char *folder,
               struct zpm_str *said, struct zpm_error *err);

#endif
