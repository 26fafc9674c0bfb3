#include "proto/v8_frame.h"

#include <string.h>

#include "proto/v8_write.h"
#include "zpm/error.h"

enum { SIZE_BYTES = 4 };

void zpm_v8_framer_deinit(struct zpm_v8_framer *framer)
{
  zpm_str_deinit(&framer->partial);
}

/* What is still to be read. */
struct input {
  const unsigned char *at;
  size_t left;
};

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

static const unsigned char *take(struct input *input, size_t len)
{
  const unsigned char *at = input->at;

  input->at += len;
  input->left -= len;
  return at;
}

static void read_size(struct zpm_v8_framer *framer, struct input *input)
{
  while (framer->size_bytes < SIZE_BYTES && input->left > 0) {
    framer->size = framer->size << 8 | *take(input, 1);
    framer->size_bytes++;
  }
}

/* Takes what there is of the message.  *message: all of it, if it is complete;
 * where it came in one piece it is not copied. */
static int read_message(struct zpm_v8_framer *framer, struct input *input,
                        const unsigned char **message)
{
  size_t piece = least(framer->size - framer->seen, input->left);
  const unsigned char *bytes = take(input, piece);
  bool is_whole = piece == framer->size;
  int rc = 0;

  framer->seen += (uint32_t)piece;
  *message = NULL;
  if (framer->size > framer->max)
    return 0;
  if (!is_whole)
    rc = zpm_str_append(&framer->partial, bytes, piece);
  if (rc == 0)
    *message = is_whole ? bytes : (const unsigned char *)framer->partial.data;
  return rc;
}

/* A framer for the next message.  The memory stays, for the same feed. */
static void begin_next(struct zpm_v8_framer *framer)
{
  zpm_str_clear(&framer->partial);
  framer->size = 0;
  framer->seen = 0;
  framer->size_bytes = 0;
}

int zpm_v8_framer_feed(struct zpm_v8_framer *framer, const void *bytes,
                       size_t len, zpm_v8_frame_cb *on_message, void *ctx)
{
  struct input input = {.at = bytes, .left = len};

  while (input.left > 0) {
    const unsigned char *message;
    int rc;

    read_size(framer, &input);
    if (framer->size_bytes < SIZE_BYTES)
      break;
    rc = read_message(framer, &input, &message);
    if (rc == 0 && framer->seen == framer->size) {
      rc = on_message(ctx, message, framer->size);
      if (rc == 0)
        begin_next(framer);
    }
    if (rc != 0)
      return rc;
  }
  if (framer->partial.len == 0)
    zpm_str_deinit(&framer->partial);
  return 0;
}

int zpm_v8_frame_write(struct zpm_str *out, const cJSON *value)
{
  size_t before = out->len;
  size_t size;
  int rc = zpm_str_append(out, "\0\0\0", SIZE_BYTES);

  if (rc != 0)
    return rc;
  rc = zpm_v8_write(out, value);
  size = out->len - before - SIZE_BYTES;
  if (rc == 0 && size > UINT32_MAX)
    rc = ZPM_ETOOLONG;
  if (rc != 0) {
    out->len = before;
    out->data[before] = '\0';
    return rc;
  }
  for (size_t i = 0; i < SIZE_BYTES; i++)
    out->data[before + i] = (char)(size >> (8 * (SIZE_BYTES - 1 - i)));
  return 0;
}
