#include "runtime/word.h"

#include <unistd.h>

#include "core/health.h"
#include "platform/notify.h"
#include "runtime/closer.h"
#include "runtime/listens.h"
#include "runtime/services.h"

static void on_notified(uv_poll_t *poll, int status, int events)
{
  enum { ROUNDS = 16 }; /* who never stops sending must not hold up the loop */
  struct zpm_word *word = poll->data;
  char message[ZPM_NOTIFY_MESSAGE_MAX];

  (void)status;
  (void)events;
  for (int i = 0; i < ROUNDS && word->closer == NULL; i++) {
    int got = zpm_notify_receive(word->notify_fd, word->leader, message);

    if (got < 0)
      return;
    if (zpm_health_is_ready_notify(message, (size_t)got))
      word->said(word->ctx);
  }
}

static void on_look(uv_timer_t *clock)
{
  struct zpm_word *word = clock->data;
  bool wide = zpm_health_listen_wide(word->looks);

  if (zpm_listens_on(word->services, word->leader, word->port, wide)) {
    word->said(word->ctx);
    return;
  }
  word->looks++;
  uv_timer_start(clock, on_look, zpm_health_listen_delay(word->looks), 0);
}

/* ---- life ---- */

static int start_notify(struct zpm_word *word)
{
  int rc = uv_poll_init(word->services->loop, &word->notify, word->notify_fd);

  if (rc != 0)
    return rc;
  word->notify.data = word;
  uv_poll_start(&word->notify, UV_READABLE, on_notified);
  uv_unref((uv_handle_t *)&word->notify);
  return 0;
}

int zpm_word_start(struct zpm_word *word)
{
  int rc = word->notify_fd >= 0 ? start_notify(word) : 0;

  if (rc != 0)
    return rc;
  uv_timer_init(word->services->loop, &word->clock);
  uv_unref((uv_handle_t *)&word->clock);
  word->clock.data = word;
  if (word->port != 0)
    uv_timer_start(&word->clock, on_look, zpm_health_listen_delay(0), 0);
  return 0;
}

void zpm_word_stop_looking(struct zpm_word *word)
{
  uv_timer_stop(&word->clock);
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_word *word = handle->data;

  zpm_closer_release(word->closer);
}

void zpm_word_close(struct zpm_word *word, struct zpm_closer *closer)
{
  word->closer = closer;
  zpm_closer_hold(closer);
  uv_close((uv_handle_t *)&word->clock, on_closed);
  if (word->notify_fd < 0)
    return;
  zpm_closer_hold(closer);
  uv_close((uv_handle_t *)&word->notify, on_closed);
  close(word->notify_fd);
}
