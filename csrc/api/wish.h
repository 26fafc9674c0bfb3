#ifndef ZPM_API_WISH_H
#define ZPM_API_WISH_H

#include "core/config.h"
#include "core/record.h"
#include "proto/message.h"
#include "zpm/supervisor.h"

/*
 * What a request asks to be run: a config, and the environment of its caller.
 */
struct zpm_wish {
  struct zpm_config config;
  struct zpm_environment *environment; /* NULL: none was sent */
};

/* Reads `config` (NULL: nothing given) and the `callerEnv` of `request` (NULL:
 * none).  `name` (NULL: none) is the app's name if the config has none.  Is to
 * be released also when it fails. */
int zpm_wish_read(struct zpm_wish *wish, const struct zpm_request *request,
                  const cJSON *config, const char *name, struct zpm_error *err);
void zpm_wish_deinit(struct zpm_wish *wish);

/* Whether it can be started: it names a script, or an app that is known. */
int zpm_wish_check_start(const struct zpm_wish *wish,
                         const struct zpm_supervisor *supervisor,
                         struct zpm_error *err);
/* ZPM_ENOAPP, with the nearest name if there is one. */
int zpm_wish_no_app(const struct zpm_supervisor *supervisor, const char *name,
                    struct zpm_error *err);

#endif
