#ifndef ZPM_RUNTIME_KEEPER_START_H
#define ZPM_RUNTIME_KEEPER_START_H

#include "zpm/error.h"

struct zpm_keeper_table;

/* Both return our end of a socket to a keeper, or a negative code. */

/* The one that started us; the table is filled. */
int zpm_keeper_start_inherited(struct zpm_keeper_table *table,
                               struct zpm_error *err);
/* A new one, which leaves this process' family at once.  `daemon`
 * (NULL-terminated) is how it starts the next daemon after us; NULL: it is
 * owned, and nobody comes after us. */
int zpm_keeper_start(const char *program, char *const *daemon,
                     struct zpm_error *err);

#endif
