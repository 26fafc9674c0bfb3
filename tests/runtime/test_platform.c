#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux_stat.h"
#include "platform/platform.h"
#include "runtime/scratch.h"

enum { DEADLINE_MS = 30000 };

/* ---- processes to look at ---- */

static void nap(void)
{
  const struct timespec pause = {.tv_nsec = 2000000};

  nanosleep(&pause, NULL);
}

/* Waits for `fact`; generous, and no longer than needed. */
#define await(fact)                                                            \
  do {                                                                         \
    int left_ = DEADLINE_MS / 2;                                               \
                                                                               \
    while (!(fact) && left_-- > 0)                                             \
      nap();                                                                   \
    assert_true(left_ > 0);                                                    \
  } while (0)

/* A child that does nothing until it is ended, or its parent is. */
static pid_t start_idle(const char *name)
{
  pid_t pid = fork();

  if (pid != 0)
    return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, name);
  for (;;)
    pause();
}

/* The same by exec, with this environment. */
static pid_t start_sleep(char *const *env)
{
  char *const args[] = {(char[]){"sleep"}, (char[]){"100"}, NULL};
  pid_t pid = fork();

  if (pid != 0)
    return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execve("/bin/sleep", args, env);
  _exit(127);
}

/* Ends it, and leaves the zombie. */
static void end_unseen(pid_t pid)
{
  siginfo_t info;

  kill(pid, SIGKILL);
  assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void end(pid_t pid)
{
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static uint64_t start_of(pid_t pid)
{
  struct zpm_stat stat = {0};

  assert_int_equal(zpm_stat_read(AT_FDCWD, pid, &stat), 0);
  return stat.start_ticks;
}

/* ---- /proc/PID/stat ---- */

#define STAT_TAIL                                                              \
  " S 10 11 11 0 -1 4194560 1 2 3 4 500 70 5 6 20 0 3 0 181934 9000000 250 "   \
  "18446744073709551615 1 1 0 0"

static void parse(const char *text, struct zpm_stat *stat)
{
  assert_int_equal(zpm_stat_parse(text, strlen(text), stat), 0);
}

static void a_stat_line_is_understood(void **state)
{
  struct zpm_stat stat;

  (void)state;
  parse("42 (node)" STAT_TAIL, &stat);
  assert_int_equal(stat.state, 'S');
  assert_int_equal(stat.ppid, 10);
  assert_int_equal(stat.pgid, 11);
  assert_int_equal(stat.cpu_ticks, 570);
  assert_int_equal(stat.threads, 3);
  assert_int_equal(stat.start_ticks, 181934);
  assert_int_equal(stat.rss_pages, 250);
}

static void a_program_may_be_called_anything(void **state)
{
  static const char *const LINES[] = {
      "42 ()" STAT_TAIL,
      "42 (a b)" STAT_TAIL,
      "42 ()) Z 1 1 1)" STAT_TAIL,
      "42 (x\ny) R 7 (z)" STAT_TAIL,
      "42 (42 (node) R 1)" STAT_TAIL,
  };
  struct zpm_stat stat;

  (void)state;
  for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
    parse(LINES[i], &stat);
    assert_int_equal(stat.state, 'S');
    assert_int_equal(stat.ppid, 10);
    assert_int_equal(stat.rss_pages, 250);
  }
}

static void what_is_no_stat_line_is_refused_at_every_length(void **state)
{
  static const char LINE[] = "42 (a)" STAT_TAIL;
  size_t enough = (size_t)(strstr(LINE, "250 ") - LINE) + 1;
  struct zpm_stat stat;

  (void)state;
  for (size_t len = 0; len < enough; len++)
    assert_int_equal(zpm_stat_parse(LINE, len, &stat), -EPROTO);
  assert_int_equal(zpm_stat_parse("garbage", 7, &stat), -EPROTO);
  assert_int_equal(zpm_stat_parse("1 (a) S x y", 11, &stat), -EPROTO);
  assert_int_equal(zpm_stat_parse(")))))))", 7, &stat), -EPROTO);
}

static void a_zombie_whose_threads_live_is_alive(void **state)
{
  struct zpm_stat stat;

  (void)state;
  parse("4 (a) Z 1 4 4 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 5 0 0", &stat);
  assert_int_equal(stat.state, 'S');
  parse("4 (a) Z 1 4 4 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0", &stat);
  assert_int_equal(stat.state, 'Z');
}

/* ---- the table ---- */

/* All zero: it is not there. */
static struct zpm_process find(const struct zpm_process_table *table, pid_t pid)
{
  for (size_t i = 0; i < table->len; i++) {
    if (table->items[i].pid == pid)
      return table->items[i];
  }
  return (struct zpm_process){0};
}

static void the_table_has_this_process_and_ascends(void **state)
{
  struct zpm_process_table table = {0};
  struct zpm_process self;

  (void)state;
  assert_int_equal(zpm_platform_processes(&table), 0);
  self = find(&table, getpid());
  assert_int_equal(self.pid, getpid());
  assert_int_equal(self.ppid, getppid());
  assert_int_equal(self.pgid, getpgrp());
  assert_int_equal(self.state, 'R');
  assert_int_equal(self.start_ticks, start_of(getpid()));
  for (size_t i = 1; i < table.len; i++)
    assert_true(table.items[i - 1].pid < table.items[i].pid);
  zpm_process_table_deinit(&table);
}

static void the_table_is_read_anew_into_the_same_memory(void **state)
{
  struct zpm_process_table table = {0};
  pid_t child = start_idle(") Z 1 (x");
  struct zpm_process found;

  (void)state;
  assert_int_equal(zpm_platform_processes(&table), 0);
  found = find(&table, child);
  assert_int_equal(found.pid, child);
  assert_int_equal(found.ppid, getpid());
  end(child);
  assert_int_equal(zpm_platform_processes(&table), 0);
  assert_int_equal(find(&table, child).pid, 0);
  zpm_process_table_deinit(&table);
  assert_null(table.items);
}

/* ---- environments ---- */

static void a_table_that_cannot_be_read_whole_is_none(void **state)
{
  struct zpm_process_table table = {0};
  struct rlimit before;
  struct rlimit one_more;
  int next = dup(0);

  (void)state;
  assert_true(next > 0);
  close(next);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  /* Room for the folder, and for nothing in it. */
  one_more = before;
  one_more.rlim_cur = (rlim_t)next + 1;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &one_more), 0);
  assert_int_equal(zpm_platform_processes(&table), -EMFILE);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_int_equal(zpm_platform_processes(&table), 0);
  assert_true(table.len > 0);
  zpm_process_table_deinit(&table);
}

