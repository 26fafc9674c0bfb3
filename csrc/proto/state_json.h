#ifndef ZPM_PROTO_STATE_JSON_H
#define ZPM_PROTO_STATE_JSON_H

#include <stddef.h>

#include "base/str.h"
#include "core/record.h"
#include "zpm/error.h"

/*
 * state.json: {"version":1,"environments":[{...}],"apps":[{"config":{...},
 * "environment":0,"wantUp":true,...}]}.  Environments are stored once and
 * referred to by index.  Secrets are in it: the file is 0600.
 */
#ifndef ZPM_STATE_VERSION /* as for include/zpm/version.h */
#define ZPM_STATE_VERSION 1
#endif

int zpm_state_to_json(struct zpm_str *out, const struct zpm_record *const *apps,
                      size_t count);

/* ZPM_EVERSION for a newer version, ZPM_ESTATE for anything malformed.  Unknown
 * keys are ignored (a later 1.x may add some).  On failure `out` is empty. */
int zpm_state_from_json(struct zpm_roster *out, const char *text, size_t len,
                        struct zpm_error *err);

#endif
