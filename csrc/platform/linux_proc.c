/* Processes: what /proc tells of them, and signals that hit the right one. */
#include "platform/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "platform/linux_stat.h"

enum { CHUNK = 4096, FIRST_PROCESSES = 256, FIRST_PIDS = 16 };

static const uint64_t NS_PER_SECOND = 1000000000;

/* The pid that a folder of /proc is named after, or 0. */
static int pid_of_name(const char *name)
{
  int pid = 0;

  for (; *name >= '0' && *name <= '9'; name++) {
    if (pid > INT_MAX / 10 - 1)
      return 0;
    pid = pid * 10 + (*name - '0');
  }
  return *name == '\0' ? pid : 0;
}

/* ---- the whole table ---- */

static int add_process(struct zpm_process_table *table, int pid,
                       const struct zpm_stat *stat)
{
  if (table->len == table->cap) {
    size_t cap = table->cap > 0 ? table->cap * 2 : FIRST_PROCESSES;
    void *items = zpm_realloc(table->items, cap * sizeof(*table->items));

    if (items == NULL)
      return ZPM_ENOMEM;
    table->items = items;
    table->cap = cap;
  }
  table->items[table->len++] = (struct zpm_process){
      .pid = pid,
      .ppid = stat->ppid,
      .pgid = stat->pgid,
      .state = stat->state,
      .start_ticks = stat->start_ticks,
  };
  return 0;
}

static int by_pid(const void *a, const void *b)
{
  const struct zpm_process *left = a;
  const struct zpm_process *right = b;

  return (left->pid > right->pid) - (left->pid < right->pid);
}

/* Linux lists /proc by pid already; nothing promises it. */
static void sort_table(struct zpm_process_table *table)
{
  for (size_t i = 1; i < table->len; i++) {
    if (table->items[i - 1].pid > table->items[i].pid) {
      qsort(table->items, table->len, sizeof(*table->items), by_pid);
      return;
    }
  }
}

/* Threads of the kernel, most of the list on a small machine, are in group 0:
 * asking that costs a tenth of a microsecond, reading their files six.  A group
 * outside of our pid namespace is 0 as well, and none of an app's either. */
static bool is_kernel_thread(int pid)
{
  return getpgid(pid) == 0;
}

/* One that has just gone, or may not be looked at, is no failure; to overlook
 * one because we have no descriptor left would be. */
static bool is_failure(int rc)
{
  return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM;
}

static int read_process(int proc, int pid, struct zpm_process_table *table)
{
  struct zpm_stat stat;
  int rc = zpm_stat_read(proc, pid, &stat);

  if (rc == 0)
    return add_process(table, pid, &stat);
  return is_failure(rc) ? rc : 0;
}

int zpm_platform_processes(struct zpm_process_table *table)
{
  DIR *folder = opendir("/proc");
  struct dirent *entry;
  int rc = 0;

  table->len = 0;
  if (folder == NULL)
    return -errno;
  while (rc == 0 && (entry = readdir(folder)) != NULL) {
    int pid = pid_of_name(entry->d_name);

    if (pid > 0 && !is_kernel_thread(pid))
      rc = read_process(dirfd(folder), pid, table);
  }
  closedir(folder);
  sort_table(table);
  return rc;
}

void zpm_process_table_deinit(struct zpm_process_table *table)
{
  zpm_free(table->items);
  *table = (struct zpm_process_table){0};
}

/* ---- one process ---- */

static int check_start(int pid, uint64_t start_ticks)
{
  struct zpm_stat stat;
  int rc = zpm_stat_read(AT_FDCWD, pid, &stat);

  if (rc != 0)
    return rc;
  return stat.start_ticks == start_ticks ? 0 : -ESRCH;
}

/* For a kernel or a sandbox without pidfd: a small window stays open. */
static int signal_by_pid(int pid, uint64_t start_ticks, int signal)
{
  int rc = check_start(pid, start_ticks);

  if (rc != 0)
    return rc;
  return kill(pid, signal) == 0 ? 0 : -errno;
}

int zpm_platform_signal(int pid, uint64_t start_ticks, int signal)
{
  int rc;
  int fd;

  if (pid <= 0) /* would mean a group */
    return -ESRCH;
  fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0 && errno == ESRCH)
    return -ESRCH;
  if (fd < 0)
    return signal_by_pid(pid, start_ticks, signal);
  /* Looked at only now: while the pidfd is open, it cannot change any more
   * which process is meant. */
  rc = check_start(pid, start_ticks);
  if (rc == 0 && syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) != 0)
    rc = errno == ENOSYS ? signal_by_pid(pid, start_ticks, signal) : -errno;
  close(fd);
  return rc;
}

