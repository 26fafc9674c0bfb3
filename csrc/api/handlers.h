#ifndef ZPM_API_HANDLERS_H
#define ZPM_API_HANDLERS_H

#include "api/call.h"

/*
 * One function per command of the protocol.  Each gets a checked request (keys
 * and types are those of the command table) and answers the call, now or later.
 */
typedef void zpm_handler(struct zpm_call *call);

/* host.c */
zpm_handler zpm_host_hello;
zpm_handler zpm_host_ping;
zpm_handler zpm_host_save;
zpm_handler zpm_host_shutdown;
zpm_handler zpm_host_update;

/* lifecycle.c */
zpm_handler zpm_lifecycle_start;
zpm_handler zpm_lifecycle_add;
zpm_handler zpm_lifecycle_stop;
zpm_handler zpm_lifecycle_restart;
zpm_handler zpm_lifecycle_delete;

/* cluster.c */
zpm_handler zpm_cluster_reload;
zpm_handler zpm_cluster_scale;

/* batch.c */
zpm_handler zpm_batch_start;

/* look.c */
zpm_handler zpm_look_stats;
zpm_handler zpm_look_list;
zpm_handler zpm_look_describe;
zpm_handler zpm_look_find;
zpm_handler zpm_look_store;

/* follow.c */
zpm_handler zpm_follow_logs;
zpm_handler zpm_follow_subscribe;

/* doctor.c */
zpm_handler zpm_doctor_run;

#endif
