#include "runtime/run_group.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "base/str.h"
#include "core/hashes.h"
#include "platform/platform.h"
#include "runtime/run_tree.h"
#include "runtime/services.h"

static const char PREFIX[] = "zpm-";

enum { PATH_SIZE = 512, NAME_SIZE = 64, LOOKS = 200, BETWEEN_LOOKS_MS = 10 };

/* NULL: there is none. */
static char *path_of(const struct zpm_run_groups *groups, uint64_t id,
                     char path[PATH_SIZE])
{
  int len;

  if (groups->folder == NULL)
    return NULL;
  len = snprintf(path, PATH_SIZE, "%s/%016" PRIx64, groups->folder, id);
  return len < PATH_SIZE ? path : NULL;
}

/* ---- all of them ---- */

/* Of a host that died while its apps ran: its keeper has ended them. */
static bool host_died(const char *name)
{
  const char *number = name + strlen(PREFIX);
  char *end;
  long pid = strtol(number, &end, 10);

  return pid > 0 && *end == '-' && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* An empty folder that is needed after all is made again. */
static void remove_leftover(void *ctx, const char *name)
{
  const char *parent = ctx;
  char path[PATH_SIZE];

  if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
      snprintf(path, sizeof(path), "%s/%s", parent, name) >= PATH_SIZE)
    return;
  if (rmdir(path) != 0 && host_died(name))
    zpm_platform_group_remove(path);
}

/* Beside `folder`. It goes as well if it is empty; the first run makes it. */
static void remove_leftovers(const char *folder)
{
  char parent[PATH_SIZE];
  char *slash;

  snprintf(parent, sizeof(parent), "%s", folder);
  slash = strrchr(parent, '/');
  if (slash == NULL)
    return;
  *slash = '\0';
  zpm_platform_groups_each(parent, remove_leftover, parent);
}

void zpm_run_groups_open(struct zpm_run_groups *groups, const char *state_path,
                         uint64_t unique)
{
  struct zpm_str folder = {0};
  char name[NAME_SIZE];

  *groups = (struct zpm_run_groups){0};
  if (state_path != NULL)
    snprintf(name, sizeof(name), "zpm-%016" PRIx64,
             zpm_hashes_of(0, state_path, strlen(state_path)));
  else
    snprintf(name, sizeof(name), "zpm-%d-%" PRIx64, (int)uv_os_getpid(),
             unique);
  if (zpm_platform_groups_open(name, &folder, &groups->lack) != 0) {
    zpm_str_deinit(&folder);
    return;
  }
  remove_leftovers(folder.data);
  groups->folder = folder.data;
}

void zpm_run_groups_close(struct zpm_run_groups *groups)
{
  struct zpm_str folder = {.data = groups->folder};

  if (groups->folder != NULL)
    zpm_platform_group_remove(groups->folder);
  zpm_str_deinit(&folder);
  groups->folder = NULL;
}

struct sweep {
  const struct zpm_services *services;
  bool found;
};

static void end_stray(void *ctx, const char *name)
{
  struct sweep *sweep = ctx;
  const struct zpm_run_groups *groups = &sweep->services->groups;
  uint64_t id = strtoull(name, NULL, 16);
  char path[PATH_SIZE];

  if (zpm_run_tree_of(sweep->services, id) != NULL ||
      snprintf(path, sizeof(path), "%s/%s", groups->folder, name) >= PATH_SIZE)
    return;
  zpm_platform_group_kill(path);
  if (zpm_platform_group_remove(path) != 0)
    sweep->found = true;
}

void zpm_run_groups_sweep(struct zpm_services *services)
{
  struct sweep sweep = {.services = services, .found = true};

  if (services->groups.folder == NULL)
    return;
  for (int look = 0; sweep.found && look < LOOKS; look++) {
    if (look > 0)
      uv_sleep(BETWEEN_LOOKS_MS);
    sweep.found = false;
    zpm_platform_groups_each(services->groups.folder, end_stray, &sweep);
  }
}

/* ---- one of them ---- */

int zpm_run_group_create(const struct zpm_run_groups *groups, uint64_t id)
{
  char path[PATH_SIZE];
  int fd;

  if (path_of(groups, id, path) == NULL)
    return -1;
  fd = zpm_platform_group_create(path);
  if (fd == -ENOENT && mkdir(groups->folder, 0755) == 0)
    fd = zpm_platform_group_create(path);
  return fd >= 0 ? fd : -1;
}

static int by_number(const void *a, const void *b)
{
  const int *left = a;
  const int *right = b;

  return (*left > *right) - (*left < *right);
}

void zpm_run_group_members(const struct zpm_run_groups *groups, uint64_t id,
                           struct zpm_pids *members)
{
  char path[PATH_SIZE];

  if (path_of(groups, id, path) == NULL)
    return;
  zpm_platform_group_members(path, members);
  if (members->len > 1)
    qsort(members->items, members->len, sizeof(*members->items), by_number);
}

bool zpm_run_group_is_empty(const struct zpm_run_groups *groups, uint64_t id)
{
  char path[PATH_SIZE];

  return path_of(groups, id, path) == NULL ||
         zpm_platform_group_populated(path) == 0;
}

bool zpm_run_group_is_populated(const struct zpm_run_groups *groups,
                                uint64_t id)
{
  char path[PATH_SIZE];

  return path_of(groups, id, path) != NULL &&
         zpm_platform_group_populated(path) == 1;
}

void zpm_run_group_kill(const struct zpm_run_groups *groups, uint64_t id)
{
  char path[PATH_SIZE];

  if (path_of(groups, id, path) != NULL)
    zpm_platform_group_kill(path);
}

bool zpm_run_group_of(int pid, char *run, size_t room)
{
  return zpm_platform_group_of(pid, PREFIX, run, room);
}

void zpm_run_group_remove(const struct zpm_run_groups *groups, uint64_t id)
{
  char path[PATH_SIZE];

  if (path_of(groups, id, path) != NULL)
    zpm_platform_group_remove(path);
}
