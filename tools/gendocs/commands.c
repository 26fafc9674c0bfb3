#include <stdio.h>
#include <string.h>

#include "gendocs.h"

static const char INTRODUCTION[] =
    "# Commands\n"
    "\n"
    "<!-- Made from the command table by tools/docs.sh. Do not edit. -->\n"
    "\n"
    "`zpm <command> [options]`. `zpm help <command>` shows the same texts.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage.\n"
    "\n";

static bool is_on_cli(const struct zpm_command *command)
{
  return (command->where & ZPM_ON_CLI) != 0;
}

static void print_option(const struct zpm_option *option)
{
  printf("- `");
  if (option->letter != 0)
    printf("-%c, ", option->letter);
  printf("--%s%s%s`: %s\n", option->name, option->value != NULL ? " " : "",
         option->value != NULL ? option->value : "", option->help);
}

static void print_options(const struct zpm_option *option)
{
  for (; option != NULL && option->name != NULL; option++)
    print_option(option);
}

static void print_aliases(const struct zpm_command *command)
{
  if (command->aliases == NULL)
    return;
  printf(" Also called");
  for (size_t i = 0; command->aliases[i] != NULL; i++)
    printf("%s `zpm %s`", i > 0 ? "," : "", command->aliases[i]);
  printf(".");
}

/* Details are prose; the lines with a margin are examples. */
static void print_details(const char *text)
{
  bool in_code = false;

  while (*text != '\0') {
    size_t len = strcspn(text, "\n");
    bool is_code = text[0] == ' ';

    if (is_code != in_code)
      printf(is_code ? "\n```sh\n" : "```\n");
    in_code = is_code;
    printf("%.*s\n", (int)(is_code ? len - 2 : len), text + (is_code ? 2 : 0));
    text += len + (text[len] == '\n' ? 1 : 0);
  }
  if (in_code)
    printf("```\n");
}

static void print_command(const struct zpm_command *command)
{
  bool options = command->options != NULL || command->takes_config;

  printf("## %s\n\n%s.", command->name, command->summary);
  print_aliases(command);
  printf("\n\n```\nzpm %s%s%s%s\n```\n", command->name,
         options ? " [options]" : "", command->operands != NULL ? " " : "",
         command->operands != NULL ? command->operands : "");
  if (command->details != NULL) {
    printf("\n");
    print_details(command->details);
  }
  if (options)
    printf("\n");
  print_options(command->options);
  if (command->takes_config)
    printf("- every flag of [the configuration](configuration.md)\n");
  printf("\n");
}

void print_commands(void)
{
  fputs(INTRODUCTION, stdout);
  printf("| command | |\n|---|---|\n");
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    const struct zpm_command *command = &ZPM_COMMANDS[i];

    if (is_on_cli(command))
      printf("| [%s](#%s) | %s |\n", command->name, command->name,
             command->summary);
  }
  printf("\nEvery command takes:\n\n");
  print_options(ZPM_GLOBAL_OPTIONS);
  printf("\n");
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    if (is_on_cli(&ZPM_COMMANDS[i]))
      print_command(&ZPM_COMMANDS[i]);
  }
}
