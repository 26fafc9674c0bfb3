#include "cli/flags.h"

#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "core/suggest.h"

enum { MAX_CANDIDATES = 128 };

static const struct zpm_option *find_name(const struct zpm_option *options,
                                          const char *name)
{
  for (; options != NULL && options->name != NULL; options++) {
    if (strcmp(options->name, name) == 0)
      return options;
  }
  return NULL;
}

static const struct zpm_option *find_option(const struct zpm_command *command,
                                            const char *name)
{
  const struct zpm_option *option = NULL;

  if (command != NULL)
    option = find_name(command->options, name);
  return option != NULL ? option : find_name(ZPM_GLOBAL_OPTIONS, name);
}

static bool find(struct zpm_flag *flag, const struct zpm_command *command,
                 const char *name)
{
  flag->option = find_option(command, name);
  if (flag->option != NULL)
    return !flag->negated || flag->option->value == NULL;
  if (command == NULL || !command->takes_config)
    return false;
  flag->field = zpm_config_field_of_flag(name);
  return flag->field >= 0 &&
         (!flag->negated || zpm_field_is_switch(&ZPM_FIELDS[flag->field]));
}

/* ---- nothing found ---- */

struct candidates {
  const char *names[MAX_CANDIDATES];
  size_t count;
};

static void add(struct candidates *candidates, const char *name)
{
  if (name != NULL && candidates->count < MAX_CANDIDATES)
    candidates->names[candidates->count++] = name;
}

static void add_options(struct candidates *candidates,
                        const struct zpm_option *options)
{
  for (; options != NULL && options->name != NULL; options++)
    add(candidates, options->name);
}

static const char *suggest(const struct zpm_command *command, const char *name)
{
  struct candidates candidates = {.count = 0};

  add_options(&candidates, ZPM_GLOBAL_OPTIONS);
  if (command != NULL)
    add_options(&candidates, command->options);
  for (size_t i = 0;
       command != NULL && command->takes_config && i < ZPM_FIELD_COUNT; i++)
    add(&candidates, ZPM_FIELDS[i].flag);
  return zpm_suggest(name, candidates.names, candidates.count);
}

static int unknown(const struct zpm_flag *flag,
                   const struct zpm_command *command, const char *name,
                   struct zpm_error *err)
{
  const char *near = suggest(command, name);

  if (near != NULL)
    return zpm_error_set(err, ZPM_EARG,
                         "unknown option '%s'. Did you mean '--%s'?",
                         flag->shown, near);
  if (command == NULL)
    return zpm_error_set(err, ZPM_EARG,
                         "unknown option '%s'. Options of a command go after "
                         "it. See: zpm help",
                         flag->shown);
  return zpm_error_set(err, ZPM_EARG, "unknown option '%s'. See: zpm help %s",
                       flag->shown, command->name);
}

/* ---- finding ---- */

int zpm_flag_find_long(struct zpm_flag *flag, const struct zpm_command *command,
                       const char *word, struct zpm_error *err)
{
  size_t len = strcspn(word, "=");
  const char *name;

  *flag = (struct zpm_flag){.field = -1};
  flag->attached = word[len] == '=' ? word + len + 1 : NULL;
  snprintf(flag->shown, sizeof(flag->shown), "%.*s", (int)len, word);
  name = flag->shown + 2;
  if (find(flag, command, name))
    return 0;
  if (strncmp(name, "no-", 3) == 0) {
    flag->negated = true;
    if (find(flag, command, name + 3))
      return 0;
  }
  return unknown(flag, command, name, err);
}

static const struct zpm_option *find_letter(const struct zpm_option *options,
                                            char letter)
{
  for (; options != NULL && options->name != NULL; options++) {
    if (options->letter == letter)
      return options;
  }
  return NULL;
}

int zpm_flag_find_letter(struct zpm_flag *flag,
                         const struct zpm_command *command, const char *letter,
                         struct zpm_error *err)
{
  *flag = (struct zpm_flag){.field = -1};
  snprintf(flag->shown, sizeof(flag->shown), "-%c", *letter);
  if (command != NULL)
    flag->option = find_letter(command->options, *letter);
  if (flag->option == NULL)
    flag->option = find_letter(ZPM_GLOBAL_OPTIONS, *letter);
  if (flag->option == NULL)
    return unknown(flag, command, flag->shown + 1, err);
  if (flag->option->value != NULL && letter[1] != '\0')
    flag->attached = letter + 1 + (letter[1] == '=');
  return 0;
}

/* ---- messages ---- */

static bool is_name_byte(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Of the field whose name begins the text: how long that is; NULL: none.  What
 * lies in a field is called by it: "probe.target" by "probe". */
static const char *flag_of(const char *text, size_t *len)
{
  int field;

  *len = 0;
  while (is_name_byte(text[*len]) ||
         (text[*len] == '.' && is_name_byte(text[*len + 1])))
    (*len)++;
  field = zpm_config_field_of_name(text, *len);
  for (; field < 0 && *len > 0; (*len)--) {
    if (text[*len] == '.')
      field = zpm_config_field_of_name(text, *len);
    if (field >= 0)
      break;
  }
  return field >= 0 ? ZPM_FIELDS[field].flag : NULL;
}

void zpm_flags_reword(struct zpm_error *err)
{
  static const char MARK[] = "config.";
  struct zpm_error before = *err;
  const char *at = before.message;
  size_t used = 0;

  while (*at != '\0' && used + 1 < sizeof(err->message)) {
    bool marked = strncmp(at, MARK, sizeof(MARK) - 1) == 0;
    size_t len = 0;
    const char *flag = marked ? flag_of(at + sizeof(MARK) - 1, &len) : NULL;

    if (flag == NULL) {
      err->message[used++] = *at++;
      continue;
    }
    snprintf(err->message + used, sizeof(err->message) - used, "--%s", flag);
    used += strlen(err->message + used);
    at += sizeof(MARK) - 1 + len;
  }
  err->message[used] = '\0';
}
