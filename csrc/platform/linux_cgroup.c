/* Control groups: who is born in one stays there, whatever it does. */
#include "platform/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cgroup.h"

enum { CHUNK = 4096, DEEPEST = 16 };

static int read_all(const char *path, struct zpm_str *text)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  char chunk[CHUNK];
  ssize_t got;
  int rc = 0;

  if (fd < 0)
    return -errno;
  while (rc == 0 && (got = read(fd, chunk, sizeof(chunk))) > 0)
    rc = zpm_str_append(text, chunk, (size_t)got);
  close(fd);
  return rc;
}

static int own_folder(const char *controller, struct zpm_str *folder)
{
  struct zpm_str mounts = {0};
  struct zpm_str groups = {0};
  int rc = read_all("/proc/self/mountinfo", &mounts);

  if (rc == 0)
    rc = read_all("/proc/self/cgroup", &groups);
  if (rc == 0)
    rc = zpm_cgroup_folder(zpm_str_text(&mounts), zpm_str_text(&groups),
                           controller, folder);
  zpm_str_deinit(&mounts);
  zpm_str_deinit(&groups);
  return rc;
}

/* ---- where they can be ---- */

static int has_file(const char *folder, const char *name)
{
  struct zpm_str path = {0};
  int rc = zpm_str_printf(&path, "%s/%s", folder, name);

  if (rc == 0)
    rc = access(path.data, W_OK) == 0 ? 0 : -errno;
  zpm_str_deinit(&path);
  return rc;
}

static int refuse(struct zpm_error *err, const char *folder, int rc)
{
  if (rc == ZPM_EUNSUPPORTED)
    return zpm_error_set(err, rc,
                         "no control groups of version 2 (cgroup2) "
                         "can be seen here");
  if (rc == ZPM_ENOMEM)
    return zpm_error_set(err, rc, "%s", zpm_code_text(rc));
  return zpm_error_set(err, rc, "no control group can be made below %s: %s",
                       folder, strerror(-rc));
}

static int make_folder(const char *name, struct zpm_str *folder,
                       struct zpm_error *err)
{
  size_t own = folder->len;
  int rc = zpm_str_printf(folder, "/%s", name);

  if (rc != 0)
    return refuse(err, "", rc);
  if (mkdir(folder->data, 0755) != 0 && errno != EEXIST) {
    rc = -errno;
    folder->data[own] = '\0';
    return refuse(err, folder->data, rc);
  }
  if (has_file(folder->data, "cgroup.procs") == 0 &&
      has_file(folder->data, "cgroup.kill") == 0)
    return 0;
  rmdir(folder->data);
  return zpm_error_set(err, ZPM_EUNSUPPORTED,
                       "this kernel cannot end a control group as a whole "
                       "(it takes Linux 5.14)");
}

int zpm_platform_groups_open(const char *name, struct zpm_str *folder,
                             struct zpm_error *err)
{
  int rc = own_folder(NULL, folder);

  return rc != 0 ? refuse(err, "", rc) : make_folder(name, folder, err);
}

/* ---- one of them ---- */

