#include "api/history.h"

#include <string.h>

#include "api/event_json.h"
#include "api/state.h"
#include "api/subscription.h"
#include "base/utf8.h"
#include "runtime/logs.h"

enum {
  PIECE_BYTES = 64 * 1024,
  /* History up to here is sent to a peer however slow it is. */
  HISTORY_SURE_BYTES = 1024 * 1024,
};

/* ---- where to begin ---- */

static bool is_place(const cJSON *item)
{
  struct zpm_log_place place;

  return cJSON_IsString(item) && zpm_log_place_read(item->valuestring, &place);
}

int zpm_history_check(const cJSON *from, struct zpm_error *err)
{
  const cJSON *app;
  const cJSON *stream;

  cJSON_ArrayForEach(app, from)
  {
    bool fits = cJSON_IsObject(app);

    cJSON_ArrayForEach(stream, app) fits = fits && is_place(stream);
    if (!fits)
      return zpm_error_set(err, ZPM_EARG,
                           "'from' of 'logs' must be as \"at\" has told it: "
                           "{\"app\":{\"out\":\"12:345\"}}");
  }
  return 0;
}

static bool find_place(const struct zpm_history *history, const char *app,
                       int stream, struct zpm_log_place *place)
{
  const cJSON *streams = cJSON_GetObjectItemCaseSensitive(history->from, app);
  const cJSON *at = cJSON_GetObjectItemCaseSensitive(
      streams, stream == ZPM_STREAM_ERR ? "err" : "out");

  return at != NULL && zpm_log_place_read(at->valuestring, place);
}

/* ---- pieces ---- */

static void send_piece(struct zpm_history *history,
                       const struct zpm_output *piece)
{
  struct zpm_peer *peer = history->call->peer;
  bool droppable = history->sent > HISTORY_SURE_BYTES;
  struct zpm_str line = {0};

  if (zpm_event_json_output(&line, &history->call->request.id, piece) == 0 &&
      peer->send(peer, line.data, line.len, droppable))
    history->any = true;
  else
    history->dropped += piece->len;
  history->sent += piece->len;
  zpm_str_deinit(&line);
}

/* Where to cut a piece off: after its last line, else after a character. */
static size_t piece_length(const char *bytes, size_t len)
{
  if (len <= PIECE_BYTES)
    return len;
  for (size_t at = PIECE_BYTES; at > 0; at--) {
    if (bytes[at - 1] == '\n')
      return at;
  }
  return PIECE_BYTES - zpm_utf8_unfinished(bytes, PIECE_BYTES);
}

/* `end` is where the text ends.  A piece that lies in an older part is said to
 * end where the file begins: that is as far as it is known. */
static void send_text(struct zpm_history *history, const char *app, int stream,
                      const struct zpm_str *text, struct zpm_log_place end)
{
  size_t at = 0;

  if (text->len == 0 && history->from != NULL)
    send_piece(history, &(struct zpm_output){app, stream, "", 0, end});
  while (at < text->len) {
    size_t len = piece_length(text->data + at, text->len - at);
    struct zpm_output piece = {app, stream, text->data + at, len, {0}};

    at += len;
    if (history->from != NULL)
      piece.place = zpm_log_place_before(end, text->len - at);
    send_piece(history, &piece);
  }
}

/* More than is kept in hand was written since: the peer is told so. */
static void send_lag(const struct zpm_history *history, uint64_t bytes)
{
  struct zpm_str line = {0};

  if (bytes > 0 && zpm_event_json_lag(&line, bytes, 0) == 0)
    zpm_call_send(history->call, &line);
  zpm_str_deinit(&line);
}

static void send_stream(struct zpm_history *history, const char *app,
                        int stream)
{
  const char *folder =
      zpm_supervisor_logs_folder(history->call->api->supervisor);
  enum zpm_stream which = (enum zpm_stream)stream;
  struct zpm_log_place from;
  struct zpm_str text = {0};
  uint64_t left_out = 0;
  int rc;

  if (history->stream != ZPM_STREAM_BOTH && history->stream != stream)
    return;
  if (find_place(history, app, stream, &from))
    rc = zpm_logs_since(folder, app, which, &from, &text, &left_out);
  else
    rc = zpm_logs_tail(folder, app, which, history->lines, &text);
  send_lag(history, left_out);
  if (rc == 0)
    send_text(history, app, stream, &text, zpm_logs_end(folder, app, which));
  zpm_str_deinit(&text);
}

void zpm_history_send(struct zpm_history *history, const char *name)
{
  const struct zpm_supervisor *supervisor = history->call->api->supervisor;
  size_t count = zpm_supervisor_count(supervisor);

  for (size_t i = 0; i < count; i++) {
    struct zpm_app_view view;

    zpm_app_view(zpm_supervisor_app(supervisor, i), &view);
    if (name != NULL && strcmp(view.name, name) != 0)
      continue;
    send_stream(history, view.name, ZPM_STREAM_OUT);
    send_stream(history, view.name, ZPM_STREAM_ERR);
  }
}
