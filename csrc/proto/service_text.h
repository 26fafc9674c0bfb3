#ifndef ZPM_PROTO_SERVICE_TEXT_H
#define ZPM_PROTO_SERVICE_TEXT_H

#include "proto/service.h"

/* The text for one kind of init system each; what goes in has been checked. 0
 * or ZPM_ENOMEM. */
int zpm_service_put_systemd(struct zpm_str *out,
                            const struct zpm_service *service);
int zpm_service_put_launchd(struct zpm_str *out,
                            const struct zpm_service *service);
int zpm_service_put_openrc(struct zpm_str *out,
                           const struct zpm_service *service);

#endif
