#include "runtime/env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dotenv.h"
#include "runtime/launch_words.h"

enum { SIZE_MAX_BYTES = 1 << 20, PIECE = 16 * 1024 };

static int cannot_read(const char *path, int error, struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ESTART,
                       "cannot read the file of variables %s: %s. Mend it, or "
                       "change envFile",
                       path, zpm_launch_words(error).text);
}

/* O_NONBLOCK: a FIFO would make us wait for its other end. */
static int open_file(const char *path, int *fd, struct zpm_error *err)
{
  struct stat found;

  *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (*fd < 0)
    return cannot_read(path, errno, err);
  if (fstat(*fd, &found) != 0)
    return cannot_read(path, errno, err);
  if (S_ISDIR(found.st_mode))
    return cannot_read(path, EISDIR, err);
  if (!S_ISREG(found.st_mode))
    return zpm_error_set(err, ZPM_ESTART,
                         "%s, given as envFile, is not a regular file", path);
  return 0;
}

static int read_all(struct zpm_str *text, int fd, const char *path,
                    struct zpm_error *err)
{
  ssize_t got;

  do {
    if (zpm_str_reserve(text, PIECE) != 0)
      return ZPM_ENOMEM;
    got = read(fd, text->data + text->len, PIECE);
    if (got < 0 && errno != EINTR)
      return cannot_read(path, errno, err);
    text->len += got > 0 ? (size_t)got : 0;
  } while (got != 0 && text->len <= SIZE_MAX_BYTES);
  if (text->len > SIZE_MAX_BYTES)
    return zpm_error_set(err, ZPM_ESTART, "%s, given as envFile, is over 1 MiB",
                         path);
  return 0;
}

static int parse(struct zpm_strv *vars, const struct zpm_str *text,
                 const char *path, struct zpm_error *err)
{
  struct zpm_error why = {0};
  int rc = zpm_dotenv_parse(vars, zpm_str_text(text), text->len, &why);

  if (rc == 0 || rc == ZPM_ENOMEM)
    return rc;
  return zpm_error_set(err, ZPM_ESTART, "%s, given as envFile: %s", path,
                       why.message);
}

int zpm_env_file_read(struct zpm_strv *vars, const char *path,
                      struct zpm_error *err)
{
  struct zpm_str text = {0};
  int fd = -1;
  int rc = open_file(path, &fd, err);

  *vars = (struct zpm_strv){0};
  if (rc == 0)
    rc = read_all(&text, fd, path, err);
  if (fd >= 0)
    close(fd);
  if (rc == 0)
    rc = parse(vars, &text, path, err);
  zpm_str_deinit(&text);
  return rc;
}
