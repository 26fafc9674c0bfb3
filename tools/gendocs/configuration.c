#include <stdio.h>

#include "gendocs.h"

static const int MS_PER_SECOND = 1000;

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
    "- **Sizes** may be text that ends in `K`, `M` or `G` (times 1024; `MB` "
    "and\n"
    "  `MiB` are the same as `M`): `\"200M\"`, `\"1.5G\"`.\n"
    "- **false** turns off what is off by default: no probes, no schedule, "
    "the\n"
    "  daemon's own user. On the command line that is `--no-probe`, "
    "`--no-cron`\n"
    "  and so on.\n"
    "- **watch**: `true` is the script's folder, as with `devMode`. A "
    "relative\n"
    "  path is taken from the caller's folder (in the protocol, from `cwd`).\n"
    "- **envFile**: a relative path is taken from where the caller is, as "
    "that\n"
    "  of `cwd`. Over the caller's environment, below `env`. What is in it is\n"
    "  read when the app starts, and shown nowhere. See below.\n"
    "- **eventLoopTimeoutSeconds** and **shutdownMessage** work with Node "
    "apps\n"
    "  only; with others they are accepted and do nothing.\n"
    "- **user** and **uid** contradict each other. Only root may start apps "
    "as\n"
    "  somebody else.\n"
    "- **env**: each app is also given `ZPM_APP_NAME`, `ZPM_INSTANCE` and\n"
    "  `NODE_APP_INSTANCE` (0 for the first of its processes), and `PORT` if\n"
    "  it has one.\n"
    "- **umask**: text is octal (`\"022\"`, `\"0o22\"`), a JSON number is the\n"
    "  number (18).\n"
    "\n"
    "## Limits\n"
    "\n"
    "`rlimits` is an object of limits by their names: `as`, `core`, `cpu`\n"
    "(seconds), `data`, `fsize`, `memlock`, `nofile`, `nproc`, `stack`. Each "
    "is\n"
    "a number, a size such as `\"2G\"`, `\"unlimited\"`, or an array of two:\n"
    "the soft and the hard limit.\n"
    "\n"
    "```json\n"
    "{ \"rlimits\": { \"nofile\": [4096, 8192], \"core\": \"unlimited\" } }\n"
    "```\n"
    "\n"
    "```sh\n"
    "zpm start app.js --rlimit nofile=4096:8192 --rlimit core=unlimited\n"
    "```\n"
    "\n"
    "## The file of envFile\n"
    "\n"
    "Lines of `KEY=value`, with `export` before it or without. Blank lines "
    "and\n"
    "what follows a `#` (at the beginning, or after a blank) are passed over. "
    "A\n"
    "value may be in single quotes, where everything stands for itself, or in\n"
    "double quotes, where `\\n`, `\\r`, `\\t`, `\\\"`, `\\$` and `\\\\` are "
    "escapes;\n"
    "in quotes it may go over several lines. Nothing is expanded. A file that\n"
    "is missing, or has a line that is neither, keeps the app from starting,\n"
    "and the error names the file and the line.\n"
    "\n"
    "## Probes\n"
    "\n"
    "`probe` is one object or an array of up to 8.\n"
    "\n"
    "```json\n"
    "{\n"
    "  \"probe\": [\n"
    "    { \"type\": \"http\", \"target\": \"http://localhost:3000/health\" "
    "},\n"
    "    { \"type\": \"tcp\", \"target\": \"localhost:3000\", \"kind\": "
    "\"readiness\",\n"
    "      \"intervalSeconds\": 0.5 }\n"
    "  ]\n"
    "}\n"
    "```\n"
    "\n"
    "```sh\n"
    "zpm start app.js --probe http://localhost:3000/health \\\n"
    "  --probe tcp:localhost:3000,kind=readiness,interval=0.5\n"
    "zpm start app.js --probe 'exec:./check.sh --quick,timeout=2'\n"
    "```\n"
    "\n"
    "Options after a target are those that the table has, by their names or "
    "by\n"
    "the shorter ones; `insecure` alone is `insecure=true`. What looks like "
    "an\n"
    "option and is none is an error, so a comma in a URL is written `%2C`\n"
    "there. Giving probes again puts the new ones in the place of all old "
    "ones.\n"
    "\n"
    "| field | in `--probe` | value | default | |\n"
    "|---|---|---|---|---|\n";

static void print_choices(const struct zpm_field *field)
{
  for (size_t i = 0; field->choices[i] != NULL; i++)
    printf("%s`\"%s\"`", i > 0 ? ", " : "", field->choices[i]);
}

static void print_bounds(const struct zpm_field *field)
{
  printf("%s%llu to %llu%s%s", field->off && field->min > 0 ? "0, " : "",
         (unsigned long long)field->min, (unsigned long long)field->max,
         field->unit != NULL ? " " : "",
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
    print_bounds(field);
    break;
  case ZPM_FIELD_UINT64:
    printf("bytes, or text such as `\"200M\"`");
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
  case ZPM_FIELD_SECONDS:
    printf("%s%.15g to %.15g seconds", field->off ? "0, " : "",
           (double)field->min / MS_PER_SECOND,
           (double)field->max / MS_PER_SECOND);
    break;
  case ZPM_FIELD_ID:
    printf("number of a user or group");
    break;
  case ZPM_FIELD_UMASK:
    printf("octal text, or a number");
    break;
  case ZPM_FIELD_NICE:
    printf("-20 to 19");
    break;
  case ZPM_FIELD_INSTANCES:
    printf("1 to %llu, `\"max\"`, or -1 and less",
           (unsigned long long)field->max);
    break;
  case ZPM_FIELD_RLIMITS:
    printf("object, see below");
    break;
  case ZPM_FIELD_PROBES:
    printf("object or array of objects, see below");
    break;
  case ZPM_FIELD_WATCH:
    printf("`true`, `false`, array of paths");
    break;
  }
}

static void print_flag(const struct zpm_field *field)
{
  const char *value = value_of_field(field);

  /* A '|' would end the cell. */
  if (field->type == ZPM_FIELD_AUTORESTART)
    value = "VALUE";
  if (field->flag != NULL && field->type == ZPM_FIELD_WATCH)
    printf("`--%s[=PATH]`", field->flag);
  else if (field->flag != NULL)
    printf("`--%s%s%s`", field->flag, value[0] != '\0' ? " " : "", value);
}

static void print_field(const struct zpm_field *field)
{
  printf("| `%s` | ", field->name);
  print_flag(field);
  printf(" | ");
  print_value(field);
  printf(" | %s | %s |\n", field->fallback != NULL ? field->fallback : "",
         field->help);
}

static void print_probe_field(const struct zpm_field *field)
{
  bool is_option = field->flag != NULL || field->fallback != NULL;

  printf("| `%s` | ", field->name);
  if (is_option)
    printf("`%s`", field->flag != NULL ? field->flag : field->name);
  printf(" | ");
  print_value(field);
  printf(" | %s | %s |\n", field->fallback != NULL ? field->fallback : "",
         field->help);
}

void print_configuration(void)
{
  fputs(INTRODUCTION, stdout);
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++)
    print_field(&ZPM_FIELDS[i]);
  fputs(RULES, stdout);
  for (size_t i = 0; i < ZPM_PROBE_FIELD_COUNT; i++)
    print_probe_field(&ZPM_PROBE_FIELDS[i]);
}
