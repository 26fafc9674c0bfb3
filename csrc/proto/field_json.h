#ifndef ZPM_PROTO_FIELD_JSON_H
#define ZPM_PROTO_FIELD_JSON_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "core/config.h"

/*
 * One value of a struct that a field table describes <-> JSON.
 */
struct zpm_field_json {
  void *base; /* a zpm_config, or a zpm_probe */
  const struct zpm_field *field;
  const cJSON *json; /* not null */
  const char *label; /* "config.logs.maxFiles", for messages */
  bool forgiving;    /* unknown keys in it are passed over */
  struct zpm_error *err;
};

/* ZPM_ECONFIG naming the label; on failure the member holds what was read so
 * far. */
int zpm_field_from_json(const struct zpm_field_json *v);

/* "label must be <expected>, not an array". Always ZPM_ECONFIG. */
int zpm_field_json_wrong(const struct zpm_field_json *v, const char *expected);

/* "config has no field 'prot'. Did you mean 'port'?" Always ZPM_ECONFIG. */
int zpm_field_json_unknown(const struct zpm_field *fields, size_t count,
                           const char *what, const char *name,
                           struct zpm_error *err);

/* NULL when out of memory. */
cJSON *zpm_field_to_json(const void *base, const struct zpm_field *field,
                         bool with_secrets);

/* The two that are made of parts. */
int zpm_probes_from_json(struct zpm_probes *probes,
                         const struct zpm_field_json *v);
cJSON *zpm_probes_to_json(const struct zpm_probes *probes);
int zpm_rlimits_from_json(struct zpm_rlimits *limits,
                          const struct zpm_field_json *v);
cJSON *zpm_rlimits_to_json(const struct zpm_rlimits *limits);

#endif
