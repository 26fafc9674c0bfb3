#include "runtime/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "core/policy.h"
#include "runtime/job_output.h"
#include "runtime/keeper_link.h"
#include "runtime/launch_shell.h"
#include "runtime/proc.h"
#include "runtime/reaper.h"
#include "runtime/run_tree.h"

enum { CHANNEL_FD = 3 }; /* of a worker */

struct zpm_job {
  struct zpm_list link; /* in services->jobs, until its handles are closed */
  struct zpm_services *services;
  struct zpm_run_tree tree;
  struct zpm_launch launch;
  char *cwd;
  enum zpm_exec exec;
  enum zpm_spawn_stage failed_stage;
  int failed_error;
  uint64_t started_ms;
  uv_timer_t timer; /* the deadline; then: when it is killed again */
  struct zpm_job_output output;
  struct zpm_job_result result;
  zpm_job_done_cb *done; /* NULL: nobody asks any more */
  void *ctx;
  bool closing;
  struct zpm_closer closer; /* its handles */
  struct zpm_closer *waits; /* who drops all jobs, or NULL */
};

/* ---- its end ---- */

static void on_handles_closed(void *ctx)
{
  struct zpm_job *job = ctx;
  struct zpm_closer *waits = job->waits;

  zpm_list_remove(&job->link);
  zpm_launch_deinit(&job->launch);
  zpm_free(job->cwd);
  zpm_free(job);
  if (waits != NULL)
    zpm_closer_release(waits);
}

static void on_timer_closed(uv_handle_t *handle)
{
  struct zpm_job *job = handle->data;

  zpm_closer_release(&job->closer);
}

/* Its memory goes when the loop has let go of it. */
static void let_go(struct zpm_job *job)
{
  if (job->closing)
    return;
  job->closing = true;
  zpm_run_tree_end(&job->tree);
  zpm_job_output_close(&job->output, &job->closer);
  uv_close((uv_handle_t *)&job->timer, on_timer_closed);
}

/* Nothing is left of it. */
static void finish(struct zpm_job *job)
{
  zpm_job_done_cb *done = job->done;

  zpm_keeper_link_ack(job->services->link, job->tree.id);
  let_go(job);
  memcpy(job->result.output, job->output.last.text, sizeof(job->result.output));
  job->done = NULL;
  if (done != NULL)
    done(job->ctx, &job->result);
}

static void on_timer(uv_timer_t *timer);

static void kill_tree(struct zpm_job *job)
{
  zpm_run_tree_signal(&job->tree, SIGKILL);
  uv_timer_start(&job->timer, on_timer, ZPM_KILL_AGAIN_MS, 0);
}

static void on_timer(uv_timer_t *timer)
{
  struct zpm_job *job = timer->data;

  if (!job->tree.leader_ended)
    job->result.timed_out = true;
  kill_tree(job);
}

/* ---- what the keeper says ---- */

static void on_spawned(void *ctx, int pid, int error)
{
  struct zpm_job *job = ctx;

  job->tree.leader = pid;
  if (pid != 0)
    return;
  zpm_error_set(&job->result.error, ZPM_ESTART,
                "the system could not make a new process: %s", strerror(error));
  finish(job);
}

/* Both are known now: how the exec went, and how the shell ended.  What it
 * leaves behind is not wanted. */
static void leader_ended(struct zpm_job *job)
{
  if (job->exec == ZPM_EXEC_FAILED) {
    zpm_launch_explain(&job->launch, job->cwd, (int)job->failed_stage,
                       job->failed_error, &job->result.error);
    finish(job);
    return;
  }
  kill_tree(job);
}

static void on_exec_result(void *ctx, enum zpm_spawn_stage stage, int error)
{
  struct zpm_job *job = ctx;

  job->exec = stage == ZPM_STAGE_NONE ? ZPM_EXEC_DONE : ZPM_EXEC_FAILED;
  job->failed_stage = stage;
  job->failed_error = error;
  if (job->tree.leader_ended)
    leader_ended(job);
}

static void on_exited(void *ctx, int wait_status)
{
  struct zpm_job *job = ctx;
  uint64_t now_ms = uv_now(job->services->loop);

  if (job->tree.leader_ended)
    return;
  job->result.end = zpm_run_tree_exit(wait_status, now_ms - job->started_ms);
  job->tree.leader_ended = true;
  if (job->exec != ZPM_EXEC_UNKNOWN)
    leader_ended(job);
}

/* Whoever comes after us has no use for what it says. */
static void on_keeper_renewed(void *ctx)
{
  (void)ctx;
}

static void on_gone(void *ctx)
{
  finish(ctx);
}

