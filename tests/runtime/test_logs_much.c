#include "logs_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A process that writes `chunk` again and again; 0 times: until it is killed.
 */
static pid_t start_writer(int fd, const char *chunk, size_t len, size_t times)
{
  pid_t pid = fork();

  if (pid != 0)
    return pid;
  for (size_t i = 0; times == 0 || i < times; i++) {
    if (write(fd, chunk, len) < 0)
      _exit(1);
  }
  _exit(0);
}

static long peak_kb(void)
{
  struct rusage usage;

  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static void a_line_without_end_costs_no_memory(void **state)
{
  enum { CHUNK = 1 << 16, TIMES = 512 };
  static char chunk[CHUNK];
  char path[SCRATCH_MAX + 64];
  long before = peak_kb();
  struct logs_fixture f;
  struct logs_pipe pipe;
  struct stat st;
  pid_t writer;

  (void)state;
  memset(chunk, 'x', CHUNK);
  logs_setup(&f);
  pipe_open(&f, "api", &STAMPED, &pipe);
  f.logs->on_output = NULL; /* it would keep all of it */
  writer = start_writer(pipe.in, chunk, CHUNK, TIMES);
  assert_true(writer > 0);
  close(pipe.in);
  pipe.in = -1;
  logs_wait(&f, &pipe.ends, 1);
  assert_int_equal(waitpid(writer, NULL, 0), writer);
  pipe_close(&pipe);
  snprintf(path, sizeof(path), "%s/api/out.log", f.folder);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_size, (size_t)CHUNK * TIMES + 25);
  assert_true(peak_kb() - before < 8192);
  logs_teardown(&f);
}

static void a_flood_does_not_keep_others_waiting(void **state)
{
  enum { OTHERS = 199, CHUNK = 4096 };
  static char chunk[CHUNK];
  static struct logs_pipe others[OTHERS];
  struct logs_fixture f;
  struct logs_pipe flood;
  pid_t writer;

  (void)state;
  memset(chunk, 'x', CHUNK);
  logs_setup(&f);
  pipe_open(&f, "flood", &(struct zpm_log_rules){.max_size_bytes = 1 << 20},
            &flood);
  f.logs->on_output = NULL;
  writer = start_writer(flood.in, chunk, CHUNK, 0);
  assert_true(writer > 0);
  for (int i = 0; i < OTHERS; i++) {
    char app[16];

    snprintf(app, sizeof(app), "app-%d", i);
    pipe_open(&f, app, &RAW, &others[i]);
    assert_int_equal(write(others[i].in, "hello\n", 6), 6);
    close(others[i].in);
    others[i].in = -1;
  }
  for (int i = 0; i < OTHERS; i++)
    logs_wait(&f, &others[i].ends, 1);
  assert_int_equal(flood.ends, 0);
  kill(writer, SIGKILL);
  assert_int_equal(waitpid(writer, NULL, 0), writer);
  for (int i = 0; i < OTHERS; i++) {
    assert_string_equal(zpm_log_last_line(others[i].log), "hello");
    pipe_close(&others[i]);
  }
  pipe_close(&flood);
  logs_teardown(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_without_end_costs_no_memory),
      cmocka_unit_test(a_flood_does_not_keep_others_waiting),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
