#ifndef ZPM_CORE_SELFTEST_H
#define ZPM_CORE_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a Node speaks the protocol of its cluster as we know it: it is
 * internal to Node, and a future or patched one may have changed it.  So each
 * binary runs one small worker, js/selftest.cts, before its first program in
 * cluster mode: step after step, in this order, each when the one before is
 * done.
 */
enum zpm_selftest {
  ZPM_SELFTEST_UNKNOWN, /* not tested, or it could not be: it is trusted */
  ZPM_SELFTEST_ONLINE,  /* it says that it is there */
  ZPM_SELFTEST_LISTEN,  /* asks for its socket, and says that it listens */
  ZPM_SELFTEST_TAKE,    /* takes the connection that it is handed */
  ZPM_SELFTEST_SHARE,   /* takes a socket of its own */
  ZPM_SELFTEST_ACCEPT,  /* and accepts from that */
  ZPM_SELFTEST_PING,    /* its event loop answers */
  ZPM_SELFTEST_LEAVE,   /* ends well when it is told to disconnect */
  ZPM_SELFTEST_PASSED,  /* all of that */
  /* A worker of an app lived and was not online in time.  Believed as long as
   * we live: what made it silent may have been something else. */
  ZPM_SELFTEST_DOUBTED,
};

enum { ZPM_SELFTEST_LIMIT_MS = 10000 }; /* for all of it, on a slow machine */

/* What has become known of the worker, as bits. */
enum {
  ZPM_SELFTEST_IS_ONLINE = 1 << 0,
  ZPM_SELFTEST_LISTENS = 1 << 1, /* at one socket more */
  ZPM_SELFTEST_TOOK = 1 << 2,    /* has said to have what it was handed */
  ZPM_SELFTEST_ECHOED = 1 << 3,  /* what we sent came back */
  ZPM_SELFTEST_PONGED = 1 << 4,
  ZPM_SELFTEST_LEFT = 1 << 5, /* has ended, with 0 */
};

/* What to do for the step that has begun. */
enum zpm_selftest_todo {
  ZPM_SELFTEST_WAIT,
  ZPM_SELFTEST_SEND,        /* to its socket; what comes back is an echo */
  ZPM_SELFTEST_SHARE_NEXT,  /* the next socket is its own; close the client */
  ZPM_SELFTEST_SEND_SHARED, /* to that */
  ZPM_SELFTEST_ASK,         /* ping */
  ZPM_SELFTEST_DISCONNECT,
};

struct zpm_selftest_state {
  enum zpm_selftest step;
  unsigned seen; /* in this step */
};

#define ZPM_SELFTEST_BEGIN                                                     \
  {                                                                            \
    .step = ZPM_SELFTEST_ONLINE                                                \
  }

/* It is over when the step is PASSED; else it has failed in that step. */
enum zpm_selftest_todo zpm_selftest_hear(struct zpm_selftest_state *state,
                                         unsigned facts);

/* Whether workers of such a binary get what workers of Node do. */
bool zpm_selftest_is_trusted(enum zpm_selftest verdict);

/* "online", "listen", ..., "passed"; NULL: not to be remembered.  Static. */
const char *zpm_selftest_word(enum zpm_selftest verdict);
/* UNKNOWN for any other word. */
enum zpm_selftest zpm_selftest_of_word(const char *word, size_t len);

/* What is wrong with a binary that is not trusted, and what is done instead for
 * an app of that port; 0: it has none.  Cut if longer. */
void zpm_selftest_explain(enum zpm_selftest verdict, const char *path,
                          unsigned port, char *text, size_t size);

#endif
