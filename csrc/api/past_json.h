#ifndef ZPM_API_PAST_JSON_H
#define ZPM_API_PAST_JSON_H

#include "proto/writer.h"
#include "zpm/supervisor.h"

/*
 * How processes of an app ended, as JSON (docs/protocol.md).  `end` is NULL if
 * none has ended yet.
 */
struct zpm_exit;
struct zpm_past;

/* The last one, or NULL. */
const struct zpm_exit *zpm_past_json_last(const struct zpm_past *past);

/* A key with the exit code, or null: a signal ended it, or nobody knows. */
void zpm_past_json_code(struct zpm_writer *writer, const char *key,
                        const struct zpm_exit *end);
/* A key with the name of the signal, or null. */
void zpm_past_json_signal(struct zpm_writer *writer, const char *key,
                          const struct zpm_exit *end);
/* The keys "code", "signal", "cause". */
void zpm_past_json_how(struct zpm_writer *writer, const struct zpm_exit *end);

/* {"code","signal","cause","at","uptime"}, or null */
void zpm_past_json_exit(struct zpm_writer *writer, const struct zpm_exit *end);
/* An array of these, newest first, each with "reason" and "lines". */
void zpm_past_json_exits(struct zpm_writer *writer,
                         const struct zpm_past *past);

#endif
