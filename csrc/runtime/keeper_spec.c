#include "runtime/keeper_spec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"

static int put_string(struct zpm_str *spec, const char *text)
{
  return zpm_str_append(spec, text, strlen(text) + 1);
}

static int put_list(struct zpm_str *spec, char *const *list, uint32_t *count)
{
  int rc = 0;

  for (*count = 0; rc == 0 && list[*count] != NULL; (*count)++)
    rc = put_string(spec, list[*count]);
  return rc;
}

static int build(struct zpm_str *spec, const struct zpm_spawn *spawn)
{
  struct zpm_spawn_spec head = {
      .magic = ZPM_SPEC_MAGIC,
      .uid = spawn->uid,
      .gid = spawn->gid,
      .umask = ZPM_SPEC_KEEP,
      .nice = ZPM_SPEC_KEEP,
      .group_count = (uint32_t)spawn->group_count,
  };
  int rc = zpm_str_append(spec, &head, sizeof(head));

  if (rc == 0 && spawn->group_count > 0)
    rc = zpm_str_append(spec, spawn->groups,
                        spawn->group_count * sizeof(*spawn->groups));
  if (rc == 0)
    rc = put_string(spec, spawn->path);
  if (rc == 0)
    rc = put_string(spec, spawn->cwd);
  if (rc == 0)
    rc = put_list(spec, spawn->argv, &head.argc);
  if (rc == 0)
    rc = put_list(spec, spawn->envp, &head.envc);
  if (rc != 0)
    return rc;
  head.size = (uint32_t)spec->len;
  memcpy(spec->data, &head, sizeof(head)); /* now that it can be counted */
  return 0;
}

static int write_all(int fd, const struct zpm_str *spec)
{
  size_t done = 0;

  while (done < spec->len) {
    ssize_t len = write(fd, spec->data + done, spec->len - done);
    if (len < 0 && errno != EINTR)
      return -errno;
    if (len > 0)
      done += (size_t)len;
  }
  return 0;
}

int zpm_keeper_spec_create(const struct zpm_spawn *spawn, struct zpm_error *err)
{
  struct zpm_str spec = {0};
  int rc = build(&spec, spawn);
  int fd = -1;

  if (rc != 0) {
    zpm_error_set(err, rc, "no memory to start %s", spawn->path);
    goto done;
  }
  fd = zpm_platform_memfd("zpm-spec");
  rc = fd >= 0 ? write_all(fd, &spec) : fd;
  if (rc != 0)
    zpm_error_set(err, rc, "cannot write what is to be started: %s",
                  strerror(-rc));
  if (rc != 0 && fd >= 0)
    close(fd);
done:
  zpm_str_deinit(&spec);
  return rc == 0 ? fd : rc;
}
