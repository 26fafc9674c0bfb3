#ifndef ZPM_PROTO_PROJECT_TEXT_H
#define ZPM_PROTO_PROJECT_TEXT_H

#include <stdint.h>

#include "base/str.h"
#include "proto/project.h"

/* Small readings for project.c: each takes what it can use and passes over the
 * rest. */

/* The text as the name of an app: the scope cut off, what does not fit replaced
 * by '-'. */
int zpm_project_put_name(struct zpm_str *out, const char *text);

/* Appends the value of a key (`name = "shop"`) in a section of a TOML text. */
int zpm_project_put_toml(struct zpm_str *out, const char *text,
                         const char *section, const char *key);

/* Appends the last part of the module path of a go.mod, without "/v2". */
int zpm_project_put_module(struct zpm_str *out, const char *text);

/* PORT of a dotenv text; 0: none. */
uint32_t zpm_project_dotenv_port(const char *text);

/* -p 3000, --port=3000, PORT=3000 among the words of a command; 0: none. */
uint32_t zpm_project_words_port(const struct zpm_strv *words);

/* package.json: 1 if it tells how to start, 0 if it does not. */
int zpm_project_of_package(struct zpm_project *project,
                           const struct zpm_project_folder *folder,
                           struct zpm_error *err);

#endif