bool zpm_platform_has_pidfd(void)
{
  int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

  if (fd < 0)
    return false;
  close(fd);
  return true;
}

int zpm_platform_watch(int pid)
{
  int fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec always */

  return fd >= 0 ? fd : -errno;
}

static uint64_t since_boot_ns(void)
{
  struct timespec now = {0};

  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

int zpm_platform_sample(int pid, struct zpm_process_sample *sample)
{
  uint64_t tick_ns = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
  uint64_t started_ns;
  uint64_t now_ns;
  struct zpm_stat stat;
  int rc = zpm_stat_read(AT_FDCWD, pid, &stat);

  if (rc != 0)
    return rc;
  if (stat.state == 'Z' || stat.state == 'X')
    return -ESRCH;
  started_ns = stat.start_ticks * tick_ns;
  now_ns = since_boot_ns();
  *sample = (struct zpm_process_sample){
      .start_ticks = stat.start_ticks,
      .age_ns = now_ns > started_ns ? now_ns - started_ns : 0,
      .cpu_ns = stat.cpu_ticks * tick_ns,
      .rss_bytes = stat.rss_pages * (uint64_t)sysconf(_SC_PAGESIZE),
      .threads = stat.threads,
  };
  return 0;
}

/* ---- children ---- */

static int add_pid(struct zpm_pids *pids, int pid)
{
  if (pids->len == pids->cap) {
    size_t cap = pids->cap > 0 ? pids->cap * 2 : FIRST_PIDS;
    int *items = zpm_realloc(pids->items, cap * sizeof(*items));

    if (items == NULL)
      return ZPM_ENOMEM;
    pids->items = items;
    pids->cap = cap;
  }
  pids->items[pids->len++] = pid;
  return 0;
}

void zpm_pids_deinit(struct zpm_pids *pids)
{
  zpm_free(pids->items);
  *pids = (struct zpm_pids){0};
}

/* The pids of a text like "12 34 56 ", of which `*pid` is what was begun. */
static int parse_pids(const char *text, size_t len, int *pid,
                      struct zpm_pids *pids)
{
  for (size_t i = 0; i < len; i++) {
    bool ends = text[i] < '0' || text[i] > '9';

    if (ends && *pid > 0 && add_pid(pids, *pid) != 0)
      return ZPM_ENOMEM;
    *pid = ends ? 0 : *pid * 10 + (text[i] - '0');
  }
  return 0;
}

/* The file may give them in pieces. */
int zpm_pids_read(int fd, struct zpm_pids *pids)
{
  char chunk[CHUNK];
  ssize_t got;
  int pid = 0;
  int rc = 0;

  while (rc == 0 && (got = read(fd, chunk, sizeof(chunk))) > 0)
    rc = parse_pids(chunk, (size_t)got, &pid, pids);
  close(fd);
  return rc;
}

static int children_of_thread(int tasks, int tid, struct zpm_pids *children)
{
  char path[ZPM_PROC_PATH_MAX];
  int fd = openat(tasks, zpm_proc_path(path, "", tid, "/children"),
                  O_RDONLY | O_CLOEXEC);

  return fd < 0 ? 0 : zpm_pids_read(fd, children); /* the thread has gone */
}

static int children_of_all_threads(int pid, struct zpm_pids *children)
{
  char path[ZPM_PROC_PATH_MAX];
  DIR *tasks = opendir(zpm_proc_path(path, "/proc/", pid, "/task"));
  struct dirent *entry;
  int rc = 0;

  if (tasks == NULL)
    return errno == ENOENT ? -ESRCH : -errno;
  while (rc == 0 && (entry = readdir(tasks)) != NULL) {
    int tid = pid_of_name(entry->d_name);

    if (tid > 0)
      rc = children_of_thread(dirfd(tasks), tid, children);
  }
  closedir(tasks);
  return rc;
}

int zpm_platform_children(int pid, uint32_t threads, struct zpm_pids *children)
{
  char path[ZPM_PROC_PATH_MAX];
  char suffix[ZPM_PROC_PATH_MAX];
  int fd;

  if (pid <= 0)
    return -ESRCH;
  if (threads != 1)
    return children_of_all_threads(pid, children);
  zpm_proc_path(suffix, "/task/", pid, "/children");
  fd = open(zpm_proc_path(path, "/proc/", pid, suffix), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? -ESRCH : -errno;
  return zpm_pids_read(fd, children);
}
