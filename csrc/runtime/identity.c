#include "runtime/identity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "core/config.h"
#include "keeper/wire.h"
#include "platform/platform.h"

enum { NUMBER_SIZE = 16 };

/* ---- who is meant ---- */

static int no_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

static int explain_lookup(int rc, const char *who, struct zpm_error *err)
{
  if (rc == ZPM_ENOMEM)
    return no_memory(err);
  if (rc == -ENOENT)
    return zpm_error_set(err, ZPM_ESTART,
                         "there is no user '%s' on this machine. Check user "
                         "(--user)",
                         who);
  return zpm_error_set(err, ZPM_ESTART, "the user '%s' cannot be looked up: %s",
                       who, strerror(-rc));
}

/* "1000" is a uid, unless somebody is called that. */
static bool is_number(const char *text, uint32_t *number)
{
  char *end;
  unsigned long value;

  if (text[0] < '0' || text[0] > '9')
    return false;
  errno = 0;
  value = strtoul(text, &end, 10);
  *number = (uint32_t)value;
  return errno == 0 && *end == '\0' && value < ZPM_ID_KEEP;
}

/* A uid without a name has no home and no groups but the one that is given. */
static int make_nameless(struct zpm_platform_user *user, uint32_t uid,
                         const struct zpm_config *config, struct zpm_error *err)
{
  char name[NUMBER_SIZE];

  if (config->gid == ZPM_ID_KEEP)
    return zpm_error_set(err, ZPM_ESTART,
                         "there is no user with the uid %u on this machine. "
                         "Check it, or give its gid, too",
                         (unsigned)uid);
  snprintf(name, sizeof(name), "%u", (unsigned)uid);
  *user = (struct zpm_platform_user){
      .uid = uid,
      .gid = config->gid,
      .name = zpm_strdup(name),
      .home = zpm_strdup("/"),
  };
  if (user->name != NULL && user->home != NULL)
    return 0;
  zpm_platform_user_deinit(user);
  return no_memory(err);
}

static int find_uid(struct zpm_platform_user *user, uint32_t uid,
                    const struct zpm_config *config, struct zpm_error *err)
{
  char who[NUMBER_SIZE];
  int rc = zpm_platform_user_of_uid(uid, user);

  if (rc == 0)
    return 0;
  if (rc == -ENOENT)
    return make_nameless(user, uid, config, err);
  snprintf(who, sizeof(who), "%u", (unsigned)uid);
  return explain_lookup(rc, who, err);
}

static int find_named(struct zpm_platform_user *user,
                      const struct zpm_config *config, struct zpm_error *err)
{
  uint32_t uid;
  int rc = zpm_platform_user_named(config->user, user);

  if (rc == -ENOENT && is_number(config->user, &uid))
    return find_uid(user, uid, config, err);
  return rc == 0 ? 0 : explain_lookup(rc, config->user, err);
}

static int find(struct zpm_platform_user *user, const struct zpm_config *config,
                struct zpm_error *err)
{
  if (config->user != NULL)
    return find_named(user, config, err);
  return find_uid(user, config->uid, config, err);
}

/* ---- what we may do ---- */

static int refuse_group(const struct zpm_config *config, struct zpm_error *err)
{
  if (geteuid() == 0)
    return zpm_error_set(err, ZPM_ESTART,
                         "gid %u alone would leave the app root. Say which "
                         "user it runs as, too (user or uid)",
                         (unsigned)config->gid);
  return zpm_error_set(err, ZPM_ESTART,
                       "only root can run an app with another group (gid %u): "
                       "zpm runs with gid %u. Leave gid out",
                       (unsigned)config->gid, (unsigned)getegid());
}

