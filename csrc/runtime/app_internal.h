#ifndef ZPM_RUNTIME_APP_INTERNAL_H
#define ZPM_RUNTIME_APP_INTERNAL_H

#include "runtime/app.h"

/* What the files of the app share. */

/* app_procs.c: a proc for each life that is remembered, and as many as the
 * config asks for.  0 or ZPM_ENOMEM. */
int zpm_app_restore_procs(struct zpm_app *app);
/* Takes it off the list; its memory goes with the loop. */
void zpm_app_release_proc(struct zpm_app *app, struct zpm_proc *proc);

#endif
