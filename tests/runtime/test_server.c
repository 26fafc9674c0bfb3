#include "runtime/api_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/server.h"

enum { PATIENCE_MS = 30000 };

#define PING "{\"cmd\":\"ping\"}\n"
#define PONG "{\"ok\":true,\"data\":\"pong\"}\n"

struct house {
  struct stage stage;
  char path[SCRATCH_MAX + 16];
  struct zpm_server *server;
  bool closed;
};

static void open_server(struct house *house)
{
  struct zpm_error err = {0};

  if (zpm_server_open(&house->stage.loop, house->stage.api, house->path,
                      &house->server, &err) != 0)
    fail_msg("%s", err.message);
}

static void house_open(struct house *house)
{
  *house = (struct house){0};
  stage_open(&house->stage);
  snprintf(house->path, sizeof(house->path), "%s/zpm.sock",
           house->stage.folder);
  open_server(house);
}

static void on_server_closed(void *ctx)
{
  struct house *house = ctx;

  house->closed = true;
}

static void house_close(struct house *house)
{
  zpm_server_close(house->server, on_server_closed, house);
  uv_run(&house->stage.loop, UV_RUN_DEFAULT);
  assert_true(house->closed);
  assert_int_not_equal(access(house->path, F_OK), 0);
  stage_close(&house->stage);
}

static int knock(struct house *house)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  assert_true(fd >= 0);
  strncpy(address.sun_path, house->path, sizeof(address.sun_path) - 1);
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
    fail_msg("connect: %s", strerror(errno));
  return fd;
}

/* Reads one line, or what there is before the end. */
static void hear(struct house *house, int fd, char *line, size_t room)
{
  uint64_t start = uv_hrtime();
  size_t len = 0;

  line[0] = '\0';
  while (strchr(line, '\n') == NULL) {
    ssize_t got;

    uv_run(&house->stage.loop, UV_RUN_NOWAIT);
    got = recv(fd, line + len, room - 1 - len, 0);
    if (got == 0)
      return;
    len += got > 0 ? (size_t)got : 0;
    line[len] = '\0';
    assert_true(uv_hrtime() - start < (uint64_t)PATIENCE_MS * 1000000);
  }
}

static void expect_served(struct house *house, int fd)
{
  char line[512];

  assert_int_equal(send(fd, PING, strlen(PING), MSG_NOSIGNAL), strlen(PING));
  hear(house, fd, line, sizeof(line));
  assert_string_equal(line, PONG);
}

static void expect_turned_away(struct house *house, int fd)
{
  char line[512];

  hear(house, fd, line, sizeof(line));
  assert_non_null(strstr(line, "\"code\":\"ZPM_EBUSY\"}\n"));
}