static void the_environment_is_matched_exactly(void **state)
{
  char *const env[] = {(char[]){"OTHER_ID=7"}, (char[]){"ID=12"},
                       (char[]){"EMPTY="}, (char[]){"ID=3"}, NULL};
  pid_t child = start_sleep(env);
  char value[8];

  (void)state;
  await(zpm_platform_has_env(child, "ID=12"));
  assert_true(zpm_platform_has_env(child, "EMPTY="));
  assert_true(zpm_platform_has_env(child, "ID=3"));
  assert_false(zpm_platform_has_env(child, "ID=1"));
  assert_false(zpm_platform_has_env(child, "ID=123"));
  assert_false(zpm_platform_has_env(child, "D=12"));
  assert_false(zpm_platform_has_env(child, "ID=7"));
  assert_true(zpm_platform_env(child, "ID=", value, sizeof(value)));
  assert_string_equal(value, "12");
  assert_true(zpm_platform_env(child, "EMPTY=", value, sizeof(value)));
  assert_string_equal(value, "");
  assert_true(zpm_platform_env(child, "OTHER_ID=", value, 2));
  assert_false(zpm_platform_env(child, "OTHER_ID=", value, 1));
  assert_false(zpm_platform_env(child, "NONE=", value, sizeof(value)));
  end(child);
}

static void an_environment_of_many_pages_is_searched_to_its_end(void **state)
{
  enum { LONG = 100 * 1024 };
  char *filler = malloc(LONG + 1);
  char *const env[] = {filler, (char[]){"ID=12"}, NULL};
  char value[8];
  pid_t child;

  (void)state;
  memset(filler, 'I', LONG);
  memcpy(filler, "LONG=", 5);
  filler[LONG] = '\0';
  child = start_sleep(env);
  await(zpm_platform_has_env(child, "ID=12"));
  assert_true(zpm_platform_has_env(child, filler));
  assert_false(zpm_platform_has_env(child, "I"));
  assert_false(zpm_platform_env(child, "LONG=", value, sizeof(value)));
  end(child);
  free(filler);
}

