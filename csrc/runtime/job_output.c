#include "runtime/job_output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runtime/logs.h"

enum {
  BATCH = 16 * 1024,
  LAST_BATCHES = 64, /* as much as a pipe of the largest usual size can hold */
};

/* ---- read and forgotten ---- */

/* False: nothing more comes now, or ever. */
static bool read_batch(struct zpm_job_output *output)
{
  char batch[BATCH];
  ssize_t len = read(output->fd, batch, sizeof(batch));

  if (len > 0)
    zpm_last_line_feed(&output->last, batch, (size_t)len);
  if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
    uv_poll_stop(&output->poll);
  return len > 0;
}

/* One batch, then it is everybody else's turn. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
  struct zpm_job_output *output = poll->data;

  (void)events;
  if (status < 0 && status != UV_EBADF)
    uv_poll_stop(poll);
  else
    read_batch(output);
}

static int catch_last_line(struct zpm_job_output *output, uv_loop_t *loop,
                           int child[3])
{
  int ends[2];
  int rc;

  if (pipe2(ends, O_CLOEXEC) != 0)
    return -errno;
  child[1] = ends[1];
  child[2] = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
  rc = child[2] < 0 ? -errno : uv_poll_init(loop, &output->poll, ends[0]);
  if (rc != 0) {
    close(ends[0]);
    return rc;
  }
  output->fd = ends[0];
  output->poll.data = output;
  uv_poll_start(&output->poll, UV_READABLE, on_readable);
  return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
  zpm_closer_release(handle->data);
}

/* ---- to the logs ---- */

/* The end of its output is not the end of a job. */
static void on_output_ended(void *ctx)
{
  (void)ctx;
}

static int send_to_log(struct zpm_job_output *output, struct zpm_log *log,
                       int stream, int child[3])
{
  struct zpm_error err = {0};
  int ends[2];
  int rc;

  if (pipe2(ends, O_CLOEXEC) != 0)
    return -errno;
  child[stream + 1] = ends[1];
  rc = zpm_log_source_add(log, ends[0], on_output_ended, output,
                          &output->sources[stream], &err);
  if (rc != 0)
    close(ends[0]);
  return rc;
}

/* ---- both ---- */

int zpm_job_output_open(struct zpm_job_output *output, uv_loop_t *loop,
                        struct zpm_log *const *logs, int child[3],
                        struct zpm_error *err)
{
  int rc = 0;

  *output = (struct zpm_job_output){.fd = -1};
  if (logs == NULL)
    rc = catch_last_line(output, loop, child);
  for (int stream = 0; logs != NULL && rc == 0 && stream < 2; stream++)
    rc = send_to_log(output, logs[stream], stream, child);
  if (rc == 0)
    return 0;
  return zpm_error_set(err, rc == ZPM_ENOMEM ? rc : ZPM_ESTART,
                       "no pipe for its output: %s",
                       rc > ZPM_ENOMEM ? strerror(-rc) : zpm_code_text(rc));
}

void zpm_job_output_close(struct zpm_job_output *output,
                          struct zpm_closer *closer)
{
  for (int stream = 0; stream < 2; stream++) {
    if (output->sources[stream] != NULL)
      zpm_log_source_close(output->sources[stream]);
    output->sources[stream] = NULL;
  }
  if (output->fd < 0)
    return;
  for (int i = 0; i < LAST_BATCHES && read_batch(output); i++)
    continue;
  zpm_last_line_feed(&output->last, "\n", 1);
  uv_poll_stop(&output->poll);
  close(output->fd);
  output->fd = -1;
  zpm_closer_hold(closer);
  output->poll.data = closer;
  uv_close((uv_handle_t *)&output->poll, on_poll_closed);
}
