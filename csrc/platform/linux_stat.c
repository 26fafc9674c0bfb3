#include "platform/linux_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* More than the fields up to the last one that is wanted can take. */
enum { STAT_MAX = 1024 };

/* Numbers of the fields in proc(5); 1 to 3 are pid, name and state. */
enum {
  FIELD_PPID = 4,
  FIELD_PGID = 5,
  FIELD_UTIME = 14,
  FIELD_STIME = 15,
  FIELD_THREADS = 20,
  FIELD_START = 22,
  FIELD_RSS = 24,
  FIELD_END,
};

static char *put_text(char *at, const char *end, const char *text)
{
  while (*text != '\0' && at < end)
    *at++ = *text++;
  return at;
}

static char *put_number(char *at, const char *end, int number)
{
  char digits[16];
  size_t count = 0;

  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (count > 0 && at < end)
    *at++ = digits[--count];
  return at;
}

char *zpm_proc_path(char path[ZPM_PROC_PATH_MAX], const char *prefix, int pid,
                    const char *suffix)
{
  const char *end = &path[ZPM_PROC_PATH_MAX - 1];
  char *at = put_text(path, end, prefix);

  at = put_number(at, end, pid);
  at = put_text(at, end, suffix);
  *at = '\0';
  return path;
}

/* One decimal number; what comes behind it, or NULL if there is none. */
static const char *parse_number(const char *at, const char *end, uint64_t *out)
{
  uint64_t number = 0;

  if (at < end && *at == '-') /* priorities; nothing that is wanted */
    at++;
  if (at == end || *at < '0' || *at > '9')
    return NULL;
  for (; at < end && *at >= '0' && *at <= '9'; at++)
    number = number * 10 + (uint64_t)(*at - '0');
  *out = number;
  return at;
}

/* The fields behind the state, each with a space before it. */
static int parse_fields(const char *at, const char *end,
                        uint64_t fields[FIELD_END])
{
  for (int i = FIELD_PPID; i < FIELD_END; i++) {
    if (at == end || *at != ' ')
      return -EPROTO;
    at = parse_number(at + 1, end, &fields[i]);
    if (at == NULL)
      return -EPROTO;
  }
  return 0;
}

int zpm_stat_parse(const char *text, size_t len, struct zpm_stat *stat)
{
  uint64_t fields[FIELD_END] = {0};
  const char *end = text + len;
  /* No field but the name can hold a parenthesis: the last one ends it. */
  const char *at = memrchr(text, ')', len);

  if (at == NULL || end - at < 3 || at[1] != ' ' ||
      parse_fields(at + 3, end, fields) != 0)
    return -EPROTO;
  *stat = (struct zpm_stat){
      .state = at[2],
      .ppid = (int)fields[FIELD_PPID],
      .pgid = (int)fields[FIELD_PGID],
      .cpu_ticks = fields[FIELD_UTIME] + fields[FIELD_STIME],
      .threads = (uint32_t)fields[FIELD_THREADS],
      .start_ticks = fields[FIELD_START],
      .rss_pages = fields[FIELD_RSS],
  };
  /* Only its first thread has ended: the process lives on in the others. */
  if (stat->state == 'Z' && stat->threads > 1)
    stat->state = 'S';
  return 0;
}

int zpm_stat_read(int proc, int pid, struct zpm_stat *stat)
{
  char path[ZPM_PROC_PATH_MAX];
  char text[STAT_MAX];
  ssize_t got;
  int fd;

  if (pid <= 0)
    return -ESRCH;
  zpm_proc_path(path, proc == AT_FDCWD ? "/proc/" : "", pid, "/stat");
  fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? -ESRCH : -errno;
  got = read(fd, text, sizeof(text));
  if (got < 0)
    got = -errno;
  close(fd);
  if (got <= 0)
    return got < 0 ? (int)got : -ESRCH;
  return zpm_stat_parse(text, (size_t)got, stat);
}
