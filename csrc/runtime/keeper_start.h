#ifndef ZPM_RUNTIME_KEEPER_START_H
#define ZPM_RUNTIME_KEEPER_START_H

#include "zpm/error.h"

struct zpm_keeper_table;

/* Both return our end of a socket to a keeper, or a negative code. */

/* The one that started us; the table is filled. */
int zpm_keeper_start_inherited(struct zpm_keeper_table *table,
                               struct zpm_error *err);
/* A new one, which leaves this process' family at once. */
int zpm_keeper_start_owned(const char *program, struct zpm_error *err);

#endif
