#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "proto/frame.h"

enum { PIECE = 16 * 1024 };

static int read_all(struct zpm_str *text, int fd, const char *path,
                    struct zpm_error *err)
{
  ssize_t got;

  do {
    if (zpm_str_reserve(text, PIECE) != 0)
      return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
    got = read(fd, text->data + text->len, PIECE);
    if (got < 0 && errno != EINTR)
      return zpm_error_set(err, ZPM_EIO, "cannot read %s: %s", path,
                           strerror(errno));
    text->len += got > 0 ? (size_t)got : 0;
    text->data[text->len] = '\0';
    if (text->len > ZPM_LINE_MAX)
      return zpm_error_set(err, ZPM_ETOOLONG, "%s is over 1 MiB", path);
  } while (got != 0);
  return 0;
}

int zpm_file_read(struct zpm_str *text, const char *path, struct zpm_error *err)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int rc;

  if (fd < 0)
    return zpm_error_set(err, ZPM_EIO, "cannot open %s: %s", path,
                         strerror(errno));
  rc = read_all(text, fd, path, err);
  close(fd);
  return rc;
}