static void the_socket_is_for_its_user_alone(void **state)
{
  struct house house;
  struct stat info;
  int fd;

  (void)state;
  house_open(&house);
  assert_int_equal(stat(house.path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  fd = knock(&house);
  expect_served(&house, fd);
  close(fd);
  house_close(&house);
}

static void a_dead_socket_file_is_replaced(void **state)
{
  struct house house;
  struct house dead;
  int fd;

  (void)state;
  house_open(&house);
  fd = knock(&house);
  close(fd);
  dead = house;
  open_server(&house); /* as if the first one had died */
  fd = knock(&house);
  expect_served(&house, fd);
  zpm_server_close(dead.server, on_server_closed, &dead);
  expect_served(&house, fd);
  close(fd);
  house_close(&house);
}

static void a_socket_file_that_is_removed_is_made_anew(void **state)
{
  struct house house;
  struct stat info;
  uint64_t start = uv_hrtime();
  int old;
  int fd;

  (void)state;
  house_open(&house);
  old = knock(&house);
  expect_served(&house, old);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(unlink(house.path), 0);
    while (access(house.path, F_OK) != 0) {
      uv_run(&house.stage.loop, UV_RUN_NOWAIT);
      assert_true(uv_hrtime() - start < (uint64_t)PATIENCE_MS * 1000000);
    }
    assert_int_equal(stat(house.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    fd = knock(&house);
    expect_served(&house, fd);
    close(fd);
  }
  expect_served(&house, old);
  close(old);
  house_close(&house);
}

static void a_path_that_cannot_be_bound_is_an_error(void **state)
{
  struct house house;
  struct zpm_server *second = NULL;
  struct zpm_error err = {0};
  char path[200];

  (void)state;
  house_open(&house);
  memset(path, 'x', sizeof(path) - 1);
  path[sizeof(path) - 1] = '\0';
  assert_int_not_equal(
      zpm_server_open(&house.stage.loop, house.stage.api, path, &second, &err),
      0);
  assert_non_null(strstr(err.message, "cannot listen on xxx"));
  assert_int_not_equal(zpm_server_open(&house.stage.loop, house.stage.api,
                                       "/none/such/zpm.sock", &second, &err),
                       0);
  assert_non_null(strstr(err.message, "No such file or directory"));
  assert_null(second);
  house_close(&house);
}

static void set_descriptor_limit(rlim_t soft)
{
  struct rlimit limit;

  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void one_client_too_many_is_told_so(void **state)
{
  int fds[ZPM_SERVER_CLIENTS_MAX];
  struct house house;
  int extra;

  (void)state;
  set_descriptor_limit((rlim_t)ZPM_SERVER_CLIENTS_MAX * 2 + 100);
  house_open(&house);
  for (size_t i = 0; i < ZPM_SERVER_CLIENTS_MAX; i++) {
    fds[i] = knock(&house);
    expect_served(&house, fds[i]);
  }
  extra = knock(&house);
  expect_turned_away(&house, extra);
  close(extra);
  close(fds[0]);
  uv_run(&house.stage.loop, UV_RUN_NOWAIT);
  uv_run(&house.stage.loop, UV_RUN_NOWAIT);
  fds[0] = knock(&house);
  expect_served(&house, fds[0]);
  for (size_t i = 0; i < ZPM_SERVER_CLIENTS_MAX; i++)
    close(fds[i]);
  house_close(&house);
}

/* The lowest descriptor that is free. */
static rlim_t next_free(void)
{
  int fd = dup(0);

  assert_true(fd >= 0);
  close(fd);
  return (rlim_t)fd;
}

static void without_descriptors_clients_are_told_and_nothing_spins(void **state)
{
  struct rlimit before;
  struct house house;
  int fds[4];
  uint64_t rounds = 0;
  uint64_t start;

  (void)state;
  getrlimit(RLIMIT_NOFILE, &before);
  house_open(&house);
  for (size_t i = 0; i < 4; i++)
    fds[i] = knock(&house);
  set_descriptor_limit(next_free());
  expect_turned_away(&house, fds[0]);
  start = uv_hrtime();
  while (uv_hrtime() - start < (uint64_t)ZPM_SERVER_PAUSE_MS * 500000) {
    uv_run(&house.stage.loop, UV_RUN_ONCE);
    rounds++;
  }
  assert_in_range(rounds, 0, 50);
  set_descriptor_limit(before.rlim_cur);
  for (size_t i = 1; i < 4; i++) {
    char line[512];

    send(fds[i], PING, strlen(PING), MSG_NOSIGNAL);
    hear(&house, fds[i], line, sizeof(line));
    assert_int_not_equal(strlen(line), 0);
  }
  expect_served(&house, fds[3]);
  for (size_t i = 0; i < 4; i++)
    close(fds[i]);
  house_close(&house);
}

static void after_the_hush_nobody_is_let_in(void **state)
{
  struct house house;
  int me;
  int late;

  (void)state;
  house_open(&house);
  me = knock(&house);
  expect_served(&house, me);
  zpm_server_hush(house.server);
  late = knock(&house); /* waits in the backlog */
  uv_run(&house.stage.loop, UV_RUN_NOWAIT);
  house_close(&house);
  close(late);
  close(me);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_socket_is_for_its_user_alone),
      cmocka_unit_test(a_dead_socket_file_is_replaced),
      cmocka_unit_test(a_socket_file_that_is_removed_is_made_anew),
      cmocka_unit_test(a_path_that_cannot_be_bound_is_an_error),
      cmocka_unit_test(one_client_too_many_is_told_so),
      cmocka_unit_test(without_descriptors_clients_are_told_and_nothing_spins),
      cmocka_unit_test(after_the_hush_nobody_is_let_in),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