/* Nobody else can be had without root. */
static int check_ourselves(const struct zpm_platform_user *user,
                           const struct zpm_config *config,
                           struct zpm_error *err)
{
  if (user->uid != (uint32_t)geteuid())
    return zpm_error_set(err, ZPM_ESTART,
                         "only root can run an app as '%s': zpm runs with uid "
                         "%u. Start its daemon as root, or as that user",
                         user->name, (unsigned)geteuid());
  if (config->gid != ZPM_ID_KEEP && config->gid != (uint32_t)getegid())
    return refuse_group(config, err);
  return 0;
}

/* ---- the groups ---- */

/* A group that is given takes the place of the user's own; all others stay. */
static int settle_groups(struct zpm_platform_user *user,
                         const struct zpm_config *config)
{
  uint32_t *groups;

  if (config->gid == ZPM_ID_KEEP)
    return 0;
  for (size_t i = 0; i < user->group_count; i++) {
    if (user->groups[i] == user->gid)
      user->groups[i] = config->gid;
  }
  user->gid = config->gid;
  if (user->group_count > 0)
    return 0;
  groups = zpm_alloc(sizeof(*groups));
  if (groups == NULL)
    return ZPM_ENOMEM;
  groups[0] = config->gid;
  user->groups = groups;
  user->group_count = 1;
  return 0;
}

/* ---- all of it ---- */

static int become(struct zpm_identity *identity, struct zpm_platform_user *user,
                  const struct zpm_config *config, struct zpm_error *err)
{
  if (settle_groups(user, config) != 0)
    return no_memory(err);
  *identity = (struct zpm_identity){
      .uid = (int)user->uid,
      .gid = (int)user->gid,
      .groups = user->groups,
      .group_count = user->group_count,
      .name = user->name,
      .home = user->home,
  };
  *user = (struct zpm_platform_user){0};
  return 0;
}

int zpm_identity_resolve(struct zpm_identity *identity,
                         const struct zpm_config *config, struct zpm_error *err)
{
  struct zpm_platform_user user = {0};
  bool asks_user = config->user != NULL || config->uid != ZPM_ID_KEEP;
  bool asks_group = config->gid != ZPM_ID_KEEP;
  int rc;

  *identity = (struct zpm_identity){
      .uid = ZPM_SPEC_KEEP,
      .gid = ZPM_SPEC_KEEP,
  };
  if (!asks_user && !asks_group)
    return 0;
  if (!asks_user)
    return geteuid() != 0 && config->gid == (uint32_t)getegid()
               ? 0
               : refuse_group(config, err);
  rc = find(&user, config, err);
  if (rc == 0)
    rc = geteuid() == 0 ? become(identity, &user, config, err)
                        : check_ourselves(&user, config, err);
  zpm_platform_user_deinit(&user);
  return rc;
}

void zpm_identity_deinit(struct zpm_identity *identity)
{
  zpm_free(identity->groups);
  zpm_free(identity->name);
  zpm_free(identity->home);
  *identity = (struct zpm_identity){.uid = ZPM_SPEC_KEEP, .gid = ZPM_SPEC_KEEP};
}

int zpm_identity_put_env(const struct zpm_identity *identity,
                         struct zpm_strv *env)
{
  int rc = 0;

  if (identity->home != NULL)
    rc = zpm_strv_env_set(env, "HOME", identity->home);
  if (rc == 0 && identity->name != NULL)
    rc = zpm_strv_env_set(env, "USER", identity->name);
  if (rc == 0 && identity->name != NULL)
    rc = zpm_strv_env_set(env, "LOGNAME", identity->name);
  return rc;
}

void zpm_identity_give(const struct zpm_identity *identity, const int *fds,
                       size_t count)
{
  for (size_t i = 0; identity->uid != ZPM_SPEC_KEEP && i < count; i++) {
    struct stat file;
    int rc = fstat(fds[i], &file);

    if (rc == 0 && S_ISFIFO(file.st_mode)) /* not /dev/null, of all things */
      rc = fchown(fds[i], (uid_t)identity->uid, (gid_t)identity->gid);
    (void)rc; /* it can still write to what it has open */
  }
}
