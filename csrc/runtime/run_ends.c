#include "runtime/run_ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

void zpm_run_ends_close(int *fds)
{
  for (int i = 0; i < ZPM_RUN_FDS; i++) {
    if (fds[i] >= 0)
      close(fds[i]);
    fds[i] = -1;
  }
}

/* The app gets an end that can also be read: so its pipe never is without a
 * reader, and it does not die of SIGPIPE if keeper and daemon go at once; what
 * it writes waits until the next ones come. */
static int open_pipe(int *ours, int *childs)
{
  int ends[2];
  char path[32];

  if (pipe2(ends, O_CLOEXEC) != 0)
    return -errno;
  *ours = ends[0];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
  *childs = open(path, O_RDWR | O_CLOEXEC);
  if (*childs < 0)
    *childs = ends[1]; /* without /proc it is as it was */
  else
    close(ends[1]);
  return 0;
}

int zpm_run_ends_open(struct zpm_run_ends *ends, bool channel)
{
  ends->child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (ends->child[0] < 0)
    return -errno;
  for (int fd = 1; fd <= 2; fd++) {
    int rc = open_pipe(&ends->ours[fd], &ends->child[fd]);

    if (rc != 0)
      return rc;
  }
  if (channel) {
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      return -errno;
    ends->ours[ZPM_RUN_CHANNEL_FD] = pair[0];
    ends->child[ZPM_RUN_CHANNEL_FD] = pair[1];
  }
  return 0;
}
