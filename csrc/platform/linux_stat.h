#ifndef ZPM_PLATFORM_LINUX_STAT_H
#define ZPM_PLATFORM_LINUX_STAT_H

#include <stddef.h>
#include <stdint.h>

/* What /proc/PID/stat tells, as far as zpm asks. */
struct zpm_stat {
  char state;
  int ppid;
  int pgid;
  uint64_t cpu_ticks; /* user + system */
  uint32_t threads;
  uint64_t start_ticks;
  uint64_t rss_pages;
};

/* Parses one reading of the file: 0, or -EPROTO when it is no such thing.  The
 * program's name in it may hold anything, parentheses and newlines too. */
int zpm_stat_parse(const char *text, size_t len, struct zpm_stat *stat);

/* One open, one read, nothing allocated.  `proc` is an open /proc, or AT_FDCWD
 * to go by the absolute path.  -ESRCH if there is no such process. */
int zpm_stat_read(int proc, int pid, struct zpm_stat *stat);

enum { ZPM_PROC_PATH_MAX = 64 };

/* Joins "/proc/", 12 and "/environ"; cuts what does not fit. Returns `path`. */
char *zpm_proc_path(char path[ZPM_PROC_PATH_MAX], const char *prefix, int pid,
                    const char *suffix);

#endif
