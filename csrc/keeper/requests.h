#ifndef ZPM_KEEPER_REQUESTS_H
#define ZPM_KEEPER_REQUESTS_H

#include "keeper/keeper.h"

/* Does what the record in keeper->ctl.in asks for; refusals are queued. Needs
 * room in the ctl's ring. */
void zpm_requests_handle(struct zpm_keeper *keeper);

/* A PONG or a NAK that comes later. Each needs room. */
void zpm_requests_answer(struct zpm_keeper *keeper, uint64_t id);
void zpm_requests_refuse(struct zpm_keeper *keeper, enum zpm_wire_type type,
                         uint64_t id, int error);

#endif
