#ifndef ZPM_RUNTIME_PORT_H
#define ZPM_RUNTIME_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * Before an app is started: is its TCP port free?  Who listens there is found
 * in the kernel's socket tables, named, and ended (SIGTERM, then SIGKILL), if
 * it may be: core/port_policy.h.
 */
struct zpm_port_clearing;
struct zpm_services;
struct zpm_config;

/* `err` NULL: the port is free.  `notes` is a sentence for the host's log
 * ("port 3000 was held by node (pid 4711, user anna): ended by SIGTERM"): who
 * has been sent a signal, also if that was in vain.  Both are gone after the
 * call, and so is the clearing. */
typedef void zpm_port_done_cb(void *ctx, const struct zpm_error *err,
                              const char *notes);

enum zpm_port_answer {
  ZPM_PORT_FREE,     /* nothing to do; `done` does not come */
  ZPM_PORT_CLEARING, /* `done` comes once, from the loop, unless cancelled */
  ZPM_PORT_REFUSED,  /* `err` names the owner, and says why it stays */
};

/* Looks now (some 50 us when it is free).  When the tables cannot be read, the
 * port counts as free: the app will tell.  It is free for an app that has it
 * itself already: its other processes share it.  `config` is used until the
 * end, as what the app is known by.  The loop is not kept alive. */
enum zpm_port_answer zpm_port_clear(struct zpm_services *services,
                                    const struct zpm_config *config,
                                    zpm_port_done_cb *done, void *ctx,
                                    struct zpm_port_clearing **out,
                                    struct zpm_error *err);
/* No callback comes after this; not to be called once `done` has come.  NULL is
 * legal. */
void zpm_port_cancel(struct zpm_port_clearing *clearing);

#endif
