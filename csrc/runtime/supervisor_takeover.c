#include "runtime/supervisor_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/platform.h"
#include "runtime/proc_run.h"

/* Our end by that name, which is the caller's from now on; -1: not there. */
static int claim(struct zpm_keeper_table *table, const char *name)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    struct zpm_keeper_fd *kept = &table->fds[i];
    int fd = kept->fd;

    if (strcmp(kept->name, name) != 0)
      continue;
    kept->fd = -1;
    return fd;
  }
  return -1;
}

static struct zpm_app *app_of_run(const struct zpm_supervisor *supervisor,
                                  uint64_t id)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    if (app->record.run.id == id)
      return app;
  }
  return NULL;
}

static void adopt(struct zpm_app *app, const struct zpm_keeper_child *child,
                  struct zpm_keeper_table *table)
{
  int fds[ZPM_RUN_FDS] = {-1, -1, -1, -1, -1};
  char name[ZPM_WIRE_NAME_MAX];

  for (int fd = 1; fd < ZPM_RUN_FDS; fd++) {
    zpm_proc_run_name(name, fd, child->id);
    fds[fd] = claim(table, name);
  }
  zpm_proc_adopt(&app->procs[0], &app->record.run, child->pid, fds);
  if (child->exited)
    zpm_proc_on_exited(&app->procs[0], child->wait_status);
}

/* Of a run that the state does not know (its supervisor died before it could
 * write that down): ended, so that there never are two of an app.  What has
 * left its group is found by the marker, below. */
static void end(struct zpm_supervisor *supervisor,
                const struct zpm_keeper_child *child)
{
  if (child->exited)
    zpm_supervisor_save_ack(supervisor, child->id);
  else
    zpm_keeper_link_kill(supervisor->services.link, child->id, SIGKILL, true);
}

static void drop_fds(struct zpm_supervisor *supervisor,
                     struct zpm_keeper_table *table)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    if (table->fds[i].fd < 0)
      continue;
    close(table->fds[i].fd);
    zpm_keeper_link_del(supervisor->services.link, table->fds[i].name);
  }
}

/* ---- what was lost ---- */

enum { LOOKS = 200, BETWEEN_LOOKS_MS = 10 };

static bool was_lost(const struct zpm_app *app)
{
  return app->record.run.id != 0 && app->procs[0].tree.id == 0;
}

static bool any_was_lost(const struct zpm_supervisor *supervisor,
                         const struct zpm_keeper_table *table)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    if (was_lost(ZPM_CONTAINER_OF(it, struct zpm_app, link)))
      return true;
  }
  for (size_t i = 0; i < table->child_count; i++) {
    if (app_of_run(supervisor, table->children[i].id) == NULL)
      return true;
  }
  return false;
}

/* A run of one of our apps that the keeper has not, or a run of our keeper that
 * belongs to no app. */
static bool is_lost_run(const struct zpm_supervisor *supervisor,
                        const struct zpm_keeper_table *table, uint64_t id)
{
  struct zpm_app *app = app_of_run(supervisor, id);

  if (app != NULL)
    return was_lost(app);
  for (size_t i = 0; i < table->child_count; i++) {
    if (table->children[i].id == id)
      return true;
  }
  return false;
}

/* Whether the process belongs to a run that was lost; then it is ended. */
static bool end_stray(const struct zpm_supervisor *supervisor,
                      const struct zpm_keeper_table *table,
                      const struct zpm_process *process)
{
  char id[32];

  if (!zpm_platform_env(process->pid, ZPM_RUN_MARKER, id, sizeof(id)) ||
      !is_lost_run(supervisor, table, strtoull(id, NULL, 16)))
    return false;
  zpm_platform_signal(process->pid, process->start_ticks, SIGKILL);
  return true;
}

/*
 * A keeper that died together with its daemon leaves apps that run on without
 * anybody who could watch them or read their output.  All that was lost is
 * ended before the first start, so that there never are two of an app.  This
 * waits, at most 2 s; the supervisor serves nobody yet.
 */
static void end_strays(const struct zpm_supervisor *supervisor,
                       const struct zpm_keeper_table *keeper_table)
{
  struct zpm_process_table table = {0};
  bool found = any_was_lost(supervisor, keeper_table);

  for (int look = 0; found && look < LOOKS; look++) {
    found = false;
    if (zpm_platform_processes(&table) != 0)
      break;
    for (size_t i = 0; i < table.len; i++)
      found = end_stray(supervisor, keeper_table, &table.items[i]) || found;
    if (found)
      uv_sleep(BETWEEN_LOOKS_MS);
  }
  zpm_process_table_deinit(&table);
}

void zpm_supervisor_take_over(struct zpm_supervisor *supervisor,
                              struct zpm_keeper_table *table)
{
  size_t taken = 0;

  for (size_t i = 0; i < table->child_count; i++)
    taken += app_of_run(supervisor, table->children[i].id) != NULL;
  zpm_supervisor_tell_taken_over(supervisor, taken);
  for (size_t i = 0; i < table->child_count; i++) {
    const struct zpm_keeper_child *child = &table->children[i];
    struct zpm_app *app = app_of_run(supervisor, child->id);

    if (app != NULL)
      adopt(app, child, table);
    else
      end(supervisor, child);
  }
  drop_fds(supervisor, table);
  end_strays(supervisor, table);
  zpm_run_groups_sweep(&supervisor->services);
}
