#include "daemon/dismiss.h"

#include <string.h>

#include "runtime/keeper_link.h"

static void on_spawned(void *ctx, uint64_t id, int pid, int error)
{
  (void)ctx;
  (void)id;
  (void)pid;
  (void)error;
}

static void on_exec_result(void *ctx, uint64_t id, enum zpm_spawn_stage stage,
                           int error)
{
  (void)ctx;
  (void)id;
  (void)stage;
  (void)error;
}

static void on_exited(void *ctx, uint64_t id, int pid, int wait_status)
{
  (void)ctx;
  (void)id;
  (void)pid;
  (void)wait_status;
}

static void on_lost(void *ctx)
{
  (void)ctx;
}

static void on_closed(void *ctx)
{
  (void)ctx;
}

/* One that is known to serve: we are new, and on trial. */
static bool has_another_daemon(const struct zpm_keeper_table *table)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    if (strcmp(table->fds[i].name, ZPM_WIRE_PROGRAM) == 0)
      return true;
  }
  return false;
}

void zpm_dismiss_keeper(uv_loop_t *loop)
{
  static const struct zpm_keeper_events EVENTS = {
      .spawned = on_spawned,
      .exec_result = on_exec_result,
      .exited = on_exited,
      .lost = on_lost,
  };
  struct zpm_keeper_table table = {0};
  struct zpm_keeper_link *link;

  if (zpm_keeper_link_inherit(loop, &EVENTS, NULL, &link, &table, NULL) != 0)
    return;
  if (table.child_count == 0 && !has_another_daemon(&table))
    zpm_keeper_link_quit(link);
  zpm_keeper_table_deinit(&table);
  zpm_keeper_link_close(link, on_closed, NULL);
  uv_run(loop, UV_RUN_DEFAULT);
}
