#ifndef ZPM_CLI_RESULTS_H
#define ZPM_CLI_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/cli.h"

/*
 * What became of several apps: a sentence each (failures on standard error), or
 * with --json one array of {"name","ok","message" or "error","code"}.
 */
struct zpm_results {
  struct zpm_cli *cli;
  size_t count;
  bool any_failed;
};

void zpm_results_begin(struct zpm_results *results, struct zpm_cli *cli);
/* `name` may be NULL: not known. */
void zpm_results_add(struct zpm_results *results, const char *name,
                     const char *message);
void zpm_results_add_error(struct zpm_results *results, const char *name,
                           const struct zpm_error *err);
/* From a reply whose data is a sentence. */
void zpm_results_add_reply(struct zpm_results *results, const char *name,
                           const char *line);
/* The exit code. */
int zpm_results_end(struct zpm_results *results);

#endif
