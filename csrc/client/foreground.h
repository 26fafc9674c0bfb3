#ifndef ZPM_CLIENT_FOREGROUND_H
#define ZPM_CLIENT_FOREGROUND_H

#include "zpm/client.h"

/*
 * Becoming zpm-keeper, with a daemon below it: the other way to start a daemon,
 * for who wants to be its parent (an init system, a container, a terminal).
 */

/* `zpm daemon --service`: the daemon of a namespace, as `start-daemon` would
 * start it.  Returns only if that failed; ZPM_EBUSY: one runs already. */
int zpm_foreground_service(const struct zpm_client_options *options,
                           struct zpm_error *err);

/* `zpm run`: a daemon whose folder is `folder`, which supervises what the order
 * in it says.  Returns only if that failed. */
int zpm_foreground_run(const char *zpm_path, const char *folder,
                       struct zpm_error *err);

#endif
