#include "cli/runs.h"

#include <string.h>

#include "cli/answer.h"
#include "core/interpreter.h"

int zpm_runs_put_word(struct zpm_str *out, const char *word)
{
  static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                              "UVWXYZ0123456789%+,-./:=@_";
  bool plain = word[0] != '\0' && word[strspn(word, PLAIN)] == '\0';
  int rc = zpm_str_puts(out, out->len > 0 ? " " : "");

  if (plain)
    return rc != 0 ? rc : zpm_str_puts(out, word);
  rc |= zpm_str_puts(out, "'");
  for (; rc == 0 && *word != '\0'; word++)
    rc = *word == '\'' ? zpm_str_puts(out, "'\\''")
                       : zpm_str_append(out, word, 1);
  return rc != 0 ? rc : zpm_str_puts(out, "'");
}

static int put_words(struct zpm_str *out, const cJSON *words)
{
  const cJSON *word;
  int rc = 0;

  cJSON_ArrayForEach(word, words)
  {
    if (rc == 0 && cJSON_IsString(word))
      rc = zpm_runs_put_word(out, word->valuestring);
  }
  return rc;
}

/* NULL: the script itself is executed. */
static const char *command_of(const cJSON *config, const char *script)
{
  const char *interpreter = zpm_answer_text(config, "interpreter");

  if (interpreter == NULL || strcmp(interpreter, "auto") == 0)
    return zpm_interpreter_command(zpm_interpreter_of_path(script));
  if (strcmp(interpreter, "custom") == 0)
    return zpm_answer_text(config, "interpreterCommand");
  return interpreter;
}

int zpm_runs_put(struct zpm_str *out, const cJSON *config)
{
  const char *script = zpm_answer_text(config, "scriptPath");
  const char *command = script != NULL ? command_of(config, script) : NULL;
  int rc = 0;

  if (script == NULL)
    return 0;
  if (command != NULL) {
    rc = zpm_runs_put_word(out, command);
    if (rc == 0)
      rc = put_words(
          out, cJSON_GetObjectItemCaseSensitive(config, "interpreterArgs"));
  }
  if (rc == 0)
    rc = zpm_runs_put_word(out, script);
  return rc != 0
             ? rc
             : put_words(out, cJSON_GetObjectItemCaseSensitive(config, "args"));
}
