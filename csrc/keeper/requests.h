#ifndef ZPM_KEEPER_REQUESTS_H
#define ZPM_KEEPER_REQUESTS_H

#include "keeper/keeper.h"

/* Does what the record in keeper->ctl.in asks for; refusals are queued. Needs
 * room in the ctl's ring. */
void zpm_requests_handle(struct zpm_keeper *keeper);

#endif
