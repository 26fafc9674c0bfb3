#ifndef ZPM_PROTO_STATE_LIFE_H
#define ZPM_PROTO_STATE_LIFE_H

#include <cjson/cJSON.h>

#include "core/record.h"

/* What a state file says of one process slot, but for its seat. */
int zpm_state_life_from_json(struct zpm_life *life, const cJSON *item,
                             struct zpm_error *err);

#endif
