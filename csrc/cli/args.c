#include "cli/args.h"

#include <string.h>

#include "base/alloc.h"
#include "cli/flags.h"
#include "core/suggest.h"

struct parser {
  struct zpm_args *args;
  const char *const *argv;
  int argc;
  int at; /* the word being read */
  struct zpm_error *err;
};

/* ---- one option ---- */

static int need_no_value(const struct parser *p, const char *name)
{
  return zpm_error_set(p->err, ZPM_EARG, "--%s takes no value", name);
}

/* The value after '=', else the next word, else an error. */
static int take_value(struct parser *p, const struct zpm_flag *flag,
                      const char **value)
{
  if (flag->attached != NULL) {
    *value = flag->attached;
    return 0;
  }
  if (p->at + 1 >= p->argc)
    return zpm_error_set(p->err, ZPM_EARG, "%s needs a value", flag->shown);
  *value = p->argv[++p->at];
  return 0;
}

static int store_option(struct parser *p, const struct zpm_flag *flag)
{
  struct zpm_args *args = p->args;
  struct zpm_arg_option taken = {.option = flag->option, .off = flag->negated};
  int rc = 0;

  if (args->option_count == ZPM_ARGS_OPTIONS_MAX)
    return zpm_error_set(p->err, ZPM_EARG, "too many options");
  if (flag->option->value != NULL)
    rc = take_value(p, flag, &taken.value);
  else if (flag->attached != NULL)
    rc = need_no_value(p, flag->option->name);
  if (rc == 0)
    args->options[args->option_count++] = taken;
  return rc;
}

static bool is_restart_word(const char *word)
{
  return word != NULL &&
         (strcmp(word, "true") == 0 || strcmp(word, "false") == 0 ||
          strcmp(word, "always") == 0);
}

/* --autorestart alone is true; a word that can only be its value is taken. */
static int take_restart_word(struct parser *p, const struct zpm_flag *flag,
                             const char **value)
{
  const char *next = p->at + 1 < p->argc ? p->argv[p->at + 1] : NULL;

  if (flag->attached != NULL || is_restart_word(next))
    return take_value(p, flag, value);
  *value = "true";
  return 0;
}

static int store_field(struct parser *p, const struct zpm_flag *flag)
{
  const struct zpm_field *field = &ZPM_FIELDS[flag->field];
  const char *value;
  int rc = 0;

  if (flag->negated && flag->attached != NULL)
    return need_no_value(p, flag->shown + 2);
  if (flag->negated)
    value = "false";
  else if (field->type == ZPM_FIELD_BOOL || field->type == ZPM_FIELD_WATCH)
    value = flag->attached != NULL ? flag->attached : "true";
  else if (field->type == ZPM_FIELD_AUTORESTART)
    rc = take_restart_word(p, flag, &value);
  else
    rc = take_value(p, flag, &value);
  if (rc == 0)
    rc = zpm_config_set_text(&p->args->config, flag->field, value, p->err);
  return rc;
}

static int store(struct parser *p, const struct zpm_flag *flag)
{
  return flag->option != NULL ? store_option(p, flag) : store_field(p, flag);
}

static int parse_long(struct parser *p, const char *word)
{
  struct zpm_flag flag;
  int rc = zpm_flag_find_long(&flag, p->args->command, word, p->err);

  return rc == 0 ? store(p, &flag) : rc;
}

/* "-f", "-n20", "-n 20", or several switches at once: "-jf". */
static int parse_short(struct parser *p, const char *word)
{
  for (const char *letter = word + 1; *letter != '\0'; letter++) {
    struct zpm_flag flag;
    int rc = zpm_flag_find_letter(&flag, p->args->command, letter, p->err);

    if (rc == 0)
      rc = store(p, &flag);
    if (rc != 0 || flag.attached != NULL)
      return rc;
  }
  return 0;
}

/* ---- the command ---- */

static bool looks_like_a_file(const char *word)
{
  return strchr(word, '/') != NULL || strchr(word, '.') != NULL;
}

/* Commands of PM2, where the nearest word would mislead. */
static const char *const HABITS[][2] = {
    {"cleardump", "to forget all apps: zpm delete all"},
    {"monit", "see: zpm stats"},
    {"flush", "logs are rotated by themselves: --log-max-size of start"},
};

static const char *habit(const char *word)
{
  for (size_t i = 0; i < sizeof(HABITS) / sizeof(HABITS[0]); i++) {
    if (strcmp(HABITS[i][0], word) == 0)
      return HABITS[i][1];
  }
  return NULL;
}

static int unknown_command(const char *word, struct zpm_error *err)
{
  const char *near = zpm_command_suggest(word, ZPM_ON_CLI);
  const char *instead = habit(word);

  if (looks_like_a_file(word))
    return zpm_error_set(err, ZPM_ECOMMAND,
                         "'%s' is no command. To run it: zpm start %s", word,
                         word);
  if (instead != NULL)
    return zpm_error_set(err, ZPM_ECOMMAND, "no command '%s': %s", word,
                         instead);
  if (near != NULL)
    return zpm_error_set(err, ZPM_ECOMMAND,
                         "unknown command '%s'. Did you mean '%s'?", word,
                         near);
  return zpm_error_set(err, ZPM_ECOMMAND, "unknown command '%s'. See: zpm help",
                       word);
}

/* Skips the global options before the command; returns where it stands, or 0
 * if there is none. */
static int find_command(struct parser *p, int *place)
{
  *place = 0;
  for (p->at = 1; p->at < p->argc; p->at++) {
    const char *word = p->argv[p->at];
    int rc;

    if (word[0] != '-' || word[1] == '\0' || strcmp(word, "--") == 0) {
      *place = p->at;
      return 0;
    }
    rc = word[1] == '-' ? parse_long(p, word) : parse_short(p, word);
    if (rc != 0)
      return rc;
  }
  return 0;
}

