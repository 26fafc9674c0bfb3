#include "daemon/order.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "proto/json.h"

enum { PIECE = 16 * 1024 };

static int read_all(struct zpm_str *text, int fd)
{
  ssize_t got;

  do {
    if (zpm_str_reserve(text, PIECE) != 0)
      return ZPM_ENOMEM;
    got = read(fd, text->data + text->len, PIECE);
    if (got < 0 && errno != EINTR)
      return -errno;
    text->len += got > 0 ? (size_t)got : 0;
    text->data[text->len] = '\0';
  } while (got != 0);
  return 0;
}

static int parse(struct zpm_config *config, const struct zpm_str *text,
                 struct zpm_error *err)
{
  cJSON *json;
  int rc = zpm_json_parse(text->data, text->len, &json, err);

  if (rc != 0)
    return rc;
  rc = zpm_config_from_json(config, json, err);
  cJSON_Delete(json);
  return rc;
}

int zpm_order_read(struct zpm_config *config, const char *folder,
                   struct zpm_error *err)
{
  struct zpm_str path = {0};
  struct zpm_str text = {0};
  int rc = zpm_str_printf(&path, "%s/order", folder);
  int fd = rc == 0 ? open(path.data, O_RDONLY | O_CLOEXEC) : -1;

  if (fd < 0)
    rc = zpm_error_set(err, -errno, "cannot read %s: %s", zpm_str_text(&path),
                       strerror(errno));
  if (rc == 0)
    rc = read_all(&text, fd);
  if (fd >= 0)
    close(fd);
  if (rc == 0)
    rc = parse(config, &text, err);
  zpm_str_deinit(&path);
  zpm_str_deinit(&text);
  return rc;
}
