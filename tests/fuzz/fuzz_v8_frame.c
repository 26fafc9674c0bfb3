/*
 * Bytes cut into messages of V8's structured clone: the same must come out
 * however the bytes arrive.  The first byte of the input is the size of the
 * pieces, the second the limit of a message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/v8_frame.h"
#include "zpm/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each message behind its length and whether it came. */
static int on_message(void *ctx, const unsigned char *bytes, size_t len)
{
  struct zpm_str *seen = ctx;
  int rc = zpm_str_append(seen, &len, sizeof(len));

  if (rc == 0)
    rc = zpm_str_append(seen, bytes != NULL ? "y" : "n", 1);
  return rc == 0 && bytes != NULL ? zpm_str_append(seen, bytes, len) : rc;
}

static void read_messages(struct zpm_str *seen, size_t max,
                          const uint8_t *bytes, size_t len, size_t piece)
{
  struct zpm_v8_framer framer = {.max = max};

  for (size_t at = 0; at < len; at += piece) {
    size_t size = len - at < piece ? len - at : piece;

    if (zpm_v8_framer_feed(&framer, bytes + at, size, on_message, seen) != 0)
      abort();
    if (framer.partial.len > max)
      abort();
  }
  zpm_v8_framer_deinit(&framer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_str whole = {0};
  struct zpm_str pieces = {0};

  if (size < 3)
    return 0;
  read_messages(&whole, data[1], data + 2, size - 2, size);
  read_messages(&pieces, data[1], data + 2, size - 2, data[0] % 16u + 1);
  if (whole.len != pieces.len ||
      memcmp(zpm_str_text(&whole), zpm_str_text(&pieces), whole.len) != 0)
    abort();
  zpm_str_deinit(&whole);
  zpm_str_deinit(&pieces);
  return 0;
}
