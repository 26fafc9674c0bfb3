#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "runtime/scratch.h"
#include "zpm/version.h"

/*
 * The whole daemon under the real keeper.  The daemon is this very program,
 * started by the keeper with "--as-daemon HOME".
 */
enum { DEADLINE_MS = 30000, LINE_MAX_BYTES = 16384 };

struct site {
  char home[SCRATCH_MAX];
  pid_t keeper;
  int said; /* what the daemon says on stdout */
};

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_a_little(void)
{
  poll(NULL, 0, 5);
}

static const char *in_home(const struct site *site, const char *name)
{
  static char path[SCRATCH_MAX + 64];

  snprintf(path, sizeof(path), "%s/test/%s", site->home, name);
  return path;
}

/* ---- keeper and daemon ---- */

static void become_keeper(const struct site *site, int said)
{
  char self[1024];
  ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
  int log;

  self[len > 0 ? len : 0] = '\0';
  mkdir(in_home(site, ""), 0700);
  log = open(in_home(site, "daemon.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(said, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execl(ZPM_TEST_KEEPER, "zpm-keeper", "--", self, "--as-daemon", site->home,
        (char *)NULL);
  _exit(127);
}

static void start(struct site *site)
{
  int pair[2];

  assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
  site->keeper = fork();
  if (site->keeper == 0)
    become_keeper(site, pair[1]);
  assert_true(site->keeper > 0);
  close(pair[1]);
  site->said = pair[0];
}

static void site_open(struct site *site)
{
  *site = (struct site){0};
  assert_non_null(scratch_create(site->home));
}

static void expect_tidy_log(const struct site *site)
{
  char line[1024];
  FILE *log = fopen(in_home(site, "daemon.log"), "r");

  assert_non_null(log);
  while (fgets(line, sizeof(line), log) != NULL)
    assert_null(strstr(line, "left open"));
  fclose(log);
}

static void site_close(struct site *site)
{
  expect_tidy_log(site);
  scratch_remove(site->home);
}

/* What the daemon said before it closed its stdout. */
static void expect_said(struct site *site, const char *text)
{
  char said[1024] = "";
  size_t len = 0;
  ssize_t got = 1;

  while (got > 0) {
    struct pollfd fd = {.fd = site->said, .events = POLLIN};

    assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
    got = read(site->said, said + len, sizeof(said) - 1 - len);
    len += got > 0 ? (size_t)got : 0;
  }
  said[len] = '\0';
  if (strstr(said, text) == NULL)
    fail_msg("said \"%s\", not \"%s\"", said, text);
  close(site->said);
}

/* The wait status of a child of ours. */
static int wait_for(pid_t pid)
{
  int64_t start_ms = now_ms();
  int status = 0;
  pid_t ended;

  while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
    assert_true(now_ms() - start_ms < DEADLINE_MS);
    pause_a_little();
  }
  assert_int_equal(ended, pid);
  return status;
}

static void expect_keeper_left(struct site *site, int code)
{
  int status = wait_for(site->keeper);

  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), code);
}

/* ---- a client ---- */

static int try_connect(const struct site *site)
{
  struct timeval patience = {.tv_sec = DEADLINE_MS / 1000};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  snprintf(address.sun_path, sizeof(address.sun_path), "%s",
           in_home(site, "zpm.sock"));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
    return fd;
  close(fd);
  return -1;
}

/* One request, one answer, each on a connection of its own. */
static bool ask_once(const struct site *site, const char *request, char *answer)
{
  int fd = try_connect(site);
  size_t len = 0;

  answer[0] = '\0';
  if (fd < 0)
    return false;
  if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
    close(fd);
    return false;
  }
  while (strchr(answer, '\n') == NULL) {
    ssize_t got = recv(fd, answer + len, LINE_MAX_BYTES - 1 - len, 0);

    if (got <= 0)
      break;
    len += (size_t)got;
    answer[len] = '\0';
  }
  close(fd);
  return len > 0;
}

static void ask(const struct site *site, const char *request, const char *part)
{
  char answer[LINE_MAX_BYTES];

  assert_true(ask_once(site, request, answer));
  if (strstr(answer, part) == NULL)
    fail_msg("%sanswered by %snot %s", request, answer, part);
}

