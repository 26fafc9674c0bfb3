/*
 * Whatever a server answers: the verdict must be the same however the bytes
 * arrive, and what is shown of it must be clean.  The first byte of the input
 * is the size of the pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zpm_http_head read_head(const char *bytes, size_t len,
                                      size_t piece)
{
  struct zpm_http_head head = {0};

  for (size_t at = 0; at < len; at += piece)
    zpm_http_head_feed(&head, bytes + at, len - at < piece ? len - at : piece);
  return head;
}

static void check(const struct zpm_http_head *head)
{
  if (head->state == ZPM_HTTP_HEAD_STATUS &&
      (head->status < 200 || head->status > 999))
    abort();
  if (head->seen > (size_t)ZPM_HTTP_HEAD_MAX + 1 ||
      strlen(head->excerpt) > ZPM_HTTP_EXCERPT_MAX)
    abort();
  for (const char *c = head->excerpt; *c != '\0'; c++) {
    if (*c < ' ' || *c > '~')
      abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_http_head whole;
  struct zpm_http_head pieces;

  if (size < 2)
    return 0;
  whole = read_head((const char *)data + 1, size - 1, size);
  pieces = read_head((const char *)data + 1, size - 1, data[0] % 64u + 1);
  check(&whole);
  check(&pieces);
  if (whole.state != pieces.state || whole.status != pieces.status ||
      whole.seen != pieces.seen)
    abort();
  return 0;
}
