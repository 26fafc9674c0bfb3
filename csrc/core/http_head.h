#ifndef ZPM_CORE_HTTP_HEAD_H
#define ZPM_CORE_HTTP_HEAD_H

#include <stddef.h>
#include <stdint.h>

/*
 * The status of an HTTP/1 response, from bytes that come in pieces of any size.
 * It is told as soon as it is there: the reason, the headers and the body are
 * not waited for.  Informational responses (1xx) are passed over.
 *
 * Memory does not grow, and not more than ZPM_HTTP_HEAD_MAX bytes are looked
 * at.  All zero is the start.
 */
enum {
  ZPM_HTTP_HEAD_MAX = 16 * 1024,
  ZPM_HTTP_EXCERPT_MAX = 32,
};

enum zpm_http_head_state {
  ZPM_HTTP_HEAD_MORE,    /* not yet */
  ZPM_HTTP_HEAD_STATUS,  /* head->status: 200 to 999 */
  ZPM_HTTP_HEAD_GARBAGE, /* this is no answer in HTTP/1 */
  ZPM_HTTP_HEAD_ENDLESS, /* only informational responses */
};

struct zpm_http_head {
  enum zpm_http_head_state state;
  unsigned status;
  size_t seen;  /* bytes, in all */
  size_t at;    /* in the status line */
  size_t blank; /* passing over a 1xx: how much of its end is there */
  char excerpt[ZPM_HTTP_EXCERPT_MAX + 1]; /* how it began, fit to be shown */
  size_t excerpt_len;
};

/* What comes after the status, or after garbage, is not looked at. */
enum zpm_http_head_state zpm_http_head_feed(struct zpm_http_head *head,
                                            const char *bytes, size_t len);

#endif
