#include "cli/follow.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/interrupt.h"

enum {
  TRY_MS = 100,       /* how long one try may take: then Ctrl-C is looked at */
  GIVE_UP_MS = 10000, /* by then a keeper has started its daemon again */
};

/* What is being read. */
struct reader {
  const struct zpm_follow *follow;
  struct zpm_cli *cli;
  struct zpm_talk *talk;
  struct zpm_interrupt interrupt; /* if until_ctrl_c */
  cJSON *from; /* where the pieces shown end, for the next daemon */
  bool ended;
  bool inside_line; /* the last piece did not end its line */
  char last[80];    /* app and stream of the last piece */
};

/* ---- asking ---- */

static int ask(const struct reader *reader, struct zpm_error *err)
{
  const struct zpm_follow *follow = reader->follow;
  struct zpm_writer *writer = &reader->talk->writer;
  char *from = cJSON_PrintUnformatted(reader->from);

  if (from == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  zpm_talk_begin(reader->talk, "logs");
  zpm_writer_key(writer, "from");
  zpm_writer_raw(writer, from, strlen(from));
  cJSON_free(from);
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

/* Out of memory this stream would begin anew. */
static void remember(struct reader *reader, cJSON *piece, const char *name,
                     const char *stream)
{
  cJSON *at = cJSON_DetachItemFromObjectCaseSensitive(piece, "at");
  cJSON *streams = cJSON_GetObjectItemCaseSensitive(reader->from, name);

  if (at == NULL)
    return;
  if (streams == NULL)
    streams = cJSON_AddObjectToObject(reader->from, name);
  cJSON_DeleteItemFromObjectCaseSensitive(streams, stream);
  if (!cJSON_AddItemToObject(streams, stream, at))
    cJSON_Delete(at);
}

static void show_piece(struct reader *reader, const cJSON *piece)
{
  const char *name = zpm_answer_text(piece, "name");
  const char *stream = zpm_answer_text(piece, "stream");
  const char *text = zpm_answer_text(piece, "data");

  if (text == NULL || text[0] == '\0')
    return;
  change_source(reader, name != NULL ? name : "", stream != NULL ? stream : "");
  if (reader->follow->name != NULL || name == NULL)
    show_as_it_is(reader, text);
  else
    show_lines(reader, name, text);
}

/* How the apps' output is told, without a word of it. */
static bool is_silent(const cJSON *reply)
{
  const char *text = zpm_answer_text(reply, "data");

  return text != NULL && text[0] == '\0' && cJSON_HasObjectItem(reply, "at");
}

static int take_event(const char *event, const cJSON *line,
                      struct zpm_error *err)
{
  if (strcmp(event, "shutdown") == 0)
    return zpm_error_set(err, ZPM_EDAEMON,
                         "the daemon was told to end, so no more comes. The "
                         "log files keep all output");
  if (strcmp(event, "lag") == 0)
    tell_lag(line);
  return 0;
}

static int take(struct reader *reader, cJSON *reply, struct zpm_error *err)
{
  const char *event = zpm_answer_text(reply, "event");
  const char *name = zpm_answer_text(reply, "name");
  const char *stream = zpm_answer_text(reply, "stream");

  if (event != NULL)
    return take_event(event, reply, err);
  if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "ok")))
    return zpm_answer_refusal(reply, err);
  reader->ended = cJSON_HasObjectItem(reply, "end");
  if (!reader->cli->json)
    show_piece(reader, reply);
  if (name != NULL && stream != NULL)
    remember(reader, reply, name, stream);
  return 0;
}

static int show(struct reader *reader, const char *line, struct zpm_error *err)
{
  cJSON *reply = cJSON_Parse(line);
  bool silent = is_silent(reply);
  int rc = take(reader, reply, err);

  if (rc == 0 && !reader->ended && !silent && reader->cli->json)
    zpm_screen_print(&reader->cli->screen, "%s\n", line);
  cJSON_Delete(reply);
  return rc;
}

/* ---- going on with the next daemon ---- */

static long long now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int try_next(const struct reader *reader, struct zpm_error *err)
{
  int rc = zpm_talk_reopen(reader->talk, TRY_MS, err);

  if (rc == 0)
    rc = ask(reader, err);
  return rc == 0 ? zpm_talk_greet(reader->talk, err) : rc;
}

/* Ctrl-C is not to wait for it. */
static int go_on(struct reader *reader, struct zpm_error *err)
{
  long long lost_ms = now_ms();
  int rc;

  zpm_screen_flush(&reader->cli->screen);
  do {
    rc = try_next(reader, err);
    reader->ended = reader->follow->until_ctrl_c && zpm_interrupt_came();
  } while ((rc == ZPM_EBUSY || rc == ZPM_ELOST) && !reader->ended &&
           now_ms() - lost_ms < GIVE_UP_MS);
  if (reader->ended)
    return 0;
  if (rc != 0)
    return zpm_error_wrap(err, "the daemon has ended, and the output with it");
  fprintf(stderr,
          "zpm: the daemon ended and was started again after %lld ms: the "
          "output goes on where it was left\n",
          now_ms() - lost_ms);
  return 0;
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

    if (line != NULL)
      rc = show(reader, line, err);
    else if (err->code == ZPM_ELOST)
      rc = go_on(reader, err);
    else
      return err->code;
    if (!zpm_screen_flush(&reader->cli->screen))
      break;
  }
  return rc;
}

int zpm_follow_show(const struct zpm_follow *follow, struct zpm_cli *cli,
                    struct zpm_talk *talk, struct zpm_error *err)
{
  struct reader reader = {
      .follow = follow, .cli = cli, .talk = talk, .from = cJSON_CreateObject()};
  int rc = ask(&reader, err);

  if (follow->until_ctrl_c)
    zpm_interrupt_begin(&reader.interrupt);
  if (rc == 0)
    rc = read_on(&reader, err);
  if (follow->until_ctrl_c)
    zpm_interrupt_end(&reader.interrupt);
  cJSON_Delete(reader.from);
  return rc;
}
