#ifndef ZPM_CORE_CONFIG_CHECKS_H
#define ZPM_CORE_CONFIG_CHECKS_H

#include "core/config.h"

/*
 * The parts of zpm_config_validate().  ZPM_ENOMEM may come without a message.
 */

/* cwd, script, envFile and watch: there, of a legal length, and absolute. */
int zpm_config_settle_paths(struct zpm_config *config, struct zpm_error *err);

/* Targets of probes, the schedule, and what cannot be asked for together. */
int zpm_config_check_parts(const struct zpm_config *config,
                           struct zpm_error *err);

#endif
