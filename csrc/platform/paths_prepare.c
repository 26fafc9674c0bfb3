/* Makes the folders that paths.c has named. */
#include "platform/paths.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

static int cannot_make(const char *path, struct zpm_error *err)
{
  return zpm_error_set(err, -errno,
                       "cannot make the folder %s: %s. Check its path and "
                       "permissions, or set ZPM_HOME to another one.",
                       path, strerror(errno));
}

/* A folder that is there already stays as it is. */
static int make_folder(const char *path, struct zpm_error *err)
{
  if (mkdir(path, S_IRWXU) == 0 || errno == EEXIST)
    return 0;
  return cannot_make(path, err);
}

/* Makes what is missing of the way to `path`, too. */
static int make_way(const char *path, struct zpm_error *err)
{
  char *copy = zpm_strdup(path);
  int rc = 0;

  if (copy == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  for (char *slash = strchr(copy + 1, '/'); rc == 0 && slash != NULL;
       slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    rc = access(copy, F_OK) == 0 ? 0 : make_folder(copy, err);
    *slash = '/';
  }
  zpm_free(copy);
  return rc != 0 ? rc : make_folder(path, err);
}

static int check_ours(const char *path, const struct stat *found,
                      struct zpm_error *err)
{
  if (!S_ISDIR(found->st_mode))
    return zpm_error_set(err, -ENOTDIR,
                         "%s is no folder. Move it away, or set ZPM_HOME to "
                         "another one.",
                         path);
  if (found->st_uid != geteuid())
    return zpm_error_set(err, ZPM_EACCESS,
                         "%s belongs to user %u, and this is user %u. Run zpm "
                         "as that user, or set ZPM_HOME to a folder of yours.",
                         path, (unsigned)found->st_uid, (unsigned)geteuid());
  return 0;
}

static int check_home(const char *path, struct zpm_error *err)
{
  struct stat found;

  return stat(path, &found) == 0 ? check_ours(path, &found, err)
                                 : cannot_make(path, err);
}

/* A folder that is zpm's alone: whatever it was, nobody else may look in. */
static int make_private(const char *path, bool follow_links,
                        struct zpm_error *err)
{
  struct stat found;
  int rc = make_folder(path, err);

  if (rc != 0)
    return rc;
  if ((follow_links ? stat(path, &found) : lstat(path, &found)) != 0)
    return cannot_make(path, err);
  rc = check_ours(path, &found, err);
  if (rc == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0 &&
      chmod(path, S_IRWXU) != 0)
    rc = cannot_make(path, err);
  return rc;
}

/* The folder of a socket that lies elsewhere; in /tmp anybody could have put
 * something of that name. */
static int make_socket_folder(const struct zpm_paths *paths,
                              struct zpm_error *err)
{
  char *folder;
  int rc;

  if (strncmp(paths->socket, paths->folder, strlen(paths->folder)) == 0)
    return 0;
  folder = zpm_strdup(paths->socket);
  if (folder == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  *strrchr(folder, '/') = '\0';
  rc = make_private(folder, false, err);
  zpm_free(folder);
  return rc;
}

int zpm_paths_prepare_home(const struct zpm_paths *paths, struct zpm_error *err)
{
  int rc = make_way(paths->home, err);

  return rc == 0 ? check_home(paths->home, err) : rc;
}

int zpm_paths_prepare(const struct zpm_paths *paths, struct zpm_error *err)
{
  int rc = zpm_paths_prepare_home(paths, err);

  if (rc == 0)
    rc = make_private(paths->folder, true, err);
  if (rc == 0)
    rc = make_private(paths->logs, true, err);
  if (rc == 0)
    rc = make_socket_folder(paths, err);
  return rc;
}