/* ---- all ---- */

/* "<name>..." any number, at least one; "[name]" one at most. */
static void operand_bounds(const struct zpm_command *command, size_t *least,
                           size_t *most)
{
  const char *at = command->operands != NULL ? command->operands : "";

  *least = 0;
  *most = 0;
  for (; *at != '\0' && strncmp(at, "[--", 3) != 0; at++) {
    *least += *at == '<';
    *most += *at == '<' || *at == '[';
    if (strncmp(at, "...", 3) == 0)
      *most = (size_t)-1;
    at += *at == '.' && *most == (size_t)-1 ? 2 : 0;
  }
}

/* --watch alone, and a path after it. */
static bool watches_script(const struct zpm_args *args)
{
  const struct zpm_strv *watch = &args->config.watch;

  return watch->len > 0 && watch->items[watch->len - 1][0] == '\0';
}

static int check_operands(const struct zpm_args *args, struct zpm_error *err)
{
  const struct zpm_command *command = args->command;
  size_t least;
  size_t most;

  operand_bounds(command, &least, &most);
  if (args->operand_count < least)
    return zpm_error_set(err, ZPM_EARG, "missing %s. Usage: zpm %s %s",
                         command->operands, command->name, command->operands);
  if (args->operand_count <= most)
    return 0;
  if (command->takes_config && watches_script(args))
    return zpm_error_set(err, ZPM_EARG,
                         "'%s' is one too many. A path to watch is written "
                         "--watch=PATH; arguments of the program go after --",
                         args->operands[most]);
  if (command->takes_config)
    return zpm_error_set(err, ZPM_EARG,
                         "'%s' is one too many. Arguments of the program go "
                         "after --: zpm %s %s -- %s",
                         args->operands[most], command->name, args->operands[0],
                         args->operands[most]);
  return zpm_error_set(err, ZPM_EARG, "'%s' is one too many. Usage: zpm %s%s%s",
                       args->operands[most], command->name,
                       command->operands != NULL ? " " : "",
                       command->operands != NULL ? command->operands : "");
}

static void take_rest(struct parser *p)
{
  struct zpm_args *args = p->args;

  for (p->at++; p->at < p->argc; p->at++) {
    if (args->command->takes_config)
      args->rest_count++;
    else
      args->operands[args->operand_count++] = p->argv[p->at];
  }
  args->rest = p->argv + p->argc - args->rest_count;
}

/* "-1" is an operand, as of `scale`. */
static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static int parse_words(struct parser *p)
{
  int rc = 0;

  for (p->at++; rc == 0 && p->at < p->argc; p->at++) {
    const char *word = p->argv[p->at];

    if (strcmp(word, "--") == 0) {
      take_rest(p);
      return 0;
    }
    if (word[0] == '-' && word[1] == '-')
      rc = parse_long(p, word);
    else if (word[0] == '-' && word[1] != '\0' && !is_digit(word[1]))
      rc = parse_short(p, word);
    else
      p->args->operands[p->args->operand_count++] = word;
  }
  return rc;
}

int zpm_args_parse(struct zpm_args *args, int argc, const char *const *argv,
                   struct zpm_error *err)
{
  struct parser p = {.args = args, .argv = argv, .argc = argc, .err = err};
  int place;
  int rc;

  *args = (struct zpm_args){0};
  zpm_config_init(&args->config);
  args->operands = zpm_alloc_zeroed((size_t)argc + 1, sizeof(char *));
  if (args->operands == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  rc = find_command(&p, &place);
  if (rc != 0 || place == 0)
    return rc;
  args->command = zpm_command_find(argv[place], ZPM_ON_CLI);
  if (args->command == NULL)
    return unknown_command(argv[place], err);
  rc = parse_words(&p);
  if (rc == 0 && !zpm_args_switch(args, "help", false))
    rc = check_operands(args, err);
  return rc;
}

void zpm_args_deinit(struct zpm_args *args)
{
  zpm_free(args->operands);
  args->operands = NULL;
  zpm_config_deinit(&args->config);
}

/* ---- looking ---- */

static const struct zpm_arg_option *find_last(const struct zpm_args *args,
                                              const char *name)
{
  for (size_t i = args->option_count; i > 0; i--) {
    if (strcmp(args->options[i - 1].option->name, name) == 0)
      return &args->options[i - 1];
  }
  return NULL;
}

bool zpm_args_switch(const struct zpm_args *args, const char *name,
                     bool fallback)
{
  const struct zpm_arg_option *given = find_last(args, name);

  return given != NULL ? !given->off : fallback;
}

const char *zpm_args_value(const struct zpm_args *args, const char *name)
{
  const struct zpm_arg_option *given = find_last(args, name);

  return given != NULL ? given->value : NULL;
}

int zpm_args_number(const struct zpm_args *args, const char *name,
                    unsigned long max, unsigned long *out,
                    struct zpm_error *err)
{
  const char *text = zpm_args_value(args, name);
  unsigned long value = 0;
  size_t i = 0;

  if (text == NULL)
    return 0;
  for (; text[i] >= '0' && text[i] <= '9' && value <= max; i++)
    value = value * 10 + (unsigned long)(text[i] - '0');
  if (i == 0 || text[i] != '\0' || value > max)
    return zpm_error_set(err, ZPM_EARG,
                         "--%s must be a whole number of 0 to %lu, not '%s'",
                         name, max, text);
  *out = value;
  return 0;
}
