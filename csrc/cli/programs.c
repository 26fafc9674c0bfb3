#include "cli/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <grp.h>

enum { PROGRAMS = 4, BLOCK = 65536 };

static const char *const NAMES[PROGRAMS] = {"zpm", "zpm-keeper", "agent.cjs",
                                            "selftest.cjs"};

/* Open for reading; -1: there is none (the scripts alone may be missing). */
struct sources {
  int fds[PROGRAMS];
};

int zpm_programs_put_path(struct zpm_str *out, const struct zpm_paths *paths)
{
  return zpm_str_printf(out, "%s/bin/%s", paths->home, NAMES[0]);
}

/* ---- reading ---- */

static int cannot(const char *what, const char *path, struct zpm_error *err)
{
  return zpm_error_set(err, -errno, "cannot %s %s: %s", what, path,
                       strerror(errno));
}

static void close_sources(const struct sources *sources)
{
  for (int i = 0; i < PROGRAMS; i++) {
    if (sources->fds[i] >= 0)
      close(sources->fds[i]);
  }
}

static int open_one(const char *path, int *fd, struct zpm_error *err)
{
  *fd = open(path, O_RDONLY | O_CLOEXEC);
  return *fd >= 0 ? 0 : cannot("read", path, err);
}

/* The one lies beside the other. */
static int open_scripts(struct sources *sources, const char *zpm_path,
                        struct zpm_error *err)
{
  struct zpm_str agent = {0};
  struct zpm_str path = {0};
  int rc = 0;

  if (zpm_paths_agent(&agent, zpm_path) == 0)
    rc = open_one(agent.data, &sources->fds[2], err);
  if (sources->fds[2] >= 0 &&
      zpm_paths_sibling(&path, agent.data, NAMES[3], NULL, NULL) == 0)
    rc = open_one(path.data, &sources->fds[3], err);
  zpm_str_deinit(&agent);
  zpm_str_deinit(&path);
  return rc;
}

static int open_sources(struct sources *sources, const char *zpm_path,
                        struct zpm_error *err)
{
  struct zpm_str path = {0};
  int rc;

  *sources = (struct sources){{-1, -1, -1, -1}};
  rc = open_one(zpm_path, &sources->fds[0], err);
  if (rc == 0)
    rc = zpm_paths_sibling(&path, zpm_path, NAMES[1], "ZPM_KEEPER", err);
  if (rc == 0)
    rc = open_one(path.data, &sources->fds[1], err);
  if (rc == 0)
    rc = open_scripts(sources, zpm_path, err);
  zpm_str_deinit(&path);
  return rc;
}

/* ---- writing ---- */

static int copy_bytes(int from, int to)
{
  char block[BLOCK];
  ssize_t got;

  while ((got = read(from, block, sizeof(block))) > 0) {
    for (ssize_t done = 0; done < got;) {
      ssize_t put = write(to, block + done, (size_t)(got - done));

      if (put < 0)
        return -1;
      done += put;
    }
  }
  return got < 0 ? -1 : 0;
}

/* Whoever runs the old one keeps it: only its name goes to the new one. */
static int replace(int from, const char *folder, const char *name,
                   struct zpm_error *err)
{
  struct zpm_str path = {0};
  struct zpm_str draft = {0};
  int rc = zpm_str_printf(&path, "%s/%s", folder, name);
  int to = -1;

  if (rc == 0)
    rc = zpm_str_printf(&draft, "%s/.%s.%d", folder, name, (int)getpid());
  if (rc == 0) {
    unlink(draft.data);
    to = open(draft.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRWXU);
    if (to < 0 || copy_bytes(from, to) != 0 || fchmod(to, S_IRWXU) != 0 ||
        fsync(to) != 0 || rename(draft.data, path.data) != 0) {
      rc = cannot("write", path.data, err);
      unlink(draft.data);
    }
  }
  if (to >= 0)
    close(to);
  zpm_str_deinit(&path);
  zpm_str_deinit(&draft);
  return rc;
}

static int write_all(const struct zpm_paths *paths,
                     const struct sources *sources, struct zpm_error *err)
{
  struct zpm_str folder = {0};
  int rc = zpm_paths_prepare_home(paths, err);

  if (rc == 0)
    rc = zpm_str_printf(&folder, "%s/bin", paths->home);
  if (rc == 0 && mkdir(folder.data, S_IRWXU) != 0 && errno != EEXIST)
    rc = cannot("make", folder.data, err);
  for (int i = 0; rc == 0 && i < PROGRAMS; i++) {
    if (sources->fds[i] >= 0)
      rc = replace(sources->fds[i], folder.data, NAMES[i], err);
  }
  zpm_str_deinit(&folder);
  return rc;
}

/* ---- as somebody else ---- */

static int become(const struct zpm_platform_user *owner)
{
  _Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are used in place");
  return setgroups(owner->group_count, owner->groups) == 0 &&
                 setgid(owner->gid) == 0 && setuid(owner->uid) == 0
             ? 0
             : -1;
}

/* In a process of its own: root must not write by the links and folders that
 * another user may put there. */
static int write_as(const struct zpm_paths *paths,
                    const struct sources *sources,
                    const struct zpm_platform_user *owner,
                    struct zpm_error *err)
{
  struct zpm_error told = {0};
  int ends[2];
  pid_t pid;

  if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0)
    return zpm_error_set(err, -errno, "cannot start a process: %s",
                         strerror(errno));
  if (pid == 0) {
    if (become(owner) != 0)
      zpm_error_set(&told, ZPM_EACCESS, "cannot become user %s: %s",
                    owner->name, strerror(errno));
    else
      write_all(paths, sources, &told);
    _exit(write(ends[1], &told, sizeof(told)) == (ssize_t)sizeof(told) ? 0 : 1);
  }
  close(ends[1]);
  if (read(ends[0], &told, sizeof(told)) != (ssize_t)sizeof(told))
    zpm_error_set(&told, ZPM_EIO, "the copying of zpm has ended early");
  close(ends[0]);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  if (told.code != 0 && err != NULL)
    *err = told;
  return told.code;
}

int zpm_programs_install(const struct zpm_paths *paths, const char *zpm_path,
                         const struct zpm_platform_user *owner,
                         struct zpm_error *err)
{
  struct sources sources;
  int rc = open_sources(&sources, zpm_path, err);

  if (rc == 0)
    rc = owner->uid == geteuid() ? write_all(paths, &sources, err)
                                 : write_as(paths, &sources, owner, err);
  close_sources(&sources);
  return rc;
}
