#include "cli/exits.h"

#include <string.h>
#include <time.h>

#include "cli/answer.h"
#include "cli/text.h"

enum { LINE_WIDTH = 300 };

static int put_time(struct zpm_str *out, double ms)
{
  time_t seconds = (time_t)(ms / 1000);
  struct tm parts;
  char text[32];

  if (ms <= 0 || localtime_r(&seconds, &parts) == NULL ||
      strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) == 0)
    return zpm_str_puts(out, "at an unknown time");
  return zpm_str_puts(out, text);
}

/* "exit code 1", "SIGSEGV" */
static int put_how(struct zpm_str *out, const cJSON *end)
{
  const char *signal = zpm_answer_text(end, "signal");
  double code = zpm_answer_number(end, "code", -1);

  if (signal != NULL)
    return zpm_str_puts(out, signal);
  if (code >= 0)
    return zpm_str_printf(out, "exit code %.0f", code);
  return zpm_str_puts(out, "nobody saw how");
}

/* What else but the process itself made it end. */
static const char *words_for(const char *cause)
{
  static const struct {
    const char *cause;
    const char *words;
  } WORDS[] = {
      {"asked", "it was asked to"},
      {"renewed", "started anew"},
      {"unhealthy", "its liveness probe failed"},
      {"not-ready", "it did not become ready"},
      {"out-of-memory", "the kernel ran out of memory"},
  };

  for (size_t i = 0; cause != NULL && i < sizeof(WORDS) / sizeof(WORDS[0]);
       i++) {
    if (strcmp(WORDS[i].cause, cause) == 0)
      return WORDS[i].words;
  }
  return NULL;
}

/* "2026-11-23 04:45:03  exit code 1 after 66ms: reason" */
static int put_end(struct zpm_str *out, const cJSON *end)
{
  const char *reason = zpm_answer_text(end, "reason");
  int rc = put_time(out, zpm_answer_number(end, "at", 0));

  if (reason == NULL)
    reason = words_for(zpm_answer_text(end, "cause"));
  if (rc == 0)
    rc = zpm_str_puts(out, "  ");
  if (rc == 0)
    rc = put_how(out, end);
  if (rc == 0)
    rc = zpm_str_puts(out, " after ");
  if (rc == 0)
    rc = zpm_text_duration(out, zpm_answer_number(end, "uptime", 0));
  if (rc == 0 && reason != NULL)
    rc = zpm_str_printf(out, ": %s", reason);
  return rc;
}

static void show_line(struct zpm_screen *screen, char *line)
{
  line[zpm_text_prefix(line, LINE_WIDTH)] = '\0';
  zpm_screen_print(screen, "      ");
  zpm_screen_text(screen, ZPM_TONE_FAINT, line);
  zpm_screen_print(screen, "\n");
}

static void show_end(struct zpm_screen *screen, const cJSON *end)
{
  struct zpm_str text = {0};
  const cJSON *line;

  if (put_end(&text, end) == 0) {
    zpm_screen_print(screen, "  ");
    zpm_screen_text(screen, ZPM_TONE_PLAIN, text.data);
    zpm_screen_print(screen, "\n");
  }
  zpm_str_deinit(&text);
  cJSON_ArrayForEach(line, cJSON_GetObjectItemCaseSensitive(end, "lines"))
  {
    if (cJSON_IsString(line))
      show_line(screen, line->valuestring);
  }
}

void zpm_exits_show(struct zpm_screen *screen, const cJSON *exits)
{
  const cJSON *end;

  if (!cJSON_IsArray(exits) || exits->child == NULL)
    return;
  zpm_screen_print(screen, "\nLast exits\n");
  cJSON_ArrayForEach(end, exits)
  {
    show_end(screen, end);
  }
}

bool zpm_exits_tell_lines(const cJSON *exits)
{
  return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(
             cJSON_GetArrayItem(exits, 0), "lines")) > 0;
}
