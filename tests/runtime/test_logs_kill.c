/*
 * Output is written exactly once, whenever the process is killed.  Shown twice:
 * by kills before and after every single system call of a short run, and by
 * kills at random moments of a long one.
 */
#include "logs_fixture.h"
#include "logs_lines.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

struct kind {
  const char *app;
  struct zpm_log_rules rules;
};

static const struct kind KINDS[] = {
    {"raw", {0}},
    {"stamped", {.timestamps = true}},
    {"json", {.json = true}},
    {"raw-parts", {.max_size_bytes = 60000, .max_files = 10000}},
    {"json-parts", {.max_size_bytes = 60000, .max_files = 10000, .json = true}},
};

enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

/* ---- every system call ---- */

enum { SHORT_LINES = 40 };

struct run {
  char root[SCRATCH_MAX];
  char folder[SCRATCH_MAX + 16];
  char inflight[SCRATCH_MAX + 16];
  char app[32];
  struct zpm_log_rules rules;
  int fd; /* the pipe */
};

/* What a manager does in its life: all that is in the pipe. */
static void work(const struct run *run)
{
  const struct zpm_logs_options options = {.folder = run->folder,
                                           .inflight_path = run->inflight};
  struct zpm_log_source *source;
  struct zpm_logs *logs;
  struct zpm_log *log;
  uv_loop_t loop;

  if (uv_loop_init(&loop) < 0)
    _exit(1);
  raise(SIGSTOP); /* from here on it is counted */
  if (zpm_logs_create(&loop, &options, &logs, NULL) < 0 ||
      zpm_log_open(logs, run->app, ZPM_STREAM_OUT, &run->rules, &log, NULL) <
          0 ||
      zpm_log_source_add(log, run->fd, NULL, NULL, &source, NULL) < 0)
    _exit(1);
  zpm_log_source_close(source);
  zpm_log_close(log);
  _exit(0);
}

/* Runs the work and kills it at that stop: there is one before and one after
 * each system call.  False: it has ended before, with success. */
static bool work_killed_at(const struct run *run, int stop)
{
  int status;
  pid_t pid = fork();

  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    work(run);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSTOPPED(status));
  for (int i = 0; i < stop; i++) {
    assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) {
      assert_int_equal(WEXITSTATUS(status), 0);
      return false;
    }
    assert_true(WIFSTOPPED(status));
  }
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return true;
}

static void fill_pipe(int fd)
{
  char line[LINE_MAX_LEN];

  for (uint32_t n = 0; n < SHORT_LINES; n++) {
    size_t len = make_line(n, line);

    assert_int_equal(write(fd, line, len), (ssize_t)len);
  }
}

/* Killed at one stop, then, in the middle of what follows, at another one. */
static bool kill_twice(struct run *run, const struct kind *kind, int stop)
{
  enum { ENOUGH = 100000 };
  int ends[2];
  bool killed;

  snprintf(run->app, sizeof(run->app), "%s-%d", kind->app, stop);
  run->rules = kind->rules;
  if (run->rules.max_size_bytes > 0)
    run->rules.max_size_bytes = 1000;
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  run->fd = ends[0];
  fill_pipe(ends[1]);
  killed = work_killed_at(run, stop);
  if (killed)
    work_killed_at(run, stop * 7 % 60);
  assert_false(work_killed_at(run, ENOUGH));
  close(ends[0]);
  close(ends[1]);
  assert_lines(run->folder, run->app, &run->rules, SHORT_LINES);
  return killed;
}

static void killed_at_any_system_call_it_loses_nothing(void **state)
{
  enum { CALLS_AT_LEAST = 20 };
  struct run run;

  (void)state;
  assert_non_null(scratch_create(run.root));
  snprintf(run.folder, sizeof(run.folder), "%s/logs", run.root);
  snprintf(run.inflight, sizeof(run.inflight), "%s/inflight", run.root);
  for (size_t i = 0; i < KIND_COUNT; i++) {
    int stop = 0;

    while (kill_twice(&run, &KINDS[i], stop))
      stop++;
    assert_true(stop > 2 * CALLS_AT_LEAST);
  }
  assert_int_equal(scratch_remove(run.root), 0);
}

/* ---- random moments ---- */

enum { KILLS = 80 };

/* Shared with the writer. */
struct board {
  atomic_int stop;
  uint32_t counts[KIND_COUNT]; /* lines written */
};

