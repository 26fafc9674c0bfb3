#include "cli/follow.h"

#include <stdio.h>
#include <string.h>

#include "cli/interrupt.h"

/* What is being read. */
struct reader {
  const struct zpm_follow *follow;
  struct zpm_cli *cli;
  struct zpm_talk *talk;
  struct zpm_interrupt interrupt; /* if until_ctrl_c */
  bool ended;
  bool inside_line; /* the last piece did not end its line */
  char last[80];    /* app and stream of the last piece */
};

/* ---- asking ---- */

static int ask(const struct reader *reader, struct zpm_error *err)
{
  const struct zpm_follow *follow = reader->follow;
  struct zpm_writer *writer = &reader->talk->writer;

  zpm_talk_begin(reader->talk, "logs");
  if (follow->name != NULL) {
    zpm_writer_key(writer, "name");
    zpm_writer_bytes(writer, follow->name, strlen(follow->name));
  }
  zpm_writer_key(writer, "lines");
  zpm_writer_uint(writer, follow->lines);
  zpm_writer_key(writer, "follow");
  zpm_writer_bool(writer, follow->live);
  if (follow->stream != NULL) {
    zpm_writer_key(writer, "stream");
    zpm_writer_text(writer, follow->stream);
  }
  zpm_talk_end(reader->talk);
  return zpm_talk_flush(reader->talk, err);
}

/* ---- showing ---- */

/* A line that one stream has left open ends before another stream speaks. */
static void change_source(struct reader *reader, const char *name,
                          const char *stream)
{
  char source[sizeof(reader->last)];

  snprintf(source, sizeof(source), "%s %s", stream, name);
  if (reader->inside_line && strcmp(reader->last, source) != 0) {
    zpm_screen_print(&reader->cli->screen, "\n");
    reader->inside_line = false;
  }
  memcpy(reader->last, source, sizeof(source));
}

/* Output of several apps: each line says whose it is. */
static void show_lines(struct reader *reader, const char *name,
                       const char *text)
{
  struct zpm_screen *screen = &reader->cli->screen;

  while (*text != '\0') {
    size_t len = strcspn(text, "\n");

    if (!reader->inside_line)
      zpm_screen_prefix(screen, name);
    zpm_screen_bytes(screen, text, len);
    text += len;
    reader->inside_line = *text == '\0';
    if (*text == '\n')
      zpm_screen_bytes(screen, text++, 1);
  }
}

static void show_as_it_is(struct reader *reader, const char *text)
{
  size_t len = strlen(text);

  zpm_screen_bytes(&reader->cli->screen, text, len);
  if (len > 0)
    reader->inside_line = text[len - 1] != '\n';
}

static void tell_lag(const cJSON *reply)
{
  const cJSON *data = zpm_answer_data(reply);

  fprintf(stderr,
          "zpm: %.0f bytes of output were left out here: this reader was too "
          "slow. The log files have them.\n",
          zpm_answer_number(data, "dropped", 0));
}

static void show_piece(struct reader *reader, const cJSON *piece)
{
  const char *name = zpm_answer_text(piece, "name");
  const char *stream = zpm_answer_text(piece, "stream");
  const char *text = zpm_answer_text(piece, "data");

  if (text == NULL)
    return;
  change_source(reader, name != NULL ? name : "", stream != NULL ? stream : "");
  if (reader->follow->name != NULL || name == NULL)
    show_as_it_is(reader, text);
  else
    show_lines(reader, name, text);
}

static int show(struct reader *reader, const char *line, struct zpm_error *err)
{
  cJSON *reply = cJSON_Parse(line);
  bool is_lag = zpm_answer_text(reply, "event") != NULL;
  int rc = 0;

  if (is_lag)
    tell_lag(reply);
  else if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "ok")))
    rc = zpm_answer_refusal(reply, err);
  reader->ended = cJSON_HasObjectItem(reply, "end");
  if (rc == 0 && !reader->ended && reader->cli->json)
    zpm_screen_print(&reader->cli->screen, "%s\n", line);
  else if (rc == 0 && !is_lag)
    show_piece(reader, reply);
  cJSON_Delete(reply);
  return rc;
}

/* ---- reading ---- */

/* The next line; NULL with err->code 0: Ctrl-C. */
static const char *receive(struct reader *reader, struct zpm_error *err)
{
  const char *line;

  if (!reader->follow->until_ctrl_c)
    return zpm_talk_receive(reader->talk, err);
  for (;;) {
    line = zpm_talk_receive_now(reader->talk, err);
    if (line != NULL || err->code != UV_ETIMEDOUT)
      return line;
    *err = (struct zpm_error){0};
    if (zpm_interrupt_wait(&reader->interrupt, zpm_talk_fd(reader->talk)))
      return NULL;
  }
}

static int read_on(struct reader *reader, struct zpm_error *err)
{
  int rc = 0;

  while (rc == 0 && !reader->ended) {
    const char *line = receive(reader, err);

    if (line == NULL)
      return err->code;
    rc = show(reader, line, err);
    if (!zpm_screen_flush(&reader->cli->screen))
      break;
  }
  return rc;
}

int zpm_follow_show(const struct zpm_follow *follow, struct zpm_cli *cli,
                    struct zpm_talk *talk, struct zpm_error *err)
{
  struct reader reader = {.follow = follow, .cli = cli, .talk = talk};
  int rc = ask(&reader, err);

  if (follow->until_ctrl_c)
    zpm_interrupt_begin(&reader.interrupt);
  if (rc == 0)
    rc = read_on(&reader, err);
  if (follow->until_ctrl_c)
    zpm_interrupt_end(&reader.interrupt);
  return rc;
}