static void ask_until(const struct site *site, const char *request,
                      const char *part)
{
  int64_t start_ms = now_ms();
  char answer[LINE_MAX_BYTES];

  while (!ask_once(site, request, answer) || strstr(answer, part) == NULL) {
    if (now_ms() - start_ms > DEADLINE_MS)
      fail_msg("%sanswered by %snot %s", request, answer, part);
    pause_a_little();
  }
}

static int ask_number(const struct site *site, const char *request,
                      const char *key)
{
  char answer[LINE_MAX_BYTES];
  const char *at;

  assert_true(ask_once(site, request, answer));
  at = strstr(answer, key);
  assert_non_null(at);
  return (int)strtol(at + strlen(key), NULL, 10);
}

#define HELLO "{\"cmd\":\"hello\",\"version\":\"" ZPM_VERSION "\"}\n"
#define SHUTDOWN "{\"cmd\":\"shutdown\"}\n"
#define STATS "{\"cmd\":\"stats\"}\n"
#define PONG "{\"ok\":true,\"data\":\"pong\"}\n"

static int daemon_pid(const struct site *site)
{
  return ask_number(site, HELLO, "\"pid\":");
}

static void start_sleeper(const struct site *site)
{
  ask(site,
      "{\"cmd\":\"start\",\"config\":{\"name\":\"nap\",\"scriptPath\":"
      "\"/bin/sleep\",\"args\":[\"1000\"],\"cwd\":\"/\"}}\n",
      "{\"ok\":true,");
}

static bool is_gone(int pid)
{
  return kill(pid, 0) != 0 && errno == ESRCH;
}

/* ---- tests ---- */

