#include "runtime/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

enum { CHUNK = 16 * 1024, OWNER_ONLY = S_IRUSR | S_IWUSR };

static int no_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
}

/* ---- write ---- */

static int write_all(int fd, const char *bytes, size_t len)
{
  while (len > 0) {
    ssize_t put = write(fd, bytes, len);

    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return -errno;
    bytes += put;
    len -= (size_t)put;
  }
  return 0;
}

/* One fixed name: what a crash leaves behind is replaced by the next write. */
static int write_temp(const char *temp, const char *text, size_t len)
{
  int rc;
  int fd;

  if (unlink(temp) != 0 && errno != ENOENT)
    return -errno;
  fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, OWNER_ONLY);
  if (fd < 0)
    return -errno;
  rc = write_all(fd, text, len);
  if (close(fd) != 0 && rc == 0)
    rc = -errno;
  return rc;
}

static int replace(const char *path, const char *temp, const char *text,
                   size_t len)
{
  int rc = write_temp(temp, text, len);

  if (rc == 0 && rename(temp, path) != 0)
    rc = -errno;
  if (rc != 0)
    unlink(temp);
  return rc;
}

int zpm_store_write(const char *path, const char *text, size_t len,
                    struct zpm_error *err)
{
  struct zpm_str temp = {0};
  int rc;

  if (zpm_str_printf(&temp, "%s.new", path) != 0)
    return no_memory(err);
  rc = replace(path, temp.data, text, len);
  if (rc != 0)
    zpm_error_set(err, rc,
                  "cannot write %s: %s. What it held before is still there; "
                  "check the disk and the permissions of its folder.",
                  path, strerror(-rc));
  zpm_str_deinit(&temp);
  return rc;
}

/* ---- sync ---- */

static int sync_file(const char *path)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int rc = 0;

  if (fd < 0)
    return -errno;
  /* A file system that cannot do this does not need it. */
  if (fsync(fd) != 0 && errno != EINVAL)
    rc = -errno;
  close(fd);
  return rc;
}

/* A second name for the same file: the next write leaves that one alone. */
static int keep_old(const char *path, const char *temp, const char *old)
{
  if (unlink(temp) != 0 && errno != ENOENT)
    return -errno;
  if (link(path, temp) != 0 || rename(temp, old) != 0)
    return -errno;
  /* rename() does nothing when both are names of one file. */
  if (unlink(temp) != 0 && errno != ENOENT)
    return -errno;
  return 0;
}

int zpm_store_sync(const char *path, struct zpm_error *err)
{
  const char *slash = strrchr(path, '/');
  struct zpm_str folder = {0};
  struct zpm_str temp = {0};
  struct zpm_str old = {0};
  int rc = ZPM_ENOMEM;

  if (zpm_str_append(&folder, slash != NULL ? path : ".",
                     slash != NULL ? (size_t)(slash - path) + 1 : 1) == 0 &&
      zpm_str_printf(&temp, "%s.link", path) == 0 &&
      zpm_str_printf(&old, "%s.old", path) == 0)
    rc = sync_file(path);
  if (rc == 0)
    rc = keep_old(path, temp.data, old.data);
  if (rc == 0)
    rc = sync_file(folder.data);
  if (rc != 0)
    zpm_error_set(err, rc, "cannot bring %s to the disk: %s", path,
                  rc == ZPM_ENOMEM ? "out of memory" : strerror(-rc));
  zpm_str_deinit(&folder);
  zpm_str_deinit(&temp);
  zpm_str_deinit(&old);
  return rc;
}

/* ---- read ---- */

static int append_all(int fd, struct zpm_str *out)
{
  ssize_t got;

  do {
    if (zpm_str_reserve(out, CHUNK) != 0)
      return ZPM_ENOMEM;
    got = read(fd, out->data + out->len, CHUNK);
    if (got < 0 && errno != EINTR)
      return -errno;
    if (got > 0)
      out->len += (size_t)got;
  } while (got != 0);
  out->data[out->len] = '\0';
  return 0;
}

static int read_file(int fd, struct zpm_str *out)
{
  size_t before = out->len;
  struct stat found;
  int rc;

  if (fstat(fd, &found) != 0)
    return -errno;
  if (!S_ISREG(found.st_mode))
    return S_ISDIR(found.st_mode) ? -EISDIR : -EINVAL;
  rc = append_all(fd, out);
  if (rc != 0 && out->data != NULL) {
    out->len = before;
    out->data[before] = '\0';
  }
  return rc;
}

int zpm_store_read(const char *path, struct zpm_str *out, struct zpm_error *err)
{
  /* Not to hang on a pipe of that name. */
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  int rc = fd >= 0 ? read_file(fd, out) : -errno;

  if (fd >= 0)
    close(fd);
  if (rc == UV_ENOENT || rc == 0)
    return rc;
  if (rc == ZPM_ENOMEM)
    return no_memory(err);
  return zpm_error_set(err, rc, "cannot read %s: %s. Check the file.", path,
                       strerror(-rc));
}
