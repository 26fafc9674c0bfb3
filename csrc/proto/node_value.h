#ifndef ZPM_PROTO_NODE_VALUE_H
#define ZPM_PROTO_NODE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/*
 * The fields of a message of Node, as its own code would read them: a key that
 * is missing is as good as null, and numbers of an option of the app may come
 * as text.  All take a NULL item for a key that is missing.
 */

/* The last one under this key: so JSON.parse sees it.  NULL: none, or no
 * object. */
const cJSON *zpm_node_value_find(const cJSON *object, const char *key);

/* Missing or null. */
bool zpm_node_value_is_nothing(const cJSON *item);

/* A whole number of 0 to 2^53 - 1, or such a one as a string of digits. */
bool zpm_node_value_whole(const cJSON *item, int64_t *out);

/* Copies a string that fits, with its NUL.  False: none, or it does not. */
bool zpm_node_value_text(const cJSON *item, char *out, size_t size);

#endif
