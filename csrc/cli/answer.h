#ifndef ZPM_CLI_ANSWER_H
#define ZPM_CLI_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "zpm/error.h"

/* Reply lines of the daemon, as the one who asked reads them. */

/* The text of "data" of a plain successful reply, as it stands in the line:
 * no parsing.  False if the reply is of any other form. */
bool zpm_answer_raw(const char *line, const char **data, size_t *len);

/* Parses a reply; *out is the whole of it, to be deleted.  An {"ok":false}
 * becomes its code, with the daemon's message. */
int zpm_answer_parse(const char *line, cJSON **out, struct zpm_error *err);

/* The error that an {"ok":false} object tells: fills err, returns its code. */
int zpm_answer_refusal(const cJSON *object, struct zpm_error *err);

/* Its "data" (never NULL: a JSON null if there is none). */
const cJSON *zpm_answer_data(const cJSON *reply);

/* A member as text or number; NULL or `fallback` if it is of another type. */
const char *zpm_answer_text(const cJSON *object, const char *key);
double zpm_answer_number(const cJSON *object, const char *key, double fallback);

#endif
