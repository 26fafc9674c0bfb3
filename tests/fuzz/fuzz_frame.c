/*
 * Bytes cut into lines: the same lines must come out however the bytes arrive.
 * The first byte of the input is the size of the pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"
#include "zpm/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each line, followed by its newline. */
static int on_line(void *ctx, const char *line, size_t len)
{
  if (len == 0 || line[len] != '\0' || memchr(line, '\n', len) != NULL)
    abort();
  if (zpm_str_append(ctx, line, len) != 0)
    return ZPM_ENOMEM;
  return zpm_str_puts(ctx, "\n");
}

static void read_lines(struct zpm_str *lines, const char *bytes, size_t len,
                       size_t piece)
{
  struct zpm_framer framer = {0};

  for (size_t at = 0; at < len; at += piece) {
    size_t size = len - at < piece ? len - at : piece;

    if (zpm_framer_feed(&framer, bytes + at, size, on_line, lines) != 0)
      abort();
  }
  zpm_framer_deinit(&framer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_str whole = {0};
  struct zpm_str pieces = {0};

  if (size < 2)
    return 0;
  read_lines(&whole, (const char *)data + 1, size - 1, size);
  read_lines(&pieces, (const char *)data + 1, size - 1, data[0] % 64u + 1);
  if (whole.len != pieces.len ||
      memcmp(zpm_str_text(&whole), zpm_str_text(&pieces), whole.len) != 0)
    abort();
  zpm_str_deinit(&whole);
  zpm_str_deinit(&pieces);
  return 0;
}
