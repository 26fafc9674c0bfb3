#ifndef ZPM_CLI_FLAGS_H
#define ZPM_CLI_FLAGS_H

#include <stdbool.h>

#include "proto/commands.h"
#include "zpm/error.h"

/*
 * What a word that begins with '-' means for a command: an option of the
 * command, a global one, or a field of the config.
 */
enum { ZPM_FLAG_SHOWN_MAX = 48 };

struct zpm_flag {
  const struct zpm_option *option; /* NULL: a field */
  int field;                       /* index in ZPM_FIELDS */
  bool negated;                    /* --no-x */
  const char *attached;           /* what followed '=' or the letter; or NULL */
  char shown[ZPM_FLAG_SHOWN_MAX]; /* "--name", for messages */
};

/* `command` NULL: global options only. ZPM_EARG if there is none. */
int zpm_flag_find_long(struct zpm_flag *flag, const struct zpm_command *command,
                       const char *word, struct zpm_error *err);
/* `letter` points at the letter inside its word. */
int zpm_flag_find_letter(struct zpm_flag *flag,
                         const struct zpm_command *command, const char *letter,
                         struct zpm_error *err);

/* The fields that a message names as "config.minBackoff" become the flags that
 * somebody has typed: "--min-backoff". */
void zpm_flags_reword(struct zpm_error *err);

#endif
