#include <stdio.h>
#include <string.h>

#include "gendocs.h"
#include "zpm/version.h"

static const char HEAD[] =
    ".\\\" Made from the command table and the field table by tools/docs.sh.\n"
    ".TH ZPM 1 \"\" \"zpm " ZPM_VERSION "\" \"User commands\"\n"
    ".SH NAME\n"
    "zpm \\- process manager\n"
    ".SH SYNOPSIS\n"
    ".B zpm\n"
    ".I command\n"
    ".RI [ options ]\n"
    ".SH DESCRIPTION\n"
    "Starts programs, keeps them running, ends their whole process trees, "
    "keeps\n"
    "their logs and their figures.\n"
    "A daemon does the work; the first command starts it.\n"
    ".SH COMMANDS\n";

static const char TAIL[] =
    ".SH ENVIRONMENT\n"
    ".TP\n.B ZPM_HOME\nWhere zpm keeps its files (~/.zpm).\n"
    ".TP\n.B ZPM_NAMESPACE\nThe namespace when \\-\\-namespace is not given "
    "(zuz\\-pm).\n"
    ".TP\n.B NO_COLOR\nIf set, no colours.\n"
    ".SH FILES\n"
    "Below ~/.zpm/<namespace>:\n"
    ".TP\n.B logs/<app>/out.log, err.log\nWhat the app wrote; older parts are "
    "out.log.1, out.log.2, ...\n"
    ".TP\n.B state.json\nThe apps, and what is wanted of each.\n"
    ".TP\n.B selftests\nWhich Node binaries can run an app in cluster mode.\n"
    ".TP\n.B daemon.log\nWhat the daemon has to tell.\n"
    ".TP\n.B zpm.sock\nWhere the daemon listens.\n"
    ".SH EXIT STATUS\n"
    "0: done. 1: failed. 2: wrong usage.\n";

static void print_escaped(const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '\\')
      printf("\\e");
    else if (text[i] == '-')
      printf("\\-");
    else
      putchar(text[i]);
  }
}

static void print_text(const char *text)
{
  print_escaped(text, strlen(text));
}

/* A line of its own; roff takes a leading '.' or '\'' for a request. */
static void print_line(const char *text, size_t len)
{
  if (len > 0 && (text[0] == '.' || text[0] == '\''))
    printf("\\&");
  print_escaped(text, len);
  putchar('\n');
}

static void print_details(const char *text)
{
  bool in_code = false;

  while (*text != '\0') {
    size_t len = strcspn(text, "\n");
    bool is_code = text[0] == ' ';

    if (is_code != in_code)
      printf(is_code ? ".nf\n" : ".fi\n");
    in_code = is_code;
    if (len == 0)
      printf(".sp\n");
    else
      print_line(text, len);
    text += len + (text[len] == '\n' ? 1 : 0);
  }
  if (in_code)
    printf(".fi\n");
}

static void print_flag(char letter, const char *name, const char *value)
{
  printf(".TP\n\\fB");
  if (letter != 0)
    printf("\\-%c\\fR, \\fB", letter);
  printf("\\-\\-");
  print_text(name);
  printf("\\fR");
  if (value != NULL && value[0] != '\0') {
    printf(" \\fI");
    print_text(value);
    printf("\\fR");
  }
  putchar('\n');
}

static void print_options(const struct zpm_option *option)
{
  for (; option != NULL && option->name != NULL; option++) {
    print_flag(option->letter, option->name, option->value);
    print_line(option->help, strlen(option->help));
  }
}

static void print_command(const struct zpm_command *command)
{
  printf(".SS \"zpm ");
  print_text(command->name);
  if (command->operands != NULL) {
    putchar(' ');
    print_text(command->operands);
  }
  printf("\"\n");
  print_text(command->summary);
  printf(".\n");
  if (command->aliases != NULL) {
    printf("Also called");
    for (size_t i = 0; command->aliases[i] != NULL; i++)
      printf("%s %s", i > 0 ? "," : "", command->aliases[i]);
    printf(".\n");
  }
  if (command->details != NULL) {
    printf(".PP\n");
    print_details(command->details);
  }
  print_options(command->options);
}

static void print_field(const struct zpm_field *field)
{
  const char *value = value_of_field(field);

  print_flag(0, field->flag,
             field->type == ZPM_FIELD_WATCH ? "[=PATH]" : value);
  print_text(field->help);
  if (field->fallback != NULL) {
    printf(" (");
    print_text(field->fallback);
    putchar(')');
  }
  printf(".\n");
}

void print_man(void)
{
  fputs(HEAD, stdout);
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    if ((ZPM_COMMANDS[i].where & ZPM_ON_CLI) != 0)
      print_command(&ZPM_COMMANDS[i]);
  }
  printf(".SH OPTIONS OF START AND RESTART\n");
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    if (ZPM_FIELDS[i].flag != NULL)
      print_field(&ZPM_FIELDS[i]);
  }
  printf(".SH OPTIONS OF EVERY COMMAND\n");
  print_options(ZPM_GLOBAL_OPTIONS);
  fputs(TAIL, stdout);
}