static uint32_t next_random(uint32_t *seed)
{
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

static void write_lines(int fd, uint32_t *count, uint32_t lines)
{
  char line[LINE_MAX_LEN];

  while (lines-- > 0) {
    size_t len = make_line((*count)++, line);

    for (size_t done = 0; done < len;) {
      ssize_t put = write(fd, line + done, len - done);

      if (put < 0)
        _exit(1);
      done += (size_t)put;
    }
  }
}

static void write_all_streams(struct board *board, const int *fds)
{
  uint32_t seed = 1;

  while (!atomic_load(&board->stop)) {
    for (size_t i = 0; i < KIND_COUNT; i++)
      write_lines(fds[i], &board->counts[i], next_random(&seed) % 20);
    usleep(next_random(&seed) % 300);
  }
  _exit(0);
}

struct reader {
  uv_loop_t loop;
  struct zpm_logs *logs;
  struct zpm_log *log[KIND_COUNT];
  struct zpm_log_source *sources[KIND_COUNT];
  size_t open;
  bool closed;
};

/* One of the streams; `slot` tells which. */
struct end {
  struct reader *reader;
  size_t slot;
};

static void on_stream_end(void *ctx)
{
  const struct end *end = ctx;
  struct reader *reader = end->reader;

  zpm_log_source_close(reader->sources[end->slot]);
  zpm_log_close(reader->log[end->slot]);
  if (--reader->open == 0)
    zpm_logs_close(reader->logs, on_fixture_closed, &reader->closed);
}

static void read_all_streams(const struct logs_fixture *f, const int *fds)
{
  struct reader reader = {.open = KIND_COUNT};
  struct end ends[KIND_COUNT];
  const struct zpm_logs_options options = {.folder = f->folder,
                                           .inflight_path = f->inflight};

  if (uv_loop_init(&reader.loop) < 0 ||
      zpm_logs_create(&reader.loop, &options, &reader.logs, NULL) < 0)
    _exit(1);
  for (size_t i = 0; i < KIND_COUNT; i++) {
    ends[i] = (struct end){&reader, i};
    if (zpm_log_open(reader.logs, KINDS[i].app, ZPM_STREAM_OUT, &KINDS[i].rules,
                     &reader.log[i], NULL) < 0 ||
        zpm_log_source_add(reader.log[i], fds[i], on_stream_end, &ends[i],
                           &reader.sources[i], NULL) < 0)
      _exit(1);
  }
  uv_run(&reader.loop, UV_RUN_DEFAULT); /* until all streams have ended */
  _exit(reader.closed && uv_loop_close(&reader.loop) == 0 ? 0 : 1);
}

static pid_t start_reader(const struct logs_fixture *f, const int *fds)
{
  pid_t pid = fork();

  if (pid == 0)
    read_all_streams(f, fds);
  assert_true(pid > 0);
  return pid;
}

static pid_t start_writer(struct board *board, int *ins)
{
  pid_t pid = fork();

  if (pid == 0)
    write_all_streams(board, ins);
  assert_true(pid > 0);
  for (size_t i = 0; i < KIND_COUNT; i++)
    close(ins[i]);
  return pid;
}

static void killed_at_any_moment_it_loses_nothing(void **state)
{
  struct logs_fixture f;
  struct board *board;
  int outs[KIND_COUNT];
  int ins[KIND_COUNT];
  uint32_t seed = (uint32_t)getpid();
  pid_t writer;
  int status;

  (void)state;
  logs_setup(&f);
  board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(board, MAP_FAILED);
  for (size_t i = 0; i < KIND_COUNT; i++) {
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    outs[i] = ends[0];
    ins[i] = ends[1];
  }
  writer = start_writer(board, ins);
  for (int i = 0; i < KILLS; i++) {
    pid_t reader = start_reader(&f, outs);

    usleep(500 + next_random(&seed) % 12000);
    kill(reader, SIGKILL);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_true(WIFSIGNALED(status));
  }
  atomic_store(&board->stop, 1);
  assert_int_equal(waitpid(start_reader(&f, outs), &status, 0) > 0, 1);
  assert_int_equal(status, 0);
  assert_int_equal(waitpid(writer, &status, 0), writer);
  assert_int_equal(status, 0);
  for (size_t i = 0; i < KIND_COUNT; i++) {
    assert_true(board->counts[i] > 0);
    assert_lines(f.folder, KINDS[i].app, &KINDS[i].rules, board->counts[i]);
    close(outs[i]);
  }
  munmap(board, sizeof(*board));
  logs_teardown(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(killed_at_any_system_call_it_loses_nothing),
      cmocka_unit_test(killed_at_any_moment_it_loses_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
