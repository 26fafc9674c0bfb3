#ifndef ZPM_RUNTIME_PORT_STANDING_H
#define ZPM_RUNTIME_PORT_STANDING_H

#include "core/port_policy.h"
#include "core/tree.h"

/*
 * What those who hold a port have to do with zpm: gathers the facts that
 * core/port_policy.h judges by, from the process table, the runs of this
 * supervisor and the markers that every app's processes carry.
 *
 * An app's process whose keeper is dead is managed by nobody: a stranger.
 */
struct zpm_config;
struct zpm_services;

/* Fills in `standing` and `app` of all owners; `config` is of the app that
 * wants the port. */
void zpm_port_standing_fill(const struct zpm_services *services,
                            const struct zpm_config *config,
                            const struct zpm_process_table *table,
                            struct zpm_port_owners *owners);

#endif