static void what_cannot_be_read_has_no_environment(void **state)
{
  pid_t child = start_idle("idle");

  (void)state;
  end_unseen(child);
  assert_false(zpm_platform_has_env(child, "PATH=x"));
  assert_false(zpm_platform_has_env(0, "PATH=x"));
  assert_false(zpm_platform_has_env(-1, "PATH=x"));
  waitpid(child, NULL, 0);
  assert_false(zpm_platform_has_env(child, "PATH=x"));
}

/* ---- signals ---- */

static void a_signal_reaches_the_process_that_is_meant(void **state)
{
  pid_t child = start_idle("idle");
  int status = 0;

  (void)state;
  assert_int_equal(zpm_platform_signal(child, start_of(child), 0), 0);
  assert_int_equal(zpm_platform_signal(child, start_of(child), SIGTERM), 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void a_signal_spares_another_process_with_that_pid(void **state)
{
  pid_t child = start_idle("idle");

  (void)state;
  assert_int_equal(zpm_platform_signal(child, start_of(child) + 1, SIGKILL),
                   -ESRCH);
  assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
  end(child);
  assert_int_equal(zpm_platform_signal(child, 0, SIGKILL), -ESRCH);
}

static void a_signal_never_goes_to_a_group(void **state)
{
  (void)state;
  assert_int_equal(zpm_platform_signal(0, 0, SIGKILL), -ESRCH);
  assert_int_equal(zpm_platform_signal(-1, 0, SIGKILL), -ESRCH);
  assert_int_equal(zpm_platform_signal(-getpid(), 0, SIGKILL), -ESRCH);
}

static void a_signal_that_does_not_exist_is_an_error(void **state)
{
  (void)state;
  assert_int_equal(zpm_platform_signal(getpid(), start_of(getpid()), 1000),
                   -EINVAL);
}

/* ---- figures ---- */

static void a_sample_tells_time_and_memory(void **state)
{
  struct zpm_process_sample before;
  struct zpm_process_sample now;

  (void)state;
  assert_int_equal(zpm_platform_sample(getpid(), &before), 0);
  assert_int_equal(before.start_ticks, start_of(getpid()));
  assert_int_equal(before.threads, 1);
  assert_true(before.rss_bytes > 100 * 1024);
  do
    assert_int_equal(zpm_platform_sample(getpid(), &now), 0);
  while (now.cpu_ns == before.cpu_ns);
  assert_true(now.cpu_ns > before.cpu_ns);
  assert_true(now.age_ns > before.age_ns);
  assert_true(now.age_ns < (uint64_t)3600 * 1000000000);
}

static void a_zombie_has_no_figures(void **state)
{
  struct zpm_process_sample sample;
  pid_t child = start_idle("idle");

  (void)state;
  end_unseen(child);
  assert_int_equal(zpm_platform_sample(child, &sample), -ESRCH);
  waitpid(child, NULL, 0);
  assert_int_equal(zpm_platform_sample(child, &sample), -ESRCH);
  assert_int_equal(zpm_platform_sample(0, &sample), -ESRCH);
}

static bool has_pid(const struct zpm_pids *pids, pid_t pid)
{
  for (size_t i = 0; i < pids->len; i++) {
    if (pids->items[i] == pid)
      return true;
  }
  return false;
}

static void many_children_are_all_listed(void **state)
{
  enum { MANY = 40 };
  struct zpm_pids pids = {0};
  pid_t children[MANY];

  (void)state;
  for (int i = 0; i < MANY; i++)
    children[i] = start_idle("idle");
  assert_int_equal(zpm_platform_children(getpid(), 1, &pids), 0);
  assert_int_equal(pids.len, MANY);
  for (int i = 0; i < MANY; i++) {
    assert_true(has_pid(&pids, children[i]));
    end(children[i]);
  }
  pids.len = 0;
  assert_int_equal(zpm_platform_children(getpid(), 1, &pids), 0);
  assert_int_equal(pids.len, 0);
  assert_int_equal(zpm_platform_children(children[0], 1, &pids), -ESRCH);
  assert_int_equal(zpm_platform_children(children[0], 2, &pids), -ESRCH);
  zpm_pids_deinit(&pids);
}

/* A thread that has a child, and lives until it is told to end it. */
struct parent {
  int say[2];
  int hear[2];
  pid_t child;
};

static void *run_parent(void *argument)
{
  struct parent *parent = argument;
  char byte = 0;

  parent->child = fork();
  if (parent->child == 0) {
    for (;;)
      pause();
  }
  if (write(parent->hear[1], &byte, 1) == 1 &&
      read(parent->say[0], &byte, 1) == 1)
    end(parent->child);
  return NULL;
}

static void the_children_of_every_thread_are_listed(void **state)
{
  struct parent parent = {0};
  struct zpm_pids pids = {0};
  pthread_t thread;
  char byte;

  (void)state;
  assert_int_equal(pipe2(parent.say, O_CLOEXEC), 0);
  assert_int_equal(pipe2(parent.hear, O_CLOEXEC), 0);
  assert_int_equal(pthread_create(&thread, NULL, run_parent, &parent), 0);
  assert_int_equal(read(parent.hear[0], &byte, 1), 1);
  assert_int_equal(zpm_platform_children(getpid(), 2, &pids), 0);
  assert_int_equal(pids.len, 1);
  assert_true(has_pid(&pids, parent.child));
  pids.len = 0;
  assert_int_equal(zpm_platform_children(getpid(), 0, &pids), 0);
  assert_int_equal(pids.len, 1);
  assert_int_equal(write(parent.say[1], &byte, 1), 1);
  assert_int_equal(pthread_join(thread, NULL), 0);
  for (int i = 0; i < 2; i++) {
    close(parent.say[i]);
    close(parent.hear[i]);
  }
  zpm_pids_deinit(&pids);
}

/* ---- files and sockets ---- */

static void a_memfd_holds_bytes_and_is_not_inherited(void **state)
{
  char byte = 'x';
  int fd = zpm_platform_memfd("zpm-test");

  (void)state;
  assert_true(fd >= 0);
  assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
  assert_int_equal(pwrite(fd, &byte, 1, 0), 1);
  assert_int_equal(lseek(fd, 0, SEEK_END), 1);
  close(fd);
}

static void the_peer_of_a_socketpair_is_this_process(void **state)
{
  int ends[2];
  int uid = -1;
  int pid = -1;

  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  assert_int_equal(zpm_platform_peer(ends[0], &uid, &pid), 0);
  assert_int_equal(uid, geteuid());
  assert_int_equal(pid, getpid());
  close(ends[0]);
  close(ends[1]);
  assert_true(zpm_platform_peer(ends[0], &uid, &pid) < 0);
}

static void a_pipe_can_be_made_larger(void **state)
{
  enum { LARGER = 128 * 1024 };
  int ends[2];

  (void)state;
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_int_equal(zpm_platform_pipe_resize(ends[0], LARGER), 0);
  assert_int_equal(fcntl(ends[1], F_GETPIPE_SZ), LARGER);
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(zpm_platform_pipe_resize(ends[0], LARGER), -EBADF);
}

static void a_pollset_tells_which_pipes_are_ready(void **state)
{
  enum { PIPES = 3 };
  int pipes[PIPES][2];
  int pollset = zpm_platform_pollset_create();
  void *tokens[PIPES];

  (void)state;
  assert_true(pollset >= 0);
  assert_int_equal(fcntl(pollset, F_GETFD), FD_CLOEXEC);
  for (int i = 0; i < PIPES; i++) {
    assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
    assert_int_equal(zpm_platform_pollset_add(pollset, pipes[i][0], &pipes[i]),
                     0);
  }
  assert_int_equal(zpm_platform_pollset_ready(pollset, tokens, PIPES), 0);
  assert_int_equal(write(pipes[1][1], "x", 1), 1);
  assert_int_equal(zpm_platform_pollset_ready(pollset, tokens, PIPES), 1);
  assert_ptr_equal(tokens[0], &pipes[1]);
  close(pipes[2][1]); /* its end is something to be read, too */
  assert_int_equal(zpm_platform_pollset_ready(pollset, tokens, PIPES), 2);
  assert_int_equal(zpm_platform_pollset_ready(pollset, tokens, 1), 1);
  assert_int_equal(zpm_platform_pollset_remove(pollset, pipes[1][0]), 0);
  assert_int_equal(zpm_platform_pollset_ready(pollset, tokens, PIPES), 1);
  assert_ptr_equal(tokens[0], &pipes[2]);
  assert_int_equal(zpm_platform_pollset_remove(pollset, pipes[1][0]), -ENOENT);
  for (int i = 0; i < PIPES; i++) {
    close(pipes[i][0]);
    if (i != 2)
      close(pipes[i][1]);
  }
  close(pollset);
}

/* ---- this program ---- */

static void the_executable_is_this_test(void **state)
{
  struct zpm_str path = {0};
  struct stat found;
  struct stat self;

  (void)state;
  assert_int_equal(zpm_platform_executable(&path), 0);
  assert_int_equal(path.data[0], '/');
  assert_int_equal(stat(path.data, &found), 0);
  assert_int_equal(stat(program_invocation_name, &self), 0);
  assert_int_equal(found.st_ino, self.st_ino);
  zpm_str_deinit(&path);
}

/* What a copy of this test does: takes itself away, then says where it was. */
static int report_executable(const char *own_path)
{
  struct zpm_str path = {0};
  int rc = 1;

  if (unlink(own_path) == 0 && zpm_platform_executable(&path) == 0)
    rc = strcmp(path.data, own_path) == 0 ? 0 : 2;
  zpm_str_deinit(&path);
  return rc;
}

static void copy_file(const char *from, const char *to)
{
  char chunk[16384];
  ssize_t got;
  int in = open(from, O_RDONLY | O_CLOEXEC);
  int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRWXU);

  assert_true(in >= 0 && out >= 0);
  while ((got = read(in, chunk, sizeof(chunk))) > 0)
    assert_int_equal(write(out, chunk, (size_t)got), got);
  close(in);
  close(out);
}

static void a_replaced_executable_is_told_by_its_old_path(void **state)
{
  char folder[SCRATCH_MAX];
  char path[SCRATCH_MAX + 16];
  int status = 0;
  pid_t pid;

  (void)state;
  assert_non_null(scratch_create(folder));
  snprintf(path, sizeof(path), "%s/copy", folder);
  copy_file("/proc/self/exe", path);
  pid = fork();
  if (pid == 0) {
    execl(path, path, "--report", (char *)NULL);
    _exit(127);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  scratch_remove(folder);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stat_line_is_understood),
      cmocka_unit_test(a_program_may_be_called_anything),
      cmocka_unit_test(what_is_no_stat_line_is_refused_at_every_length),
      cmocka_unit_test(a_zombie_whose_threads_live_is_alive),
      cmocka_unit_test(the_table_has_this_process_and_ascends),
      cmocka_unit_test(the_table_is_read_anew_into_the_same_memory),
      cmocka_unit_test(a_table_that_cannot_be_read_whole_is_none),
      cmocka_unit_test(the_environment_is_matched_exactly),
      cmocka_unit_test(an_environment_of_many_pages_is_searched_to_its_end),
      cmocka_unit_test(what_cannot_be_read_has_no_environment),
      cmocka_unit_test(a_signal_reaches_the_process_that_is_meant),
      cmocka_unit_test(a_signal_spares_another_process_with_that_pid),
      cmocka_unit_test(a_signal_never_goes_to_a_group),
      cmocka_unit_test(a_signal_that_does_not_exist_is_an_error),
      cmocka_unit_test(a_sample_tells_time_and_memory),
      cmocka_unit_test(a_zombie_has_no_figures),
      cmocka_unit_test(many_children_are_all_listed),
      cmocka_unit_test(the_children_of_every_thread_are_listed),
      cmocka_unit_test(a_memfd_holds_bytes_and_is_not_inherited),
      cmocka_unit_test(the_peer_of_a_socketpair_is_this_process),
      cmocka_unit_test(a_pipe_can_be_made_larger),
      cmocka_unit_test(a_pollset_tells_which_pipes_are_ready),
      cmocka_unit_test(the_executable_is_this_test),
      cmocka_unit_test(a_replaced_executable_is_told_by_its_old_path),
  };

  if (argc > 1 && strcmp(argv[1], "--report") == 0)
    return report_executable(argv[0]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
