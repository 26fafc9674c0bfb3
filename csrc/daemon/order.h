#ifndef ZPM_DAEMON_ORDER_H
#define ZPM_DAEMON_ORDER_H

#include "proto/config_json.h"

/* The config that `zpm run` has left in the file `order` of `folder`.
 * `config` has been initialised, and is to be released also if this fails. */
int zpm_order_read(struct zpm_config *config, const char *folder,
                   struct zpm_error *err);

#endif
