#include "runtime/cluster_internal.h"

#include <unistd.h>

#include "core/probe.h"
#include "runtime/channel.h"
#include "runtime/visit.h"

/* Of several at that port the one that the worker listens at. */
static const struct zpm_cluster_socket *
find_asked(const struct zpm_worker *worker, const struct zpm_endpoint *endpoint,
           bool *joined)
{
  const struct zpm_cluster_socket *found = NULL;

  *joined = false;
  ZPM_LIST_EACH(it, &worker->cluster->sockets)
  {
    const struct zpm_cluster_socket *socket =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link);
    const struct zpm_member *member = zpm_worker_member(worker, socket);
    char address[ZPM_PLACE_ADDRESS_MAX];
    struct zpm_cluster_sockname name;

    if (*joined || !zpm_cluster_sockname_of(socket, address, &name) ||
        !zpm_probe_means(endpoint, address, name.port))
      continue;
    found = socket;
    *joined = member != NULL && member->listening;
  }
  return found;
}

/* Nobody needs to remember it: what the worker does not take it closes, or its
 * end does. */
static int hand_over(struct zpm_worker *worker,
                     const struct zpm_cluster_socket *socket, int *fd)
{
  struct zpm_str line = {0};
  int64_t seq = worker->seq++;
  int rc = zpm_cluster_say_newconn(&line, seq, socket->key);
  int theirs;

  if (rc == 0)
    rc = zpm_visit_pair(fd, &theirs);
  if (rc == 0) {
    zpm_channel_send_handle(worker->channel, line.data, line.len, theirs, seq);
    close(theirs);
  }
  zpm_str_deinit(&line);
  return rc == 0 ? 1 : rc;
}

int zpm_worker_visit(struct zpm_worker *worker,
                     const struct zpm_endpoint *endpoint, int *fd)
{
  bool joined;
  const struct zpm_cluster_socket *socket =
      find_asked(worker, endpoint, &joined);

  if (socket == NULL)
    return 0;
  if (!joined || worker->channel == NULL)
    return UV_ECONNREFUSED;
  if (fd == NULL)
    return 1;
  return zpm_channel_takes_handle(worker->channel)
             ? hand_over(worker, socket, fd)
             : UV_EBUSY;
}
