#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/text.h"
#include "core/config.h"

enum { WIDTH = 80, LEFT_MAX = 64, NAME_COLUMN = 18, OPTION_COLUMN = 28 };

/* "  left      text that goes on
 *              below itself" */
static int put_entry(struct zpm_str *out, const char *left, const char *text,
                     size_t column)
{
  size_t used = strlen(left) + 2;
  int rc = zpm_str_printf(out, "  %s", left);

  if (rc == 0 && used + 1 > column)
    rc = zpm_str_printf(out, "\n%*s", (int)column, "");
  else if (rc == 0)
    rc = zpm_str_printf(out, "%*s", (int)(column - used), "");
  if (rc == 0)
    rc = zpm_text_wrap(out, text, column, WIDTH);
  return rc == 0 ? zpm_str_puts(out, "\n") : rc;
}

/* ---- options ---- */

static int put_option(struct zpm_str *out, const struct zpm_option *option)
{
  char left[LEFT_MAX];
  char letter[] = {'-', option->letter, ',', ' ', '\0'};

  snprintf(left, sizeof(left), "%s--%s%s%s", option->letter ? letter : "",
           option->name, option->value != NULL ? " " : "",
           option->value != NULL ? option->value : "");
  return put_entry(out, left, option->help, OPTION_COLUMN);
}

static int put_options(struct zpm_str *out, const char *title,
                       const struct zpm_option *options)
{
  int rc = zpm_str_printf(out, "\n%s\n", title);

  for (; rc == 0 && options->name != NULL; options++)
    rc = put_option(out, options);
  return rc;
}

/* What the value of a field looks like; "" for a switch. */
static const char *placeholder(const struct zpm_field *field)
{
  switch (field->type) {
  case ZPM_FIELD_ENV:
    return " KEY=VALUE";
  case ZPM_FIELD_UINT32:
  case ZPM_FIELD_UINT64:
    if (field->unit == NULL)
      return " N";
    return strcmp(field->unit, "ms") == 0 ? " MS" : " BYTES";
  case ZPM_FIELD_CHOICE:
  case ZPM_FIELD_STRING:
  case ZPM_FIELD_STRINGS:
    return " VALUE";
  case ZPM_FIELD_AUTORESTART:
    return "[=VALUE]";
  case ZPM_FIELD_SIGNAL:
    return " SIGNAL";
  case ZPM_FIELD_SECONDS:
    return " SECONDS";
  case ZPM_FIELD_ID:
    return " ID";
  case ZPM_FIELD_UMASK:
    return " OCTAL";
  case ZPM_FIELD_NICE:
  case ZPM_FIELD_INSTANCES:
    return " N";
  case ZPM_FIELD_RLIMITS:
    return " NAME=N";
  case ZPM_FIELD_PROBES:
    return " TARGET";
  case ZPM_FIELD_WATCH:
    return "[=PATH]";
  case ZPM_FIELD_BOOL:
    break;
  }
  return "";
}

/* "help text: auto, node, bash (auto)" */
static int describe_field(struct zpm_str *out, const struct zpm_field *field,
                          bool with_default)
{
  int rc = zpm_str_puts(out, field->help);

  for (size_t i = 0; field->choices != NULL && field->choices[i] != NULL; i++)
    rc |= zpm_str_printf(out, "%s%s", i == 0 ? ". One of " : ", ",
                         field->choices[i]);
  if (with_default && field->fallback != NULL)
    rc |= zpm_str_printf(out, " (%s)", field->fallback);
  return rc;
}

static int put_field(struct zpm_str *out, const struct zpm_field *field,
                     bool with_default)
{
  struct zpm_str text = {0};
  char left[LEFT_MAX];
  int rc = describe_field(&text, field, with_default);

  snprintf(left, sizeof(left), "--%s%s", field->flag, placeholder(field));
  if (rc == 0)
    rc = put_entry(out, left, zpm_str_text(&text), OPTION_COLUMN);
  zpm_str_deinit(&text);
  return rc;
}

/* A restart changes what is given and leaves the rest as it is, the name of the
 * app in any case. */
static bool is_taken(const struct zpm_field *field, bool changes)
{
  return field->flag != NULL && !(changes && strcmp(field->name, "name") == 0);
}

static int put_fields(struct zpm_str *out, const struct zpm_command *command)
{
  bool changes = command->id == ZPM_CMD_RESTART;
  int rc = zpm_str_puts(out, changes ? "\nWhat to change of the app:\n"
                                     : "\nThe app:\n");

  for (size_t i = 0; rc == 0 && i < ZPM_FIELD_COUNT; i++) {
    if (is_taken(&ZPM_FIELDS[i], changes))
      rc = put_field(out, &ZPM_FIELDS[i], !changes);
  }
  return rc;
}

/* ---- one command ---- */

static int put_usage(struct zpm_str *out, const struct zpm_command *command)
{
  bool options = command->options != NULL || command->takes_config;
  int rc = zpm_str_printf(out, "%s.\n\nUsage: zpm %s%s%s%s\n", command->summary,
                          command->name, options ? " [options]" : "",
                          command->operands != NULL ? " " : "",
                          command->operands != NULL ? command->operands : "");

  if (rc != 0 || command->aliases == NULL)
    return rc;
  rc = zpm_str_puts(out, "Also called:");
  for (size_t i = 0; rc == 0 && command->aliases[i] != NULL; i++)
    rc = zpm_str_printf(out, " %s", command->aliases[i]);
  return rc == 0 ? zpm_str_puts(out, "\n") : rc;
}

int zpm_help_command(struct zpm_str *out, const struct zpm_command *command)
{
  size_t len = command->details != NULL ? strlen(command->details) : 0;
  int rc = put_usage(out, command);

  if (rc == 0 && len > 0)
    rc = zpm_str_printf(out, "\n%s%s", command->details,
                        command->details[len - 1] == '\n' ? "" : "\n");
  if (rc == 0 && command->options != NULL)
    rc = put_options(out, "Options:", command->options);
  if (rc == 0 && command->takes_config)
    rc = put_fields(out, command);
  if (rc == 0)
    rc = put_options(out, "Always:", ZPM_GLOBAL_OPTIONS);
  return rc;
}

/* ---- all commands ---- */

int zpm_help_overview(struct zpm_str *out)
{
  int rc = zpm_str_puts(
      out, "zpm keeps programs running: it starts them, starts them again when "
           "they\ncrash, keeps their logs, and tells how they are.\n\n"
           "Usage: zpm <command> [options]\n\n");

  for (size_t i = 0; rc == 0 && i < ZPM_COMMAND_COUNT; i++) {
    const struct zpm_command *command = &ZPM_COMMANDS[i];

    if ((command->where & ZPM_ON_CLI) != 0)
      rc = put_entry(out, command->name, command->summary, NAME_COLUMN);
  }
  if (rc == 0)
    rc = put_options(out, "Always:", ZPM_GLOBAL_OPTIONS);
  if (rc == 0)
    rc = zpm_str_puts(out, "\nMore of a command: zpm help <command>\n");
  return rc;
}
