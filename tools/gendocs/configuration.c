#include <stdio.h>

#include "gendocs.h"

static const char INTRODUCTION[] =
    "# Configuration of an app\n"
    "\n"
    "<!-- Made from the field table by tools/docs.sh. Do not edit. -->\n"
    "\n"
    "The same fields everywhere: in the JavaScript API, in `apps.json` (one\n"
    "object, or an array of them), in the protocol's `config`, and as flags "
    "of\n"
    "`zpm start` and `zpm restart`.\n"
    "\n"
    "```json\n"
    "{\n"
    "  \"name\": \"api\",\n"
    "  \"scriptPath\": \"./dist/server.js\",\n"
    "  \"cwd\": \"/srv/api\",\n"
    "  \"port\": 3000,\n"
    "  \"env\": { \"LOG_LEVEL\": \"debug\" },\n"
    "  \"killTimeout\": 10000,\n"
    "  \"logs\": { \"maxFiles\": 10, \"timestamps\": true }\n"
    "}\n"
    "```\n"
    "\n"
    "```sh\n"
    "zpm start ./dist/server.js --name api --cwd /srv/api --port 3000 \\\n"
    "  --env LOG_LEVEL=debug --kill-timeout 10000 --log-max-files 10 \\\n"
    "  --log-timestamps\n"
    "```\n"
    "\n"
    "A field that is unknown, of the wrong type or out of bounds is an error\n"
    "that names it; nothing is changed then. `null` means that a field is not\n"
    "given.\n"
    "\n"
    "## Fields\n"
    "\n"
    "| field | flag | value | default | |\n"
    "|---|---|---|---|---|\n";

static const char RULES[] =
    "\n"
    "## Rules\n"
    "\n"
    "- **name**: 1 to 64 letters, digits, spaces and `. _ - @ +`; it is also\n"
    "  the name of the folder of the app's logs. Not `all`. Without one it is\n"
    "  the script's base name without its extension.\n"
    "- **scriptPath**: an absolute path; a path with a `/` is taken from\n"
    "  `cwd`; a name without `/` is a file in `cwd`, else a command searched\n"
    "  for in `node_modules/.bin` of `cwd` and the folders above it, then in\n"
    "  `PATH`.\n"
    "- **cwd**: absolute. The command line and the JavaScript API put in the\n"
    "  caller's folder; in the protocol it is required.\n"
    "- **env**: an object of strings (numbers and booleans are taken as "
    "text).\n"
    "  Its values are shown as `<hidden>` unless they are asked for.\n"
    "- **interpreter**: `auto` runs `.js .mjs .cjs .ts .mts .cts` with node,\n"
    "  `.py` with python3, `.sh` with bash, and anything else by itself.\n"
    "  `interpreterCommand` alone makes it `custom`.\n"
    "- **minBackoff, maxBackoff**: if only one is given, the other gives way\n"
    "  to it.\n"
    "- Starting a stopped app again puts the given fields over the stored\n"
    "  ones; `env` is put over it variable by variable.\n"
    "- Sizes on the command line may end in `K`, `M` or `G` (times 1024).\n"
    "\n"
    "## Not available in this version yet\n"
    "\n"
    "These names are reserved. Giving one is an error that says so; `false`,\n"
    "`null`, `[]` and `{}` are accepted and ask for nothing.\n"
    "\n"
    "| field | flag | |\n"
    "|---|---|---|\n";

static void print_choices(const struct zpm_field *field)
{
  for (size_t i = 0; field->choices[i] != NULL; i++)
    printf("%s`\"%s\"`", i > 0 ? ", " : "", field->choices[i]);
}

static void print_bounds(const struct zpm_field *field)
{
  printf("%llu to %llu%s%s", (unsigned long long)field->min,
         (unsigned long long)field->max, field->unit != NULL ? " " : "",
         field->unit != NULL ? field->unit : "");
}

static void print_value(const struct zpm_field *field)
{
  switch (field->type) {
  case ZPM_FIELD_STRING:
    printf("string");
    break;
  case ZPM_FIELD_STRINGS:
    printf("array of strings");
    break;
  case ZPM_FIELD_ENV:
    printf("object of strings");
    break;
  case ZPM_FIELD_UINT32:
  case ZPM_FIELD_UINT64:
    print_bounds(field);
    break;
  case ZPM_FIELD_BOOL:
    printf("`true`, `false`");
    break;
  case ZPM_FIELD_CHOICE:
    print_choices(field);
    break;
  case ZPM_FIELD_AUTORESTART:
    printf("`true`, `false`, `\"always\"`");
    break;
  case ZPM_FIELD_SIGNAL:
    printf("name or number of a signal");
    break;
  case ZPM_FIELD_LATER:
    break;
  }
}

static void print_flag(const struct zpm_field *field)
{
  const char *value = value_of_field(field);

  /* A '|' would end the cell. */
  if (field->type == ZPM_FIELD_AUTORESTART)
    value = "VALUE";
  if (field->flag != NULL)
    printf("`--%s%s%s`", field->flag, value[0] != '\0' ? " " : "", value);
}

static void print_field(const struct zpm_field *field)
{
  printf("| `%s` | ", field->name);
  print_flag(field);
  if (field->type != ZPM_FIELD_LATER) {
    printf(" | ");
    print_value(field);
    printf(" | %s", field->fallback != NULL ? field->fallback : "");
  }
  printf(" | %s |\n", field->help);
}

void print_configuration(void)
{
  fputs(INTRODUCTION, stdout);
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    if (ZPM_FIELDS[i].type != ZPM_FIELD_LATER)
      print_field(&ZPM_FIELDS[i]);
  }
  fputs(RULES, stdout);
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    if (ZPM_FIELDS[i].type == ZPM_FIELD_LATER)
      print_field(&ZPM_FIELDS[i]);
  }
}