static const struct zpm_run_tree_events TREE_EVENTS = {
    .spawned = on_spawned,
    .exec_result = on_exec_result,
    .exited = on_exited,
    .keeper_renewed = on_keeper_renewed,
    .gone = on_gone,
};

/* ---- its start ---- */

static void close_ends(const int fds[3])
{
  for (int i = 0; i < 3; i++) {
    if (fds[i] >= 0)
      close(fds[i]);
  }
}

static int ask_keeper(struct zpm_job *job,
                      const struct zpm_job_options *options, const int own[3],
                      struct zpm_error *err)
{
  const struct zpm_config *config = options->recipe->config;
  int fds[] = {own[0], own[1], own[2], -1};
  struct zpm_spawn spawn = {.fds = fds, .fd_count = CHANNEL_FD};

  if (options->worker != NULL)
    fds[spawn.fd_count++] = options->worker->fd;

  zpm_launch_fill_spawn(&spawn, &job->launch, config);
  zpm_identity_give(&job->launch.identity, spawn.fds, spawn.fd_count);
  return zpm_run_tree_spawn(&job->tree, &spawn, err);
}

static int prepare(struct zpm_job *job, const struct zpm_job_options *options,
                   struct zpm_error *err)
{
  struct zpm_launch_options launch = {
      .config = options->recipe->config,
      .environment = options->recipe->environment,
      .marker = job->tree.marker,
      .channel_fd = options->worker != NULL ? CHANNEL_FD : -1,
      .worker_id = options->worker != NULL ? options->worker->id : 0,
  };

  job->cwd = zpm_strdup(launch.config->cwd);
  if (job->cwd == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  if (options->worker != NULL)
    return zpm_launch_prepare(&job->launch, &launch, err);
  return zpm_launch_shell(&job->launch, &launch, options->command, err);
}

static int begin(struct zpm_job *job, const struct zpm_job_options *options,
                 struct zpm_error *err)
{
  const struct zpm_recipe *recipe = options->recipe;
  int fds[3] = {-1, -1, -1};
  int rc = prepare(job, options, err);

  if (rc != 0)
    return rc;
  fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fds[0] < 0)
    return zpm_error_set(err, ZPM_ESTART, "cannot open /dev/null: %s",
                         strerror(errno));
  rc = zpm_job_output_open(&job->output, job->services->loop,
                           options->to_logs ? recipe->logs : NULL, fds, err);
  if (rc == 0)
    rc = ask_keeper(job, options, fds, err);
  close_ends(fds);
  zpm_strv_deinit(&job->launch.argv);
  zpm_strv_deinit(&job->launch.env);
  return rc;
}

static struct zpm_job *create(struct zpm_services *services)
{
  struct zpm_job *job = zpm_alloc_zeroed(1, sizeof(*job));

  if (job == NULL)
    return NULL;
  job->services = services;
  job->output.fd = -1;
  zpm_list_append(&services->jobs, &job->link);
  zpm_run_tree_init(&job->tree, services, &TREE_EVENTS, job);
  zpm_closer_init(&job->closer, on_handles_closed, job);
  uv_timer_init(services->loop, &job->timer);
  job->timer.data = job;
  return job;
}

int zpm_job_start(struct zpm_services *services,
                  const struct zpm_job_options *options, zpm_job_done_cb *done,
                  void *ctx, struct zpm_job **out, struct zpm_error *err)
{
  struct zpm_job *job = create(services);
  int rc;

  *out = NULL;
  if (job == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  zpm_run_tree_begin(&job->tree, 0);
  rc = begin(job, options, err);
  if (rc != 0) {
    let_go(job);
    return rc;
  }
  uv_update_time(services->loop);
  job->started_ms = uv_now(services->loop);
  if (options->timeout_ms > 0)
    uv_timer_start(&job->timer, on_timer, options->timeout_ms, 0);
  job->done = done;
  job->ctx = ctx;
  *out = job;
  return 0;
}

/* ---- without its end ---- */

void zpm_job_cancel(struct zpm_job *job)
{
  if (job->closing)
    return;
  job->done = NULL;
  zpm_job_output_close(&job->output, &job->closer);
  uv_unref((uv_handle_t *)&job->timer);
  kill_tree(job);
}

void zpm_job_drop_all(struct zpm_services *services, struct zpm_closer *closer)
{
  if (zpm_list_empty(&services->jobs))
    return;
  ZPM_LIST_EACH(it, &services->jobs)
  {
    zpm_job_cancel(ZPM_CONTAINER_OF(it, struct zpm_job, link));
  }
  zpm_reaper_look(services->reaper);
  ZPM_LIST_EACH(it, &services->jobs)
  {
    struct zpm_job *job = ZPM_CONTAINER_OF(it, struct zpm_job, link);

    zpm_closer_hold(closer);
    job->waits = closer;
    let_go(job);
  }
}