int zpm_platform_group_create(const char *path)
{
  int fd;

  if (mkdir(path, 0755) != 0 && errno != EEXIST)
    return -errno;
  fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

static int open_folder(int parent, const char *name)
{
  return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Calls `each` for the groups right below the folder, which it closes. */
static void each_below(int folder,
                       void (*each)(void *ctx, int folder, const char *name),
                       void *ctx)
{
  DIR *entries = fdopendir(folder);
  const struct dirent *entry;

  if (entries == NULL) {
    close(folder);
    return;
  }
  while ((entry = readdir(entries)) != NULL) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
      each(ctx, folder, entry->d_name);
  }
  closedir(entries);
}

struct walk {
  struct zpm_pids *members;
  int depth;
  int rc;
};

static void add_members(struct walk *walk, int folder);

static void on_group_below(void *ctx, int folder, const char *name)
{
  struct walk *walk = ctx;
  int below = walk->depth < DEEPEST ? open_folder(folder, name) : -1;

  if (below < 0)
    return;
  walk->depth++;
  add_members(walk, below);
  walk->depth--;
}

/* Closes the folder. */
static void add_members(struct walk *walk, int folder)
{
  int fd = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
  int rc = fd >= 0 ? zpm_pids_read(fd, walk->members) : 0;

  if (rc != 0)
    walk->rc = rc;
  each_below(folder, on_group_below, walk);
}

int zpm_platform_group_members(const char *path, struct zpm_pids *members)
{
  struct walk walk = {.members = members};
  int folder = open_folder(AT_FDCWD, path);

  if (folder < 0)
    return -errno;
  add_members(&walk, folder);
  return walk.rc;
}

int zpm_platform_group_kill(const char *path)
{
  int folder = open_folder(AT_FDCWD, path);
  int fd =
      folder >= 0 ? openat(folder, "cgroup.kill", O_WRONLY | O_CLOEXEC) : -1;
  int rc = fd >= 0 && write(fd, "1", 1) == 1 ? 0 : -errno;

  if (fd >= 0)
    close(fd);
  if (folder >= 0)
    close(folder);
  return rc;
}

static void remove_below(void *ctx, int folder, const char *name)
{
  int *depth = ctx;
  int below = *depth < DEEPEST ? open_folder(folder, name) : -1;

  if (below < 0)
    return;
  (*depth)++;
  each_below(below, remove_below, depth);
  (*depth)--;
  unlinkat(folder, name, AT_REMOVEDIR);
}

int zpm_platform_group_populated(const char *path)
{
  struct zpm_str events = {0};
  char text[CHUNK];
  ssize_t len = -1;
  int rc = zpm_str_printf(&events, "%s/cgroup.events", path);
  int fd = rc == 0 ? open(events.data, O_RDONLY | O_CLOEXEC) : -1;

  if (rc == 0 && fd < 0)
    rc = -errno;
  if (fd >= 0) {
    len = read(fd, text, sizeof(text) - 1);
    close(fd);
  }
  zpm_str_deinit(&events);
  if (len < 0)
    return rc == -ENOENT ? 0 : (rc != 0 ? rc : -EIO);
  text[len] = '\0';
  return zpm_cgroup_number(text, "populated") != 0;
}

int zpm_platform_group_remove(const char *path)
{
  int depth = 0;
  int folder;

  if (rmdir(path) == 0 || errno == ENOENT)
    return 0;
  if (zpm_platform_group_populated(path) != 0)
    return -EBUSY;
  folder = open_folder(AT_FDCWD, path);
  if (folder < 0)
    return -errno;
  each_below(folder, remove_below, &depth);
  return rmdir(path) == 0 ? 0 : -errno;
}

struct listing {
  void (*each)(void *ctx, const char *name);
  void *ctx;
};

static void on_listed(void *ctx, int folder, const char *name)
{
  struct listing *listing = ctx;

  (void)folder;
  listing->each(listing->ctx, name);
}

bool zpm_platform_group_of(int pid, const char *prefix, char *name, size_t room)
{
  struct zpm_str groups = {0};
  char path[32];
  bool found;

  snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
  found = read_all(path, &groups) == 0 &&
          zpm_cgroup_below(zpm_str_text(&groups), prefix, name, room);
  zpm_str_deinit(&groups);
  return found;
}

void zpm_platform_groups_each(const char *folder,
                              void (*each)(void *ctx, const char *name),
                              void *ctx)
{
  int fd = open_folder(AT_FDCWD, folder);

  if (fd >= 0)
    each_below(fd, on_listed, &(struct listing){each, ctx});
}

/* ---- out of memory ---- */

static bool tells(const struct zpm_str *path)
{
  struct zpm_str text = {0};
  bool found = read_all(path->data, &text) == 0 &&
               strstr(zpm_str_text(&text), "oom_kill ") != NULL;

  zpm_str_deinit(&text);
  return found;
}

static int look_for(const char *controller, const char *file,
                    struct zpm_str *path)
{
  int rc;

  zpm_str_clear(path);
  rc = own_folder(controller, path);
  if (rc == 0)
    rc = zpm_str_printf(path, "/%s", file);
  if (rc != 0)
    return rc;
  return tells(path) ? 0 : ZPM_EUNSUPPORTED;
}

int zpm_platform_oom_source(struct zpm_str *path)
{
  int rc = look_for(NULL, "memory.events", path);

  if (rc != 0 && rc != ZPM_ENOMEM)
    rc = look_for("memory", "memory.oom_control", path);
  if (rc == 0 || rc == ZPM_ENOMEM)
    return rc;
  zpm_str_clear(path);
  return zpm_str_puts(path, "/proc/vmstat");
}

uint64_t zpm_platform_oom_kills(const char *source)
{
  struct zpm_str text = {0};
  uint64_t kills = 0;

  if (read_all(source, &text) == 0)
    kills = zpm_cgroup_number(zpm_str_text(&text), "oom_kill");
  zpm_str_deinit(&text);
  return kills;
}