static void it_starts_serves_and_shuts_down(void **state)
{
  struct site site;
  struct stat info;

  (void)state;
  site_open(&site);
  start(&site);
  expect_said(&site, "ready\n");
  ask(&site, "{\"cmd\":\"ping\"}\n", PONG);
  assert_int_equal(ask_number(&site, HELLO, "\"keeperPid\":"), site.keeper);
  assert_int_equal(stat(in_home(&site, "zpm.sock"), &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  assert_int_equal(stat(in_home(&site, "lock"), &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  ask(&site, SHUTDOWN, "{\"ok\":true,");
  expect_keeper_left(&site, 0);
  assert_int_not_equal(access(in_home(&site, "zpm.sock"), F_OK), 0);
  site_close(&site);
}

static void without_a_keeper_it_says_so(void **state)
{
  int status;
  pid_t pid;

  (void)state;
  pid = fork();
  if (pid == 0) {
    struct zpm_daemon_options options = {0};

    unsetenv("ZPM_CTL");
    close(STDERR_FILENO);
    _exit(zpm_daemon_main(&options));
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(WEXITSTATUS(status), 2);
}

static void a_second_one_gives_way_and_takes_its_keeper_along(void **state)
{
  struct site site;
  struct site second;

  (void)state;
  site_open(&site);
  start(&site);
  expect_said(&site, "ready\n");
  second = site;
  start(&second);
  expect_said(&second, "another daemon already runs (namespace test)");
  expect_keeper_left(&second, 1);
  ask(&site, "{\"cmd\":\"ping\"}\n", PONG);
  ask(&site, SHUTDOWN, "{\"ok\":true,");
  expect_keeper_left(&site, 0);
  site_close(&site);
}

static void a_state_that_cannot_be_read_is_told_and_kept(void **state)
{
  struct site site;
  FILE *file;
  char text[16] = "";

  (void)state;
  site_open(&site);
  mkdir(in_home(&site, ""), 0700);
  file = fopen(in_home(&site, "state.json"), "w");
  fputs("{\"version\":99}", file);
  fclose(file);
  start(&site);
  expect_said(&site, "state.json");
  expect_keeper_left(&site, 1);
  file = fopen(in_home(&site, "state.json"), "r");
  assert_non_null(fgets(text, sizeof(text), file));
  fclose(file);
  assert_string_equal(text, "{\"version\":99}");
  site_close(&site);
}

static void apps_stop_with_it_and_start_with_the_next(void **state)
{
  struct site site;
  int pid;

  (void)state;
  site_open(&site);
  start(&site);
  expect_said(&site, "ready\n");
  start_sleeper(&site);
  pid = ask_number(&site, STATS, "\"pid\":");
  kill(daemon_pid(&site), SIGTERM);
  expect_keeper_left(&site, 0);
  assert_true(is_gone(pid));
  start(&site);
  expect_said(&site, "ready\n");
  ask_until(&site, STATS, "\"status\":\"running\"");
  ask(&site, SHUTDOWN, "{\"ok\":true,");
  expect_keeper_left(&site, 0);
  site_close(&site);
}

static void killed_it_is_started_again_with_its_apps(void **state)
{
  struct site site;
  int pid;

  (void)state;
  site_open(&site);
  start(&site);
  expect_said(&site, "ready\n");
  start_sleeper(&site);
  pid = daemon_pid(&site);
  kill(pid, SIGKILL);
  ask_until(&site, STATS, "\"status\":\"running\"");
  assert_int_not_equal(daemon_pid(&site), pid);
  ask(&site, SHUTDOWN, "{\"ok\":true,");
  expect_keeper_left(&site, 0);
  site_close(&site);
}

static void without_its_keeper_it_starts_another(void **state)
{
  struct site site;
  int daemon;
  int app;
  int keeper;

  (void)state;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  site_open(&site);
  start(&site);
  expect_said(&site, "ready\n");
  start_sleeper(&site);
  daemon = daemon_pid(&site);
  app = ask_number(&site, STATS, "\"pid\":");
  kill(site.keeper, SIGKILL);
  wait_for(site.keeper);
  while ((keeper = ask_number(&site, HELLO, "\"keeperPid\":")) <= 0 ||
         keeper == site.keeper)
    pause_a_little();
  assert_int_equal(ask_number(&site, STATS, "\"pid\":"), app);
  site.keeper = keeper;
  ask(&site, SHUTDOWN, "{\"ok\":true,");
  assert_int_equal(WEXITSTATUS(wait_for(daemon)), 0);
  assert_int_equal(WTERMSIG(wait_for(app)), SIGTERM);
  expect_keeper_left(&site, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  site_close(&site);
}

static void everybody_is_answered_before_it_leaves(void **state)
{
  struct site site;
  char heard[256] = "";
  int fd;

  (void)state;
  site_open(&site);
  start(&site);
  expect_said(&site, "ready\n");
  start_sleeper(&site);
  fd = try_connect(&site);
  assert_true(fd >= 0);
  assert_true(send(fd, SHUTDOWN SHUTDOWN, strlen(SHUTDOWN SHUTDOWN), 0) > 0);
  while (strlen(heard) < sizeof(heard) - 1) {
    size_t len = strlen(heard);

    if (recv(fd, heard + len, sizeof(heard) - 1 - len, 0) <= 0)
      break;
  }
  close(fd);
  assert_string_equal(heard, "{\"ok\":true,\"data\":\"all apps are stopped\"}\n"
                             "{\"ok\":true,\"data\":\"all apps are "
                             "stopped\"}\n");
  expect_keeper_left(&site, 0);
  site_close(&site);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_starts_serves_and_shuts_down),
      cmocka_unit_test(without_a_keeper_it_says_so),
      cmocka_unit_test(a_second_one_gives_way_and_takes_its_keeper_along),
      cmocka_unit_test(a_state_that_cannot_be_read_is_told_and_kept),
      cmocka_unit_test(apps_stop_with_it_and_start_with_the_next),
      cmocka_unit_test(killed_it_is_started_again_with_its_apps),
      cmocka_unit_test(without_its_keeper_it_starts_another),
      cmocka_unit_test(everybody_is_answered_before_it_leaves),
  };

  if (argc == 3 && strcmp(argv[1], "--as-daemon") == 0) {
    struct zpm_daemon_options options = {.home = argv[2],
                                         .namespace_name = "test"};

    return zpm_daemon_main(&options);
  }
  if (argc > 1) /* by a keeper that a daemon of ours has started */
    return EXIT_FAILURE;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
