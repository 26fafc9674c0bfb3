#include "platform/platform.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

/*
 * Users as the C library knows them.  A static one (musl) reads /etc/passwd and
 * /etc/group, and asks nscd for those of a directory service.
 */
_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are used in place");

enum {
  RECORD_FIRST = 1024,
  RECORD_MAX = 1024 * 1024,
  GROUPS_FIRST = 32,
  GROUPS_MAX = 65536, /* NGROUPS_MAX */
};

/* By name, or, with NULL, by uid. */
struct query {
  const char *name;
  uid_t uid;
};

static int look_up(const struct query *query, struct passwd *found, char *room,
                   size_t size)
{
  struct passwd *result = NULL;
  int error = query->name != NULL
                  ? getpwnam_r(query->name, found, room, size, &result)
                  : getpwuid_r(query->uid, found, room, size, &result);

  if (result != NULL)
    return 0;
  /* Systems disagree on how they say that there is none. */
  if (error == 0 || error == ESRCH || error == EBADF || error == EPERM)
    return -ENOENT;
  return -error;
}

/* The groups of the user, `gid` among them. */
static int fill_groups(struct zpm_platform_user *user)
{
  for (int room = GROUPS_FIRST; room <= GROUPS_MAX; room *= 2) {
    int count = room;
    uint32_t *groups =
        zpm_realloc(user->groups, (size_t)room * sizeof(*groups));

    if (groups == NULL)
      return ZPM_ENOMEM;
    user->groups = groups;
    if (getgrouplist(user->name, user->gid, groups, &count) >= 0) {
      user->group_count = (size_t)count;
      return 0;
    }
  }
  return -E2BIG;
}

static int fill(struct zpm_platform_user *user, const struct passwd *found)
{
  int rc;

  user->uid = found->pw_uid;
  user->gid = found->pw_gid;
  user->name = zpm_strdup(found->pw_name);
  user->home = zpm_strdup(found->pw_dir);
  rc =
      user->name != NULL && user->home != NULL ? fill_groups(user) : ZPM_ENOMEM;
  if (rc != 0)
    zpm_platform_user_deinit(user);
  return rc;
}

static int find(const struct query *query, struct zpm_platform_user *user)
{
  int rc = -ERANGE;

  *user = (struct zpm_platform_user){0};
  for (size_t size = RECORD_FIRST; rc == -ERANGE && size <= RECORD_MAX;
       size *= 4) {
    struct passwd found;
    char *room = zpm_alloc(size);

    if (room == NULL)
      return ZPM_ENOMEM;
    rc = look_up(query, &found, room, size);
    if (rc == 0)
      rc = fill(user, &found);
    zpm_free(room);
  }
  return rc;
}

int zpm_platform_user_named(const char *name, struct zpm_platform_user *user)
{
  struct query query = {.name = name};

  return find(&query, user);
}

int zpm_platform_user_of_uid(uint32_t uid, struct zpm_platform_user *user)
{
  struct query query = {.uid = uid};

  return find(&query, user);
}

void zpm_platform_user_deinit(struct zpm_platform_user *user)
{
  zpm_free(user->name);
  zpm_free(user->home);
  zpm_free(user->groups);
  *user = (struct zpm_platform_user){0};
}
