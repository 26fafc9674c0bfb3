#include "core/port_policy.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum {
  FIRST_PID = 1, /* of the whole system, or container */
  FIRST_OWNERS = 8,
  WHO_MAX = ZPM_PORT_COMMAND_MAX + ZPM_PORT_USER_MAX + 32,
  QUOTED_MAX = ZPM_PORT_APP_MAX + 2,
};

struct zpm_port_owner *zpm_port_owners_add(struct zpm_port_owners *owners)
{
  struct zpm_port_owner *owner;

  if (owners->len == owners->cap) {
    size_t cap = owners->cap > 0 ? owners->cap * 2 : FIRST_OWNERS;
    void *items = zpm_realloc(owners->items, cap * sizeof(*owners->items));

    if (items == NULL)
      return NULL;
    owners->items = items;
    owners->cap = cap;
  }
  owner = &owners->items[owners->len++];
  *owner = (struct zpm_port_owner){0};
  return owner;
}

void zpm_port_owners_deinit(struct zpm_port_owners *owners)
{
  zpm_free(owners->items);
  *owners = (struct zpm_port_owners){0};
}

/* ---- may it be ended? ---- */

static void describe(const struct zpm_port_owner *owner, char who[WHO_MAX])
{
  snprintf(who, WHO_MAX, "%s (pid %d, user %s)", owner->command, owner->pid,
           owner->user);
}

/* As it has to be written in a shell. */
static const char *quote(const char *name, char quoted[QUOTED_MAX])
{
  if (strchr(name, ' ') == NULL)
    return name;
  snprintf(quoted, QUOTED_MAX, "'%s'", name);
  return quoted;
}

static void refuse_managed(unsigned port, const struct zpm_port_owner *owner,
                           struct zpm_error *err)
{
  char quoted[QUOTED_MAX];

  if (owner->app[0] == '\0')
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s (pid %d), a process of an app that "
                  "zpm manages. Stop that app, or choose another port.",
                  port, owner->command, owner->pid);
  else
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by '%s' (%s, pid %d), an app that zpm "
                  "manages. Stop it (zpm stop %s), or choose another port.",
                  port, owner->app, owner->command, owner->pid,
                  quote(owner->app, quoted));
}

static void refuse_unseen(const struct zpm_port_facts *facts,
                          const struct zpm_port_owner *owner,
                          struct zpm_error *err)
{
  if (owner->uid == facts->uid)
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by a process of user %s that cannot be seen "
                  "from here, so zpm does not end it: is it in a container? "
                  "Stop it there, or choose another port.",
                  facts->port, owner->user);
  else
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by a process of user %s, and zpm does not "
                  "end another user's process. Stop it (sudo ss -ltnp 'sport = "
                  ":%u' names it), or choose another port.",
                  facts->port, owner->user, facts->port);
}

static bool refuse(const struct zpm_port_facts *facts,
                   const struct zpm_port_owner *owner, struct zpm_error *err)
{
  unsigned port = facts->port;
  char who[WHO_MAX];

  describe(owner, who);
  if (owner->standing == ZPM_PORT_MANAGED)
    refuse_managed(port, owner, err);
  else if (owner->standing == ZPM_PORT_MANAGED_ELSEWHERE)
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s, a process of an app that another zpm "
                  "manages. Stop it there, or choose another port.",
                  port, who);
  else if (owner->standing == ZPM_PORT_OURSELF)
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s, which belongs to the program that "
                  "zpm runs in or under. Choose another port.",
                  port, who);
  else if (owner->standing == ZPM_PORT_CLIENT)
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s, which is talking to zpm, or has "
                  "started who is. Choose another port.",
                  port, who);
  else if (owner->pid == 0)
    refuse_unseen(facts, owner, err);
  else if (owner->pid == FIRST_PID)
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s, the first process of this system, "
                  "which zpm never ends. If it is systemd, `systemctl "
                  "list-sockets` names the unit: stop that, or choose another "
                  "port.",
                  port, who);
  else if (owner->uid != facts->uid)
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s. zpm does not end another user's "
                  "process: stop it, or choose another port.",
                  port, who);
  else if (owner->service[0] != '\0')
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s, which is the service %s of this "
                  "system. Stop it (systemctl stop %s), or choose another "
                  "port.",
                  port, who, owner->service, owner->service);
  else if (!facts->may_clear)
    zpm_error_set(err, ZPM_ESTART,
                  "port %u is held by %s, and clearPort is off. Stop it (kill "
                  "%d), or choose another port.",
                  port, who, owner->pid);
  else
    return false;
  return true;
}

enum zpm_port_verdict zpm_port_judge(const struct zpm_port_facts *facts,
                                     struct zpm_error *err)
{
  enum zpm_port_verdict verdict = ZPM_PORT_IS_FREE;

  for (size_t i = 0; i < facts->owners->len; i++) {
    const struct zpm_port_owner *owner = &facts->owners->items[i];

    if (owner->standing == ZPM_PORT_SIBLING)
      continue;
    if (refuse(facts, owner, err))
      return ZPM_PORT_MUST_NOT;
    verdict = ZPM_PORT_MAY_END;
  }
  return verdict;
}

enum zpm_port_step zpm_port_next(uint64_t since_term_ms, bool killed)
{
  if (killed && since_term_ms >= ZPM_PORT_TERM_MS + ZPM_PORT_KILL_MS)
    return ZPM_PORT_GIVE_UP;
  if (!killed && since_term_ms >= ZPM_PORT_TERM_MS)
    return ZPM_PORT_KILL;
  return ZPM_PORT_WAIT;
}

/* ---- for people ---- */

void zpm_port_list(const struct zpm_port_owners *owners,
                   char text[ZPM_PORT_LIST_MAX])
{
  const struct zpm_port_owner *first = NULL;
  char who[WHO_MAX];
  size_t more = 0;

  for (size_t i = 0; i < owners->len; i++) {
    if (owners->items[i].standing == ZPM_PORT_SIBLING)
      continue;
    if (first == NULL)
      first = &owners->items[i];
    else
      more++;
  }
  text[0] = '\0';
  if (first == NULL)
    return;
  describe(first, who);
  if (more == 0)
    snprintf(text, ZPM_PORT_LIST_MAX, "%s", who);
  else
    snprintf(text, ZPM_PORT_LIST_MAX, "%s and %zu more", who, more);
}
