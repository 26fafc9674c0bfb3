#ifndef ZPM_CORE_INSPECTOR_H
#define ZPM_CORE_INSPECTOR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The port of Node's inspector, of which each worker of a cluster needs one of
 * its own: `--inspect`, `--inspect-brk`, `--inspect-wait` and `--inspect-port`
 * take [HOST:]PORT or HOST, 127.0.0.1:9229 by default (node --help).
 */
enum { ZPM_INSPECTOR_HOST_MAX = 256 };

struct zpm_inspector {
  bool asked;                        /* an option speaks of it */
  char host[ZPM_INSPECTOR_HOST_MAX]; /* "": none given */
  unsigned port;                     /* 0: any free one */
};

/* All zero. Takes one option of node into account; later ones win. */
void zpm_inspector_take(struct zpm_inspector *inspector, const char *option,
                        size_t len);
/* The same for each word of NODE_OPTIONS. */
void zpm_inspector_take_words(struct zpm_inspector *inspector,
                              const char *words);
/* "--inspect-port=HOST:PORT" of the worker that is `offset` behind the first;
 * false: it needs none. */
bool zpm_inspector_option(const struct zpm_inspector *inspector,
                          unsigned offset, char *option, size_t size);

#endif
