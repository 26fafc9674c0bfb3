#include "runtime/keeper_spec.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"
#include "core/config.h"
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

/* Their numbers in the system, by enum zpm_rlimit_kind. */
static const int RLIMITS[ZPM_RLIMIT_KINDS] = {
    [ZPM_RLIMIT_AS] = RLIMIT_AS,         [ZPM_RLIMIT_CORE] = RLIMIT_CORE,
    [ZPM_RLIMIT_CPU] = RLIMIT_CPU,       [ZPM_RLIMIT_DATA] = RLIMIT_DATA,
    [ZPM_RLIMIT_FSIZE] = RLIMIT_FSIZE,   [ZPM_RLIMIT_MEMLOCK] = RLIMIT_MEMLOCK,
    [ZPM_RLIMIT_NOFILE] = RLIMIT_NOFILE, [ZPM_RLIMIT_NPROC] = RLIMIT_NPROC,
    [ZPM_RLIMIT_STACK] = RLIMIT_STACK,
};

int zpm_keeper_spec_rlimit_of(int stage)
{
  for (int kind = 0; kind < ZPM_RLIMIT_KINDS; kind++) {
    if (ZPM_STAGE_RLIMIT + RLIMITS[kind] == stage)
      return kind;
  }
  return -1;
}

_Static_assert(ZPM_RLIMIT_UNLIMITED == UINT64_MAX, "as in the spec");

static int put_limits(struct zpm_str *spec, struct zpm_spawn_spec *head,
                      const struct zpm_config *config)
{
  int rc = 0;

  if (config == NULL)
    return 0;
  head->umask = config->umask == ZPM_UMASK_KEEP ? ZPM_SPEC_KEEP : config->umask;
  head->nice =
      config->nice == ZPM_NICE_KEEP ? ZPM_SPEC_KEEP_NICE : config->nice;
  for (int kind = 0; rc == 0 && kind < ZPM_RLIMIT_KINDS; kind++) {
    const struct zpm_rlimit *limit = &config->rlimits.of[kind];
    struct zpm_spec_rlimit given = {
        .kind = (uint64_t)RLIMITS[kind],
        .soft = limit->soft,
        .hard = limit->hard,
    };

    if ((config->rlimits.given >> kind & 1) == 0)
      continue;
    rc = zpm_str_append(spec, &given, sizeof(given));
    head->rlimit_count++;
  }
  return rc;
}

static int build(struct zpm_str *spec, const struct zpm_spawn *spawn)
{
  struct zpm_spawn_spec head = {
      .magic = ZPM_SPEC_MAGIC,
      .uid = spawn->uid,
      .gid = spawn->gid,
      .umask = ZPM_SPEC_KEEP,
      .nice = ZPM_SPEC_KEEP_NICE,
      .group_count = (uint32_t)spawn->group_count,
  };
  int rc = zpm_str_append(spec, &head, sizeof(head));

  if (rc == 0)
    rc = put_limits(spec, &head, spawn->limits);
  if (rc == 0 && spawn->group_count > 0)
    rc = zpm_str_append(spec, spawn->groups,
                        spawn->group_count * sizeof(*spawn->groups));
  if (rc == 0)
    rc = put_string(spec, spawn->path);
  if (rc == 0)
    rc = put_string(spec, spawn->cwd);
  if (rc == 0)
    rc = put_string(spec, spawn->script != NULL ? spawn->script : "");
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
