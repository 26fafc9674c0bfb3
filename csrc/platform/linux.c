/* Files, sockets and this program itself, the Linux way. */
#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux_stat.h"

enum { FIRST_PATH = 256, LONGEST_PATH = 1 << 20, POLL_BATCH = 64 };

static const char SELF[] = "/proc/self/exe";
static const char DELETED[] = " (deleted)";

int zpm_platform_memfd(const char *name)
{
  int fd = memfd_create(name, MFD_CLOEXEC);

  return fd < 0 ? -errno : fd;
}

int zpm_platform_peer(int fd, int *uid, int *pid)
{
  struct ucred peer;
  socklen_t size = sizeof(peer);

  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return -errno;
  *uid = (int)peer.uid;
  *pid = (int)peer.pid;
  return 0;
}

int zpm_platform_pipe_resize(int fd, int bytes)
{
  return fcntl(fd, F_SETPIPE_SZ, bytes) < 0 ? -errno : 0;
}

/* ---- pollset: an epoll, which can itself be watched for input ---- */

int zpm_platform_pollset_create(void)
{
  int pollset = epoll_create1(EPOLL_CLOEXEC);

  return pollset < 0 ? -errno : pollset;
}

int zpm_platform_pollset_add(int pollset, int fd, void *token)
{
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = token};

  return epoll_ctl(pollset, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int zpm_platform_pollset_remove(int pollset, int fd)
{
  struct epoll_event unused = {0};

  return epoll_ctl(pollset, EPOLL_CTL_DEL, fd, &unused) == 0 ? 0 : -errno;
}

int zpm_platform_pollset_ready(int pollset, void **tokens, int room)
{
  struct epoll_event events[POLL_BATCH];
  int count;

  do {
    count =
        epoll_wait(pollset, events, room < POLL_BATCH ? room : POLL_BATCH, 0);
  } while (count < 0 && errno == EINTR);
  for (int i = 0; i < count; i++)
    tokens[i] = events[i].data.ptr;
  return count < 0 ? -errno : count;
}

/* ---- this program ---- */

/* A new build was put in its place: its path is what comes before the mark.
 * (Unless that really is the name of the file.) */
static void cut_deleted(struct zpm_str *path)
{
  size_t mark = sizeof(DELETED) - 1;

  if (path->len <= mark ||
      strcmp(path->data + path->len - mark, DELETED) != 0 ||
      access(path->data, F_OK) == 0)
    return;
  path->len -= mark;
  path->data[path->len] = '\0';
}

static int read_link(struct zpm_str *out)
{
  zpm_str_clear(out);
  for (size_t room = FIRST_PATH; room <= LONGEST_PATH; room *= 2) {
    ssize_t len;

    if (zpm_str_reserve(out, room) != 0)
      return ZPM_ENOMEM;
    len = readlink(SELF, out->data, room);
    if (len < 0)
      return -errno;
    if ((size_t)len < room) {
      out->len = (size_t)len;
      out->data[len] = '\0';
      cut_deleted(out);
      return 0;
    }
  }
  return -ENAMETOOLONG;
}

int zpm_platform_words(struct zpm_str *out)
{
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  ssize_t len = fd >= 0 ? 0 : -errno;

  zpm_str_clear(out);
  while (fd >= 0 && zpm_str_reserve(out, FIRST_PATH + 1) == 0) {
    len = read(fd, out->data + out->len, FIRST_PATH);
    if (len <= 0)
      break;
    out->len += (size_t)len;
  }
  if (fd >= 0)
    close(fd);
  if (len != 0 || out->len == 0)
    return len < 0 ? -EIO : ZPM_ENOMEM;
  out->data[out->len] = '\0';
  return 0;
}

/* A package manager moves the folder of the old version away before it removes
 * that: what the program was started by leads to the new one. */
static int prefer_what_is_there(struct zpm_str *path)
{
  struct zpm_str words = {0};
  int rc = 0;

  if (access(path->data, F_OK) == 0)
    return 0;
  if (zpm_platform_words(&words) == 0 && words.data[0] == '/' &&
      access(words.data, F_OK) == 0) {
    zpm_str_clear(path);
    rc = zpm_str_puts(path, words.data);
  }
  zpm_str_deinit(&words);
  return rc;
}

int zpm_platform_executable(struct zpm_str *out)
{
  int rc = read_link(out);

  return rc == 0 ? prefer_what_is_there(out) : rc;
}

int zpm_platform_open_executable(void)
{
  int fd = open(SELF, O_PATH | O_CLOEXEC);

  return fd < 0 ? -errno : fd;
}

bool zpm_platform_runs(int pid, const char *path)
{
  char link[ZPM_PROC_PATH_MAX];
  struct stat running;
  struct stat file;

  return stat(zpm_proc_path(link, "/proc/", pid, "/exe"), &running) == 0 &&
         stat(path, &file) == 0 && running.st_dev == file.st_dev &&
         running.st_ino == file.st_ino;
}

void zpm_platform_set_name(const char *name)
{
  prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL);
}
