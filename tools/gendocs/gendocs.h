#ifndef GENDOCS_H
#define GENDOCS_H

#include "core/config.h"
#include "proto/commands.h"

/*
 * The documents that are made from the two tables: what users read is what the
 * program does.  Each function prints one document to stdout.
 */
void print_configuration(void); /* docs/configuration.md */
void print_commands(void);      /* docs/commands.md */
void print_man(void);           /* docs/man/zpm.1 */

/* The value that a flag takes, as in "--port N": "" for a switch. */
const char *value_of_field(const struct zpm_field *field);

#endif
