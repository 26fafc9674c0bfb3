#ifndef ZPM_RUNTIME_WORD_H
#define ZPM_RUNTIME_WORD_H

#include <stdint.h>

#include <uv.h>

/*
 * How an app says that it is ready, other than by its channel: READY=1 on its
 * NOTIFY_SOCKET, or the first listen on its port.
 */
struct zpm_closer;
struct zpm_services;

struct zpm_word {
  struct zpm_services *services;
  int leader;
  uint16_t port;    /* 0: not looked at */
  uint32_t looks;   /* at the port */
  uv_timer_t clock; /* to the next one */
  uv_poll_t notify;
  int notify_fd; /* -1: none */
  void (*said)(void *ctx);
  void *ctx;
  struct zpm_closer *closer; /* while it closes */
};

/* `word` is the owner's memory, with the members up to `port`, `notify_fd`,
 * `said` and `ctx` set.  `said` comes from the loop, maybe more than once. On
 * failure nothing is to be closed, but the descriptor is still the owner's. */
int zpm_word_start(struct zpm_word *word);
/* The port is not looked at any more.  The socket is read as long as the app
 * lives: who sends more (its status, say) is held up once nobody does. */
void zpm_word_stop_looking(struct zpm_word *word);
/* Holds the closer until it is closed. `said` does not come after this. */
void zpm_word_close(struct zpm_word *word, struct zpm_closer *closer);

#endif
