/* The client against a small daemon: this very program, started as a keeper. */
#include "zpm/client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/str.h"
#include "platform/paths.h"
#include "platform/platform.h"
#include "runtime/scratch.h"

enum { RACERS = 20, BIG = 300 * 1024, LIFE_S = 60, ANSWER_MS = 20000 };

/* ---- the daemon in the other process ---- */

static void append_line(const char *folder, const char *name, const char *text)
{
  char path[SCRATCH_MAX + 64];
  FILE *file;

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  file = fopen(path, "a");
  if (file == NULL)
    _exit(3);
  fprintf(file, "%s\n", text);
  fclose(file);
}

/* What it was given, one fact per line. */
static void report(const char *home)
{
  char text[SCRATCH_MAX];
  struct sigaction action;
  struct dirent *entry;
  DIR *fds = opendir("/proc/self/fd");

  while ((entry = readdir(fds)) != NULL) {
    int fd = atoi(entry->d_name);

    snprintf(text, sizeof(text), "fd %d", fd);
    if (entry->d_name[0] != '.' && fd != dirfd(fds))
      append_line(home, "report", text);
  }
  closedir(fds);
  strcpy(text, "cwd ");
  if (getcwd(text + 4, sizeof(text) - 4) != NULL)
    append_line(home, "report", text);
  snprintf(text, sizeof(text), "sid %d", (int)getsid(0));
  append_line(home, "report", text);
  append_line(home, "report",
              getenv("ZPM_APP_ID") == NULL ? "no app id" : "app id");
  append_line(home, "report",
              getenv("ZPM_TEST_MARK") != NULL ? "caller's env" : "no env");
  sigaction(SIGPIPE, NULL, &action);
  append_line(home, "report",
              action.sa_handler == SIG_DFL ? "default SIGPIPE" : "no SIGPIPE");
}

/* Sends every line back; "quit" ends the daemon. */
static void serve(int fd)
{
  FILE *in = fdopen(fd, "r");
  char *line = NULL;
  size_t size = 0;
  ssize_t len;

  while ((len = getline(&line, &size, in)) > 0) {
    if (strcmp(line, "quit\n") == 0)
      _exit(0);
    if (send(fd, line, (size_t)len, MSG_NOSIGNAL) < 0)
      break;
  }
  free(line);
  fclose(in);
}

static int listen_at(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  unlink(path);
  if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
      listen(fd, RACERS + 8) != 0)
    _exit(4);
  return fd;
}

static void *serve_one(void *arg)
{
  serve((int)(intptr_t)arg);
  return NULL;
}

static void run_daemon(const char *name)
{
  struct zpm_paths paths;
  int fd;

  alarm(LIFE_S); /* whatever happens, it does not stay */
  if (zpm_paths_init(&paths, NULL, name, NULL) != 0)
    _exit(5);
  append_line(paths.home, "starts", "x");
  report(paths.home);
  fd = listen_at(paths.socket);
  if (write(STDOUT_FILENO, "ready\n", 6) != 6)
    _exit(6);
  for (;;) {
    int peer = accept(fd, NULL, NULL);
    pthread_t thread;

    pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)peer);
    pthread_detach(thread);
  }
}

/* argv: keeper -- <what to do> daemon --namespace <name> */
static int keeper_main(char **argv)
{
  if (strcmp(argv[2], "refuse") == 0) {
    printf("the lock is taken\n");
    return 1;
  }
  if (strcmp(argv[2], "die") == 0) {
    fprintf(stderr, "first\nthe last words\n");
    return 1;
  }
  run_daemon(argv[5]);
  return 0;
}

/* ---- the tests' side ---- */

struct fixture {
  char home[SCRATCH_MAX];
  struct zpm_client_options options;
};

static int set_up(void **state)
{
  struct fixture *f = zpm_alloc_zeroed(1, sizeof(*f));
  struct zpm_str self = {0};

  assert_non_null(f);
  assert_non_null(scratch_create(f->home));
  f->options = (struct zpm_client_options){.home = f->home,
                                           .namespace_name = "test",
                                           .zpm_path = "serve",
                                           .start_daemon = true};
  assert_int_equal(zpm_platform_executable(&self), 0);
  setenv("ZPM_KEEPER", self.data, 1);
  zpm_str_deinit(&self);
  setenv("ZPM_APP_ID", "7", 1);
  setenv("ZPM_TEST_MARK", "1", 1);
  *state = f;
  return 0;
}

