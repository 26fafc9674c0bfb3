#ifndef ZPM_TESTS_TINY_SERVER_H
#define ZPM_TESTS_TINY_SERVER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/list.h"

/*
 * A server on the test's own loop that treats its visitors in one manner.
 */
enum tiny_manner {
  TINY_ANSWERS,     /* the text, once the request is there; then it closes */
  TINY_STAYS,       /* the text at once; then it says nothing more */
  TINY_TRICKLES,    /* a byte of the text every few milliseconds */
  TINY_FLOODS,      /* the text, and again, for ever */
  TINY_HALF_CLOSES, /* the text, and the end, while it goes on reading */
  TINY_HANGS_UP,    /* at once */
  TINY_RESETS,      /* once the request is there */
};

struct tiny_server {
  uv_tcp_t listener;
  enum tiny_manner manner;
  const char *text;
  unsigned visits;
  char request[1024]; /* of the last visitor */
  size_t request_len;
  struct zpm_list visitors;
};

struct tiny_visitor {
  struct zpm_list link;
  struct tiny_server *server;
  uv_tcp_t tcp;
  uv_timer_t timer;
  uv_write_t write;
  size_t sent;
  char in[1024];
  int closing; /* handles */
};

static inline void tiny_on_closed(uv_handle_t *handle)
{
  struct tiny_visitor *visitor = handle->data;

  if (--visitor->closing == 0)
    free(visitor);
}

static inline void tiny_leave(struct tiny_visitor *visitor, bool reset)
{
  if (visitor->closing > 0)
    return;
  zpm_list_remove(&visitor->link);
  visitor->closing = 2;
  uv_close((uv_handle_t *)&visitor->timer, tiny_on_closed);
  if (!reset || uv_tcp_close_reset(&visitor->tcp, tiny_on_closed) != 0)
    uv_close((uv_handle_t *)&visitor->tcp, tiny_on_closed);
}

static inline void tiny_on_written(uv_write_t *write, int status);

static inline void tiny_say(struct tiny_visitor *visitor, const char *text,
                            size_t len)
{
  uv_buf_t buf = {.base = (char *)(uintptr_t)text, .len = len};

  visitor->write.data = visitor;
  uv_write(&visitor->write, (uv_stream_t *)&visitor->tcp, &buf, 1,
           tiny_on_written);
}

static inline void tiny_say_all(struct tiny_visitor *visitor)
{
  const char *text = visitor->server->text;

  tiny_say(visitor, text, strlen(text));
}

static inline void tiny_on_shut(uv_shutdown_t *shut, int status)
{
  (void)status;
  free(shut);
}

static inline void tiny_on_written(uv_write_t *write, int status)
{
  struct tiny_visitor *visitor = write->data;

  if (visitor->closing > 0)
    return;
  if (status != 0 || visitor->server->manner == TINY_ANSWERS)
    tiny_leave(visitor, false);
  else if (visitor->server->manner == TINY_FLOODS)
    tiny_say_all(visitor);
  else if (visitor->server->manner == TINY_HALF_CLOSES)
    uv_shutdown(malloc(sizeof(uv_shutdown_t)), (uv_stream_t *)&visitor->tcp,
                tiny_on_shut);
}

static inline void tiny_on_tick(uv_timer_t *timer)
{
  struct tiny_visitor *visitor = timer->data;

  if (visitor->server->text[visitor->sent] != '\0')
    tiny_say(visitor, &visitor->server->text[visitor->sent++], 1);
}

/* The request ends with an empty line. */
static inline bool tiny_note_request(struct tiny_visitor *visitor, size_t len)
{
  struct tiny_server *server = visitor->server;
  size_t room = sizeof(server->request) - 1 - server->request_len;

  len = len < room ? len : room;
  memcpy(server->request + server->request_len, visitor->in, len);
  server->request_len += len;
  server->request[server->request_len] = '\0';
  return strstr(server->request, "\r\n\r\n") != NULL;
}

static inline void tiny_on_read(uv_stream_t *stream, ssize_t got,
                                const uv_buf_t *buf)
{
  struct tiny_visitor *visitor = stream->data;

  (void)buf;
  if (got < 0)
    tiny_leave(visitor, false);
  if (got <= 0 || !tiny_note_request(visitor, (size_t)got))
    return;
  if (visitor->server->manner == TINY_ANSWERS)
    tiny_say_all(visitor);
  else if (visitor->server->manner == TINY_RESETS)
    tiny_leave(visitor, true);
}

static inline void tiny_on_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  struct tiny_visitor *visitor = handle->data;

  (void)size;
  *buf = uv_buf_init(visitor->in, sizeof(visitor->in));
}

static inline void tiny_on_visit(uv_stream_t *listener, int status)
{
  struct tiny_server *server = listener->data;
  struct tiny_visitor *visitor = calloc(1, sizeof(*visitor));

  (void)status;
  server->visits++;
  server->request_len = 0;
  visitor->server = server;
  zpm_list_append(&server->visitors, &visitor->link);
  uv_tcp_init(listener->loop, &visitor->tcp);
  uv_timer_init(listener->loop, &visitor->timer);
  visitor->tcp.data = visitor;
  visitor->timer.data = visitor;
  uv_accept(listener, (uv_stream_t *)&visitor->tcp);
  if (server->manner == TINY_HANGS_UP) {
    tiny_leave(visitor, false);
    return;
  }
  uv_read_start((uv_stream_t *)&visitor->tcp, tiny_on_room, tiny_on_read);
  if (server->manner == TINY_TRICKLES)
    uv_timer_start(&visitor->timer, tiny_on_tick, 1, 5);
  else if (server->manner != TINY_ANSWERS && server->manner != TINY_RESETS)
    tiny_say_all(visitor);
}

/* Its port, at that address ("127.0.0.1", "::1"); 0: there is no such one. */
static inline int tiny_open(struct tiny_server *server, uv_loop_t *loop,
                            const char *host, enum tiny_manner manner,
                            const char *text)
{
  struct sockaddr_storage address = {0};
  int len = sizeof(address);

  *server = (struct tiny_server){.manner = manner, .text = text};
  zpm_list_init(&server->visitors);
  uv_tcp_init(loop, &server->listener);
  server->listener.data = server;
  if (uv_ip4_addr(host, 0, (struct sockaddr_in *)&address) != 0)
    uv_ip6_addr(host, 0, (struct sockaddr_in6 *)&address);
  if (uv_tcp_bind(&server->listener, (struct sockaddr *)&address, 0) != 0 ||
      uv_listen((uv_stream_t *)&server->listener, 16, tiny_on_visit) != 0 ||
      uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address,
                         &len) != 0)
    return 0;
  return ntohs(address.ss_family == AF_INET
                   ? ((struct sockaddr_in *)&address)->sin_port
                   : ((struct sockaddr_in6 *)&address)->sin6_port);
}

/* Runs the loop once, so that its memory may go. */
static inline void tiny_close(struct tiny_server *server)
{
  if (!uv_is_closing((uv_handle_t *)&server->listener))
    uv_close((uv_handle_t *)&server->listener, NULL);
  ZPM_LIST_EACH(it, &server->visitors)
  {
    tiny_leave(ZPM_CONTAINER_OF(it, struct tiny_visitor, link), false);
  }
  uv_run(server->listener.loop, UV_RUN_NOWAIT);
}

#endif
