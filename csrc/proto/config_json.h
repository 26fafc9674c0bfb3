#ifndef ZPM_PROTO_CONFIG_JSON_H
#define ZPM_PROTO_CONFIG_JSON_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "core/config.h"

/*
 * Config <-> JSON through the field table.  Decoding checks types and bounds of
 * each field, refuses unknown keys with a suggestion, and refuses fields whose
 * machinery is not here yet (ZPM_EUNSUPPORTED); it does not call
 * zpm_config_validate(), so that partial configs can be merged first.
 * `config` must have been initialised; on failure it holds what was read so far
 * and must still be released.
 */
int zpm_config_from_json(struct zpm_config *config, const cJSON *json,
                         struct zpm_error *err);

/* As zpm_config_from_json, for what zpm itself wrote, perhaps a later version
 * of it: unknown fields, and those of a later version, are passed over. */
int zpm_config_from_saved_json(struct zpm_config *config, const cJSON *json,
                               struct zpm_error *err);

/* The given fields as an object, or NULL when out of memory.  Without
 * `with_secrets` each env value is "<hidden>". */
cJSON *zpm_config_to_json(const struct zpm_config *config, bool with_secrets);

/* An object of strings <-> "KEY=value" list. Numbers and booleans are taken as
 * their text; anything else is ZPM_EARG naming `what` and the key. */
int zpm_vars_from_json(struct zpm_strv *vars, const cJSON *json,
                       const char *what, struct zpm_error *err);
cJSON *zpm_vars_to_json(const struct zpm_strv *vars, bool with_secrets);

#endif
