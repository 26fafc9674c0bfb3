#ifndef ZPM_API_BATCH_H
#define ZPM_API_BATCH_H

#include "api/call.h"

/* Calls that are many commands at once, answered when all of them are done. */

typedef void zpm_batch_command(struct zpm_supervisor *supervisor,
                               const char *name, zpm_done_cb *done, void *ctx);

/* The command for every app; the answer is "<did> 3 apps", or the first error
 * and how many there were. */
void zpm_batch_all(struct zpm_call *call, zpm_batch_command *command,
                   const char *did);

#endif
