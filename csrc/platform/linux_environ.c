/* What a process was started with in its environment. */
#include "platform/platform.h"

#include <fcntl.h>
#include <unistd.h>

#include "platform/linux_stat.h"

enum { CHUNK = 4096 };

/* Looks in a stream of NUL-terminated strings for one with this beginning, and
 * copies its rest. */
struct matcher {
  const char *beginning;
  char *rest;
  size_t room;
  size_t matched; /* characters of the present string's beginning */
  size_t len;     /* characters of its rest */
  bool differs;   /* it is another string */
};

static void match_byte(struct matcher *matcher, char byte)
{
  if (matcher->differs)
    return;
  if (matcher->beginning[matcher->matched] != '\0')
    matcher->differs = byte != matcher->beginning[matcher->matched++];
  else if (matcher->len + 1 < matcher->room)
    matcher->rest[matcher->len++] = byte;
  else
    matcher->differs = true;
}

static bool match(struct matcher *matcher, const char *bytes, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] != '\0') {
      match_byte(matcher, bytes[i]);
      continue;
    }
    if (!matcher->differs && matcher->beginning[matcher->matched] == '\0') {
      matcher->rest[matcher->len] = '\0';
      return true;
    }
    matcher->matched = 0;
    matcher->len = 0;
    matcher->differs = false;
  }
  return false;
}

bool zpm_platform_env(int pid, const char *key, char *value, size_t room)
{
  struct matcher matcher = {.beginning = key, .rest = value, .room = room};
  char chunk[CHUNK];
  bool found = false;
  ssize_t got;
  char path[ZPM_PROC_PATH_MAX];
  int fd;

  if (pid <= 0)
    return false;
  fd = open(zpm_proc_path(path, "/proc/", pid, "/environ"),
            O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  while (!found && (got = read(fd, chunk, sizeof(chunk))) > 0)
    found = match(&matcher, chunk, (size_t)got);
  close(fd);
  return found;
}

bool zpm_platform_has_env(int pid, const char *pair)
{
  char nothing[1]; /* room for a rest that is empty, and for no other */

  return zpm_platform_env(pid, pair, nothing, sizeof(nothing));
}
