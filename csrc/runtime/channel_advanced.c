#include "runtime/channel_advanced.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "proto/json.h"
#include "proto/v8_frame.h"
#include "proto/v8_read.h"
#include "zpm/error.h"

int zpm_channel_advanced_write(struct zpm_str *frame, const char *line,
                               size_t len)
{
  struct zpm_str text = {0};
  cJSON *json = NULL;
  int rc = zpm_str_append(&text, line, len);

  if (rc == 0)
    rc = zpm_json_parse(text.data, text.len, &json, NULL);
  if (rc == 0)
    rc = zpm_v8_frame_write(frame, json);
  cJSON_Delete(json);
  zpm_str_deinit(&text);
  return rc;
}

/* {"cmd":"NODE_HANDLE", in V8's words, but for the version before it. */
static bool is_handle(const unsigned char *frame, size_t len)
{
  static const char BEGINS[] = "o\"\x03"
                               "cmd\"\x0b"
                               "NODE_HANDLE\"";
  enum { VERSION = 2 };

  return len >= VERSION + sizeof(BEGINS) - 1 &&
         memcmp(frame + VERSION, BEGINS, sizeof(BEGINS) - 1) == 0;
}

enum zpm_channel_frame zpm_channel_advanced_read(struct zpm_str *line,
                                                 const unsigned char *frame,
                                                 size_t len)
{
  cJSON *json = NULL;
  int rc;

  if (is_handle(frame, len))
    return ZPM_FRAME_HANDLE;
  rc = zpm_v8_read(frame, len, &json);
  if (rc == 0)
    rc = zpm_json_print(line, json);
  cJSON_Delete(json);
  return rc == 0 ? ZPM_FRAME_LINE : ZPM_FRAME_OTHER;
}