static struct zpm_connection *open_connection(struct fixture *f)
{
  struct zpm_connection *connection = NULL;
  struct zpm_error err = {0};

  if (zpm_connection_open(&f->options, &connection, &err) != 0)
    fail_msg("%s", err.message);
  return connection;
}

/* Ends the daemon, if one runs, and waits until it has gone. */
static void end_daemon(struct fixture *f)
{
  struct zpm_connection *connection = NULL;

  f->options.start_daemon = false;
  if (zpm_connection_open(&f->options, &connection, NULL) != 0)
    return;
  zpm_connection_send(connection, "quit", NULL);
  while (zpm_connection_receive(connection, ANSWER_MS, NULL) != NULL)
    continue;
  zpm_connection_close(connection);
}

static int tear_down(void **state)
{
  struct fixture *f = *state;

  end_daemon(f);
  scratch_remove(f->home);
  zpm_free(f);
  return 0;
}

static char *read_file(struct fixture *f, const char *name)
{
  static char text[4096];
  char path[SCRATCH_MAX + 64];
  ssize_t len = 0;
  int fd;

  snprintf(path, sizeof(path), "%s/%s", f->home, name);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    len = read(fd, text, sizeof(text) - 1);
    close(fd);
  }
  text[len > 0 ? len : 0] = '\0';
  return text;
}

/* ---- connecting ---- */

static void without_a_daemon_it_says_so_and_starts_none(void **state)
{
  struct fixture *f = *state;
  struct zpm_error err = {0};

  f->options.start_daemon = false;
  assert_int_equal(zpm_client_connect(&f->options, &err), ZPM_EDAEMON);
  assert_non_null(strstr(err.message, "no daemon runs"));
  assert_false(zpm_client_daemon_runs(&f->options));
  assert_string_equal(read_file(f, "starts"), "");
}

/* The lock of daemon.log is held by keeper and daemon alone. */
static void a_daemon_that_is_being_started_again_is_waited_for(void **state)
{
  struct fixture *f = *state;
  struct zpm_error err = {0};
  char path[SCRATCH_MAX + 32];
  int log;

  snprintf(path, sizeof(path), "%s/test", f->home);
  mkdir(path, 0700);
  snprintf(path, sizeof(path), "%s/test/daemon.log", f->home);
  log = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_true(log >= 0);
  assert_int_equal(flock(log, LOCK_EX | LOCK_NB), 0);
  f->options.start_daemon = false;
  f->options.wait_ms = 1;
  assert_int_equal(zpm_client_connect(&f->options, &err), ZPM_EBUSY);
  assert_non_null(strstr(err.message, "has not started it again yet"));
  close(log);
  assert_int_equal(zpm_client_connect(&f->options, &err), ZPM_EDAEMON);
}

static void the_first_command_starts_a_daemon(void **state)
{
  struct fixture *f = *state;
  struct zpm_connection *connection = open_connection(f);

  assert_true(zpm_client_daemon_runs(&f->options));
  assert_int_equal(zpm_connection_send(connection, "hello", NULL), 0);
  assert_string_equal(zpm_connection_receive(connection, ANSWER_MS, NULL),
                      "hello");
  zpm_connection_close(connection);
  assert_string_equal(read_file(f, "starts"), "x\n");
}

static void the_second_command_finds_it(void **state)
{
  struct fixture *f = *state;

  zpm_connection_close(open_connection(f));
  zpm_connection_close(open_connection(f));
  assert_string_equal(read_file(f, "starts"), "x\n");
}

static void a_socket_without_a_daemon_is_taken_for_none(void **state)
{
  struct fixture *f = *state;
  struct zpm_paths paths;

  assert_int_equal(zpm_paths_init(&paths, f->home, "test", NULL), 0);
  assert_int_equal(zpm_paths_prepare(&paths, NULL), 0);
  close(listen_at(paths.socket));
  zpm_paths_deinit(&paths);
  zpm_connection_close(open_connection(f));
  assert_string_equal(read_file(f, "starts"), "x\n");
}

