/* logs: recent output, then live output */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

enum { LINES_DEFAULT = 20, LINES_MAX = 1000000 };

/* One run of `zpm logs`. */
struct reader {
  struct zpm_cli *cli;
  struct zpm_talk talk;
  bool follow;
  bool named; /* one app: its output as it is */
  bool ended;
  bool inside_line; /* the last piece did not end its line */
  char last[80];    /* app and stream of the last piece */
};

/* ---- asking ---- */

/* "out", "err", or NULL for both. */
static const char *choose_stream(const struct zpm_args *args)
{
  bool out = zpm_args_switch(args, "out", false);
  bool err = zpm_args_switch(args, "err", false);

  if (out == err)
    return NULL;
  return out ? "out" : "err";
}

static int ask(struct reader *reader, unsigned long lines,
               struct zpm_error *err)
{
  const struct zpm_args *args = &reader->cli->args;
  struct zpm_writer *writer = &reader->talk.writer;
  const char *stream = choose_stream(args);

  zpm_talk_begin(&reader->talk, "logs");
  if (reader->named) {
    zpm_writer_key(writer, "name");
    zpm_writer_bytes(writer, args->operands[0], strlen(args->operands[0]));
  }
  zpm_writer_key(writer, "lines");
  zpm_writer_uint(writer, lines);
  zpm_writer_key(writer, "follow");
  zpm_writer_bool(writer, reader->follow);
  if (stream != NULL) {
    zpm_writer_key(writer, "stream");
    zpm_writer_text(writer, stream);
  }
  zpm_talk_end(&reader->talk);
  return zpm_talk_flush(&reader->talk, err);
}

/* Else nothing would be shown, and nobody would know why. */
static int tell_if_no_apps(struct reader *reader, struct zpm_error *err)
{
  cJSON *names = NULL;
  int rc = zpm_talk_ask(&reader->talk, "list", NULL, &names, err);

  if (rc == 0 && cJSON_GetArraySize(zpm_answer_data(names)) == 0)
    fprintf(stderr, "zpm: there are no apps yet\n");
  cJSON_Delete(names);
  return rc;
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
  if (reader->named || name == NULL)
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

/* Until the answer's end, or Ctrl-C, or nobody reads what is written. */
static int read_on(struct reader *reader, struct zpm_error *err)
{
  int rc = 0;

  while (rc == 0 && !reader->ended) {
    const char *line = zpm_talk_receive(&reader->talk, err);

    rc = line != NULL ? show(reader, line, err) : err->code;
    if (!zpm_screen_flush(&reader->cli->screen))
      break;
  }
  return rc;
}

int zpm_cmd_logs(struct zpm_cli *cli, struct zpm_error *err)
{
  const struct zpm_args *args = &cli->args;
  struct reader reader = {.cli = cli, .named = args->operand_count > 0};
  unsigned long lines = LINES_DEFAULT;
  int rc;

  if (zpm_args_number(args, "lines", LINES_MAX, &lines, err) != 0)
    return ZPM_CLI_USAGE;
  reader.follow = !zpm_args_switch(args, "no-follow", false) &&
                  zpm_args_switch(args, "follow", cli->screen.is_terminal);
  rc = zpm_cli_connect(cli, true, &reader.talk, err);
  if (rc == 0 && !reader.named)
    rc = tell_if_no_apps(&reader, err);
  if (rc == 0)
    rc = ask(&reader, lines, err);
  if (rc == 0)
    rc = read_on(&reader, err);
  zpm_talk_close(&reader.talk);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}
