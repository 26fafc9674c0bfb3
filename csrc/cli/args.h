#ifndef ZPM_CLI_ARGS_H
#define ZPM_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "proto/commands.h"
#include "zpm/error.h"

/*
 * The command line, read by the command table and the field table:
 *
 *   zpm [global options] <command> [options and operands in any order] [-- ...]
 *
 * --name value, --name=value, -n value, -nvalue, -abc; --no-x turns a switch
 * off.  What follows "--" is kept apart in `rest`.
 */
enum { ZPM_ARGS_OPTIONS_MAX = 64 };

struct zpm_arg_option {
  const struct zpm_option *option;
  const char *value; /* NULL: a switch */
  bool off;          /* --no-x */
};

/* All strings are those of argv. */
struct zpm_args {
  const struct zpm_command *command; /* NULL: none was given */
  const char **operands;
  size_t operand_count;
  const char *const *rest;
  size_t rest_count;
  struct zpm_arg_option options[ZPM_ARGS_OPTIONS_MAX];
  size_t option_count;
  struct zpm_config config; /* of a command that takes one */
};

/* 0, ZPM_EARG or ZPM_ECOMMAND (wrong usage), ZPM_ECONFIG (a value that cannot
 * be), ZPM_EUNSUPPORTED (not in this version yet).  To be released also when
 * it failed. */
int zpm_args_parse(struct zpm_args *args, int argc, const char *const *argv,
                   struct zpm_error *err);
void zpm_args_deinit(struct zpm_args *args);

/* Whether a switch is on (the last one counts); `fallback` if not given. */
bool zpm_args_switch(const struct zpm_args *args, const char *name,
                     bool fallback);
/* The last value given, or NULL. */
const char *zpm_args_value(const struct zpm_args *args, const char *name);
/* A whole number of 0..max; ZPM_EARG otherwise. Not given: *out stays. */
int zpm_args_number(const struct zpm_args *args, const char *name,
                    unsigned long max, unsigned long *out,
                    struct zpm_error *err);

#endif
