/* What a process was started with in its environment. */
#include "platform/platform.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "platform/linux_stat.h"

enum { CHUNK = 4096, TRIES = 8 };

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

enum outcome { MISSING, FOUND, EMPTY };

static enum outcome search(int pid, struct matcher *matcher)
{
  char path[ZPM_PROC_PATH_MAX];
  char chunk[CHUNK];
  enum outcome outcome = EMPTY;
  ssize_t got;
  int fd;

  fd = open(zpm_proc_path(path, "/proc/", pid, "/environ"),
            O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return MISSING;
  while (outcome != FOUND && (got = read(fd, chunk, sizeof(chunk))) > 0)
    outcome = match(matcher, chunk, (size_t)got) ? FOUND : MISSING;
  close(fd);
  return outcome;
}

bool zpm_platform_env(int pid, const char *key, char *value, size_t room)
{
  struct matcher matcher = {.beginning = key, .rest = value, .room = room};
  enum outcome outcome = MISSING;

  /* In the middle of exec there is none for a moment: a process must not slip
   * through just then. */
  for (int i = 0; pid > 0 && i < TRIES; i++) {
    outcome = search(pid, &matcher);
    if (outcome != EMPTY)
      break;
    sched_yield();
  }
  return outcome == FOUND;
}

bool zpm_platform_has_env(int pid, const char *pair)
{
  char nothing[1]; /* room for a rest that is empty, and for no other */

  return zpm_platform_env(pid, pair, nothing, sizeof(nothing));
}