static void
the_keeper_gets_nothing_of_its_starter_but_the_environment(void **state)
{
  struct fixture *f = *state;
  char expected[SCRATCH_MAX + 32];
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  struct sigaction before;
  int leak = open("/dev/null", O_RDONLY); /* not close-on-exec */
  char *text;

  sigaction(SIGPIPE, &ignore, &before);
  zpm_connection_close(open_connection(f));
  sigaction(SIGPIPE, &before, NULL);
  close(leak);
  text = read_file(f, "report");
  snprintf(expected, sizeof(expected), "cwd %s/test\n", f->home);
  assert_non_null(strstr(text, expected));
  snprintf(expected, sizeof(expected), "sid %d\n", (int)getsid(0));
  assert_non_null(strstr(text, "sid "));
  assert_null(strstr(text, expected));
  assert_non_null(strstr(text, "no app id\n"));
  assert_non_null(strstr(text, "caller's env\n"));
  assert_non_null(strstr(text, "default SIGPIPE\n"));
  assert_non_null(strstr(text, "fd 2\n"));
  for (int fd = 3; fd < 64; fd++) {
    snprintf(expected, sizeof(expected), "fd %d\n", fd);
    assert_null(strstr(text, expected));
  }
}

static void starting_leaves_no_child_and_a_private_log(void **state)
{
  struct fixture *f = *state;
  char path[SCRATCH_MAX + 64];
  struct stat found;

  zpm_connection_close(open_connection(f));
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  snprintf(path, sizeof(path), "%s/test/daemon.log", f->home);
  assert_int_equal(stat(path, &found), 0);
  assert_int_equal(found.st_mode & 0777, 0600);
}

static void *race(void *arg)
{
  return (void *)(intptr_t)zpm_client_connect(arg, NULL);
}

static void of_many_first_commands_one_starts_the_daemon(void **state)
{
  struct fixture *f = *state;
  pthread_t threads[RACERS];

  for (int i = 0; i < RACERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, race, &f->options), 0);
  for (int i = 0; i < RACERS; i++) {
    void *fd;

    pthread_join(threads[i], &fd);
    assert_true((intptr_t)fd >= 0);
    close((int)(intptr_t)fd);
  }
  assert_string_equal(read_file(f, "starts"), "x\n");
}

static void the_daemons_reason_for_not_starting_is_passed_on(void **state)
{
  struct fixture *f = *state;
  struct zpm_error err = {0};

  f->options.zpm_path = "refuse";
  assert_int_equal(zpm_client_connect(&f->options, &err), ZPM_EDAEMON);
  assert_string_equal(err.message,
                      "the daemon cannot start: the lock is taken");
}

static void the_last_words_of_a_daemon_that_dies_are_quoted(void **state)
{
  struct fixture *f = *state;
  struct zpm_error err = {0};

  f->options.zpm_path = "die";
  assert_int_equal(zpm_client_connect(&f->options, &err), ZPM_EDAEMON);
  assert_non_null(strstr(err.message, "daemon.log: the last words"));
}

static void a_keeper_that_is_not_there_is_named(void **state)
{
  struct fixture *f = *state;
  struct zpm_error err = {0};

  setenv("ZPM_KEEPER", "/nowhere/zpm-keeper", 1);
  assert_true(zpm_client_connect(&f->options, &err) < 0);
  assert_non_null(strstr(err.message, "/nowhere/zpm-keeper"));
}

static void a_keeper_that_cannot_run_is_an_error_not_a_wait(void **state)
{
  struct fixture *f = *state;
  struct zpm_error err = {0};

  setenv("ZPM_KEEPER", "/dev/null", 1);
  assert_int_equal(zpm_client_connect(&f->options, &err), ZPM_EDAEMON);
  assert_non_null(strstr(err.message, "cannot run /dev/null"));
}

/* ---- blocking ---- */

static void a_connection_carries_long_lines_and_many_at_once(void **state)
{
  struct fixture *f = *state;
  struct zpm_connection *connection = open_connection(f);
  char *big = zpm_alloc(BIG + 1);

  assert_non_null(big);
  memset(big, 'x', BIG);
  big[BIG] = '\0';
  assert_int_equal(zpm_connection_send(connection, "one\ntwo", NULL), 0);
  assert_string_equal(zpm_connection_receive(connection, ANSWER_MS, NULL),
                      "one");
  assert_int_equal(zpm_connection_send(connection, big, NULL), 0);
  assert_string_equal(zpm_connection_receive(connection, ANSWER_MS, NULL),
                      "two");
  assert_string_equal(zpm_connection_receive(connection, ANSWER_MS, NULL), big);
  zpm_free(big);
  zpm_connection_close(connection);
}

