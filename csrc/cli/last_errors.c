#include "cli/last_errors.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/answer.h"
#include "cli/text.h"

enum { LINES = 5, WIDTH = 300 };

static void show_lines(struct zpm_screen *screen, const char *text)
{
  while (*text != '\0') {
    size_t len = strcspn(text, "\n");
    struct zpm_str line = {0};

    if (zpm_str_append(&line, text, len) == 0) {
      line.data[zpm_text_prefix(line.data, WIDTH)] = '\0';
      zpm_screen_print(screen, "  ");
      zpm_screen_text(screen, ZPM_TONE_PLAIN, line.data);
      zpm_screen_print(screen, "\n");
    }
    zpm_str_deinit(&line);
    text += len + (text[len] == '\n');
  }
}

/* The answer may come in several pieces; the last one is its end. */
static int show_answer(struct zpm_screen *screen, struct zpm_talk *talk,
                       struct zpm_error *err)
{
  struct zpm_str text = {0};
  bool ended = false;
  int rc = 0;

  while (rc == 0 && !ended) {
    const char *line = zpm_talk_receive(talk, err);
    cJSON *piece = NULL;

    rc = line != NULL ? zpm_answer_parse(line, &piece, err) : err->code;
    if (rc == 0 && zpm_answer_text(piece, "data") != NULL)
      rc = zpm_str_puts(&text, zpm_answer_text(piece, "data"));
    ended = cJSON_HasObjectItem(piece, "end");
    cJSON_Delete(piece);
  }
  if (rc == 0 && text.len > 0) {
    zpm_screen_print(screen, "\nLast errors\n");
    show_lines(screen, text.data);
  }
  zpm_str_deinit(&text);
  return rc;
}

int zpm_last_errors_show(struct zpm_screen *screen, struct zpm_talk *talk,
                         const char *name, struct zpm_error *err)
{
  struct zpm_writer *writer = &talk->writer;
  int rc;

  zpm_talk_begin(talk, "logs");
  zpm_writer_key(writer, "name");
  zpm_writer_bytes(writer, name, strlen(name));
  zpm_writer_key(writer, "lines");
  zpm_writer_uint(writer, LINES);
  zpm_writer_key(writer, "follow");
  zpm_writer_bool(writer, false);
  zpm_writer_key(writer, "stream");
  zpm_writer_text(writer, "err");
  zpm_talk_end(talk);
  rc = zpm_talk_flush(talk, err);
  return rc == 0 ? show_answer(screen, talk, err) : rc;
}

/* ---- after a start that failed ---- */

double zpm_last_errors_now(void)
{
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void tell_lines(const cJSON *lines)
{
  const cJSON *line;

  cJSON_ArrayForEach(line, lines)
  {
    struct zpm_str text = {0};

    if (cJSON_IsString(line) && zpm_text_escape(&text, line->valuestring) == 0)
      fprintf(stderr, "  %s\n", zpm_str_text(&text));
    zpm_str_deinit(&text);
  }
}

void zpm_last_errors_tell(struct zpm_talk *talk, const char *name,
                          double asked_ms)
{
  struct zpm_error err;
  cJSON *reply = NULL;
  const cJSON *exits;

  if (zpm_talk_ask(talk, "describe", name, &reply, &err) != 0)
    return;
  exits = cJSON_GetObjectItemCaseSensitive(zpm_answer_data(reply), "exits");
  if (cJSON_IsArray(exits) && exits->child != NULL &&
      zpm_answer_number(exits->child, "at", 0) >= asked_ms)
    tell_lines(cJSON_GetObjectItemCaseSensitive(exits->child, "lines"));
  cJSON_Delete(reply);
}
