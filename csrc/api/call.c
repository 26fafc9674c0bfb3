#include "api/call.h"

#include <stdio.h>

#include "api/state.h"
#include "api/wish.h"
#include "base/alloc.h"

struct zpm_call *zpm_call_create(struct zpm_peer *peer,
                                 struct zpm_request *request)
{
  struct zpm_call *call = zpm_alloc(sizeof(*call));

  if (call == NULL)
    return NULL;
  *call =
      (struct zpm_call){.api = peer->api, .peer = peer, .request = *request};
  *request = (struct zpm_request){0};
  zpm_list_append(&peer->calls, &call->link);
  peer->open_calls++;
  return call;
}

static void destroy(struct zpm_call *call)
{
  zpm_request_deinit(&call->request);
  zpm_str_deinit(&call->reply);
  zpm_free(call);
}

static void leave_peer(struct zpm_call *call, struct zpm_peer *peer)
{
  zpm_list_remove(&call->link);
  peer->open_calls--;
  if (call->answered)
    peer->held_bytes -= call->reply.len;
}

/* Its turn has come. */
static void deliver(struct zpm_call *call, struct zpm_peer *peer)
{
  /* Out of the list first: `send` may look at how busy the peer is. */
  leave_peer(call, peer);
  if (call->at_turn != NULL)
    call->at_turn(call);
  else if (call->reply.len > 0)
    zpm_call_send(call, &call->reply);
  else
    zpm_call_send_no_memory(peer, call->request.id);
  destroy(call);
}

/* The oldest call without id, if it has been answered. */
static struct zpm_call *next_in_turn(struct zpm_peer *peer)
{
  ZPM_LIST_EACH(it, &peer->calls)
  {
    struct zpm_call *call = ZPM_CONTAINER_OF(it, struct zpm_call, link);

    if (!call->request.id.given)
      return call->answered ? call : NULL;
  }
  return NULL;
}

/* Every answer ends here: call->reply or call->at_turn is set, or there was no
 * memory for a reply. */
static void answered(struct zpm_call *call)
{
  struct zpm_peer *peer = call->peer;

  if (peer == NULL) {
    destroy(call);
    return;
  }
  if (call->request.id.given) {
    deliver(call, peer);
    return;
  }
  call->answered = true;
  peer->held_bytes += call->reply.len;
  for (call = next_in_turn(peer); call != NULL; call = next_in_turn(peer))
    deliver(call, peer);
}

void zpm_call_done(void *ctx, const char *text, const struct zpm_error *err)
{
  struct zpm_call *call = ctx;

  if (err != NULL)
    zpm_call_answer_error(call, err);
  else
    zpm_call_answer_text(call, text);
}

void zpm_call_answer_text(struct zpm_call *call, const char *text)
{
  struct zpm_writer writer;

  zpm_call_begin(call, &writer);
  zpm_writer_text(&writer, text);
  zpm_call_end(call, &writer);
}

void zpm_call_answer_error(struct zpm_call *call, const struct zpm_error *err)
{
  zpm_str_clear(&call->reply);
  if (zpm_reply_error(&call->reply, call->request.id, err) != 0)
    zpm_str_clear(&call->reply);
  answered(call);
}

void zpm_call_answer_no_app(struct zpm_call *call, const char *name)
{
  struct zpm_error err;

  zpm_wish_no_app(call->api->supervisor, name, &err);
  zpm_call_answer_error(call, &err);
}

void zpm_call_begin(struct zpm_call *call, struct zpm_writer *writer)
{
  zpm_str_clear(&call->reply);
  *writer = (struct zpm_writer){.out = &call->reply};
  zpm_call_write_head(writer, call->request.id, true);
  zpm_writer_key(writer, "data");
}

void zpm_call_end(struct zpm_call *call, struct zpm_writer *writer)
{
  zpm_call_write_tail(writer);
  if (writer->failed)
    zpm_str_clear(&call->reply);
  answered(call);
}

void zpm_call_answer_at_turn(struct zpm_call *call, zpm_call_turn_cb *cb)
{
  zpm_str_clear(&call->reply);
  call->at_turn = cb;
  answered(call);
}

void zpm_call_send(struct zpm_call *call, const struct zpm_str *lines)
{
  if (call->peer != NULL)
    call->peer->send(call->peer, lines->data, lines->len, false);
}

void zpm_call_park(struct zpm_call *call)
{
  if (call->peer == NULL)
    destroy(call);
  else
    call->parked = true;
}

void zpm_call_drop_all(struct zpm_peer *peer)
{
  while (!zpm_list_empty(&peer->calls)) {
    struct zpm_call *call =
        ZPM_CONTAINER_OF(peer->calls.next, struct zpm_call, link);

    leave_peer(call, peer);
    call->peer = NULL;
    if (call->answered || call->parked)
      destroy(call);
  }
}

void zpm_call_write_head(struct zpm_writer *writer, struct zpm_request_id id,
                         bool ok)
{
  zpm_writer_begin_object(writer);
  if (id.given) {
    zpm_writer_key(writer, "id");
    zpm_writer_int(writer, (int64_t)id.value);
  }
  zpm_writer_key(writer, "ok");
  zpm_writer_bool(writer, ok);
}

void zpm_call_write_tail(struct zpm_writer *writer)
{
  zpm_writer_end_object(writer);
  if (zpm_str_append(writer->out, "\n", 1) != 0)
    writer->failed = true;
}

void zpm_call_send_no_memory(struct zpm_peer *peer, struct zpm_request_id id)
{
  char line[128];
  char key[32] = "";
  int len;

  if (id.given)
    snprintf(key, sizeof(key), "\"id\":%.0f,", id.value);
  len = snprintf(line, sizeof(line),
                 "{%s\"ok\":false,\"error\":\"%s\",\"code\":\"%s\"}\n", key,
                 zpm_code_text(ZPM_ENOMEM), zpm_code_name(ZPM_ENOMEM));
  peer->send(peer, line, (size_t)len, false);
}