static void silence_is_a_timeout_and_the_end_is_no_error(void **state)
{
  struct fixture *f = *state;
  struct zpm_connection *connection = open_connection(f);
  struct zpm_error err = {0};

  assert_null(zpm_connection_receive(connection, 1, &err));
  assert_int_equal(err.code, UV_ETIMEDOUT);
  assert_int_equal(zpm_connection_send(connection, "quit", NULL), 0);
  assert_null(zpm_connection_receive(connection, ANSWER_MS, &err));
  assert_int_equal(err.code, 0);
  zpm_connection_close(connection);
}

/* ---- on a loop ---- */

struct listener {
  struct zpm_client *client;
  int lines;
  int ended;
  int closed;
  int close_after; /* this many lines; 0: at the end */
};

static void on_closed(void *ctx)
{
  struct listener *listener = ctx;

  listener->closed++;
}

static void on_line(void *ctx, const char *line, size_t len)
{
  struct listener *listener = ctx;

  assert_int_equal(strlen(line), len);
  if (++listener->lines == listener->close_after)
    zpm_client_close(listener->client, on_closed, listener);
}

static void on_ended(void *ctx, const struct zpm_error *err)
{
  struct listener *listener = ctx;

  assert_int_equal(err->code, ZPM_EDAEMON);
  listener->ended++;
  zpm_client_close(listener->client, on_closed, listener);
}

static const struct zpm_client_events EVENTS = {on_line, on_ended};

static void open_client(struct fixture *f, uv_loop_t *loop,
                        struct listener *listener)
{
  int fd = zpm_client_connect(&f->options, NULL);

  assert_true(fd >= 0);
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(
      zpm_client_open(loop, fd, &EVENTS, listener, &listener->client, NULL), 0);
}

static void lines_come_from_the_loop_and_the_end_comes_once(void **state)
{
  struct listener listener = {0};
  uv_loop_t loop;

  open_client(*state, &loop, &listener);
  assert_int_equal(zpm_client_send(listener.client, "one", 3), 0);
  assert_int_equal(zpm_client_send(listener.client, "two", 3), 0);
  assert_int_equal(zpm_client_send(listener.client, "quit", 4), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(listener.lines, 2);
  assert_int_equal(listener.ended, 1);
  assert_int_equal(listener.closed, 1);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void nothing_comes_after_a_close_within_a_line(void **state)
{
  struct listener listener = {.close_after = 1};
  uv_loop_t loop;

  open_client(*state, &loop, &listener);
  assert_int_equal(zpm_client_send(listener.client, "a\nb\nc", 5), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(listener.lines, 1);
  assert_int_equal(listener.ended, 0);
  assert_int_equal(listener.closed, 1);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void an_unreferenced_client_lets_the_loop_end(void **state)
{
  struct listener listener = {0};
  uv_loop_t loop;

  open_client(*state, &loop, &listener);
  zpm_client_ref(listener.client, false);
  uv_run(&loop, UV_RUN_DEFAULT);
  zpm_client_ref(listener.client, true);
  zpm_client_close(listener.client, on_closed, &listener);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(listener.closed, 1);
  assert_int_equal(uv_loop_close(&loop), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      TEST(without_a_daemon_it_says_so_and_starts_none),
      TEST(a_daemon_that_is_being_started_again_is_waited_for),
      TEST(the_first_command_starts_a_daemon),
      TEST(the_second_command_finds_it),
      TEST(a_socket_without_a_daemon_is_taken_for_none),
      TEST(the_keeper_gets_nothing_of_its_starter_but_the_environment),
      TEST(starting_leaves_no_child_and_a_private_log),
      TEST(of_many_first_commands_one_starts_the_daemon),
      TEST(the_daemons_reason_for_not_starting_is_passed_on),
      TEST(the_last_words_of_a_daemon_that_dies_are_quoted),
      TEST(a_keeper_that_is_not_there_is_named),
      TEST(a_keeper_that_cannot_run_is_an_error_not_a_wait),
      TEST(a_connection_carries_long_lines_and_many_at_once),
      TEST(silence_is_a_timeout_and_the_end_is_no_error),
      TEST(lines_come_from_the_loop_and_the_end_comes_once),
      TEST(nothing_comes_after_a_close_within_a_line),
      TEST(an_unreferenced_client_lets_the_loop_end),
  };

  if (argc > 5 && strcmp(argv[1], "--") == 0)
    return keeper_main(argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
