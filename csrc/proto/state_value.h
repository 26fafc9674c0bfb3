#ifndef ZPM_PROTO_STATE_VALUE_H
#define ZPM_PROTO_STATE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "zpm/error.h"

/*
 * Single values of a state file.  One that is not there, or null, leaves *out
 * as it is; one of the wrong kind is ZPM_ESTATE naming its key.
 */

/* The value, or NULL. */
const cJSON *zpm_state_value(const cJSON *object, const char *key);

/* As a number, or in digits where a number would not be exact. */
int zpm_state_value_u64(const cJSON *object, const char *key, uint64_t *out,
                        struct zpm_error *err);
int zpm_state_value_u32(const cJSON *object, const char *key, uint32_t *out,
                        struct zpm_error *err);
/* -1 to 65535 */
int zpm_state_value_int(const cJSON *object, const char *key, int *out,
                        struct zpm_error *err);
int zpm_state_value_bool(const cJSON *object, const char *key, bool *out,
                         struct zpm_error *err);
/* *out is NULL if it is not there. */
int zpm_state_value_object(const cJSON *object, const char *key,
                           const cJSON **out, struct zpm_error *err);

/* "key" must be `expected`. Always ZPM_ESTATE. */
int zpm_state_value_wrong(const char *key, const char *expected,
                          struct zpm_error *err);

#endif
