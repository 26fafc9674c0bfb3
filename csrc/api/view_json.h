#ifndef ZPM_API_VIEW_JSON_H
#define ZPM_API_VIEW_JSON_H

#include <stdbool.h>

#include "proto/writer.h"
#include "zpm/supervisor.h"

/*
 * An app as JSON, in the shapes of docs/protocol.md.  Each writes one value.
 */

/* WorkerStats */
void zpm_view_json_stats(struct zpm_writer *writer, const struct zpm_app *app);
/* A store row */
void zpm_view_json_row(struct zpm_writer *writer, const struct zpm_app *app);
/* WorkerStats and everything else. `logs_folder` is the supervisor's. */
void zpm_view_json_describe(struct zpm_writer *writer,
                            const struct zpm_app *app, const char *logs_folder,
                            bool show_env);
/* Its configuration, values of env hidden unless `show_env`. */
void zpm_view_json_config(struct zpm_writer *writer, const struct zpm_app *app,
                          bool show_env);
/* Data of the event `exit` */
void zpm_view_json_exit(struct zpm_writer *writer, const struct zpm_app *app);

#endif
