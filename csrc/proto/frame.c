#include "proto/frame.h"

#include "zpm/error.h"

#include <string.h>

void zpm_framer_deinit(struct zpm_framer *framer)
{
  zpm_str_deinit(&framer->partial);
}

/* Gives the line that `partial` holds to the callback.  The framer is not
 * touched when that fails: its owner may be gone by then. */
static int emit(struct zpm_framer *framer, zpm_line_cb *on_line, void *ctx)
{
  struct zpm_str *line = &framer->partial;
  int rc;

  if (line->len > 0 && line->data[line->len - 1] == '\r')
    line->data[--line->len] = '\0';
  if (line->len == 0)
    return 0;
  rc = on_line(ctx, line->data, line->len);
  if (rc == 0)
    zpm_str_clear(line);
  return rc;
}

int zpm_framer_feed(struct zpm_framer *framer, const char *bytes, size_t len,
                    zpm_line_cb *on_line, void *ctx)
{
  while (len > 0) {
    const char *newline = memchr(bytes, '\n', len);
    size_t size = newline != NULL ? (size_t)(newline - bytes) : len;
    size_t taken = newline != NULL ? size + 1 : len;
    int rc;

    if (framer->partial.len + size > ZPM_LINE_MAX)
      return ZPM_ETOOLONG;
    rc = zpm_str_append(&framer->partial, bytes, size);
    if (rc == 0 && newline != NULL)
      rc = emit(framer, on_line, ctx);
    if (rc != 0)
      return rc;
    bytes += taken;
    len -= taken;
  }
  if (framer->partial.len == 0)
    zpm_str_deinit(&framer->partial);
  return 0;
}
