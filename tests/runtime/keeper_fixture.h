#ifndef ZPM_TESTS_KEEPER_FIXTURE_H
#define ZPM_TESTS_KEEPER_FIXTURE_H

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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/wire.h"
#include "runtime/keeper_link.h"
#include "runtime/keeper_spec.h"
#include "runtime/scratch.h"

/*
 * A keeper under test, spoken to in raw records.
 *
 * In daemon mode the test daemon is this very test program, started again with
 * "--daemon SOCKET": it connects there, hands the test its ZPM_CTL, ZPM_TABLE
 * and every stored descriptor, and then ends as the test tells it by one byte
 * (the exit code), or when the test is gone.
 */
enum { DEADLINE_MS = 30000 };

struct keeper {
  pid_t pid; /* of the keeper; in owned mode found later by waiting */
  int ctl;   /* our end */
  char folder[64];
  struct sockaddr_un address;
  int listener;
  int daemon; /* the connection of the daemon that runs */
  int output; /* what was the keeper's stdout */
  struct zpm_wire_record table[64];
  size_t table_len;
  int stored[8]; /* in the order of the FD records */
  size_t stored_len;
};

/* ---- waiting ---- */

static inline int64_t fixture_now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void fixture_nap(void)
{
  const struct timespec nap = {.tv_nsec = 2000000};

  nanosleep(&nap, NULL);
}

static inline void await_readable(int fd)
{
  struct pollfd pollfd = {.fd = fd, .events = POLLIN};

  assert_int_equal(poll(&pollfd, 1, DEADLINE_MS), 1);
}

/* The wait status of a child of ours. */
static inline int await_child(pid_t pid)
{
  int64_t deadline = fixture_now_ms() + DEADLINE_MS;
  int status;
  pid_t got;

  while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
    assert_true(fixture_now_ms() < deadline);
    fixture_nap();
  }
  assert_true(got > 0);
  return status;
}

static inline void await_gone(pid_t pid)
{
  int64_t deadline = fixture_now_ms() + DEADLINE_MS;

  while (kill(pid, 0) == 0) {
    assert_true(fixture_now_ms() < deadline);
    fixture_nap();
  }
  assert_int_equal(errno, ESRCH);
}

/* One line, without its newline. */
static inline void read_line(int fd, char *line, size_t size)
{
  size_t len = 0;

  for (;;) {
    await_readable(fd);
    assert_true(len < size);
    assert_int_equal(read(fd, line + len, 1), 1);
    if (line[len] == '\n')
      break;
    len++;
  }
  line[len] = '\0';
}

static inline int read_number(int fd)
{
  char line[32];

  read_line(fd, line, sizeof(line));
  return atoi(line);
}

static inline void expect_eof(int fd)
{
  char byte;

  await_readable(fd);
  assert_int_equal(read(fd, &byte, 1), 0);
}

/* ---- sending and receiving ---- */

union fixture_control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * 64)];
};

static inline void send_bytes(int socket, const void *bytes, size_t len,
                              const int *fds, size_t count)
{
  union fixture_control control = {0};
  char copy[1024];
  struct iovec iov = {.iov_base = copy, .iov_len = len};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

  assert_true(len <= sizeof(copy));
  memcpy(copy, bytes, len);
  if (count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
    CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
    CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), fds, count * sizeof(int));
  }
  assert_int_equal(sendmsg(socket, &message, MSG_NOSIGNAL), len);
}

static inline void say_with(struct keeper *keeper,
                            struct zpm_wire_record record, const int *fds,
                            size_t count)
{
  record.magic = ZPM_WIRE_MAGIC;
  send_bytes(keeper->ctl, &record, sizeof(record), fds, count);
}

static inline void say(struct keeper *keeper, struct zpm_wire_record record)
{
  say_with(keeper, record, NULL, 0);
}

static inline struct zpm_wire_record hear(struct keeper *keeper)
{
  struct zpm_wire_record record;

  await_readable(keeper->ctl);
  assert_int_equal(recv(keeper->ctl, &record, sizeof(record), MSG_WAITALL),
                   sizeof(record));
  assert_int_equal(record.magic, ZPM_WIRE_MAGIC);
  return record;
}

static inline struct zpm_wire_record
expect(struct keeper *keeper, enum zpm_wire_type type, uint64_t id)
{
  struct zpm_wire_record record = hear(keeper);

  assert_int_equal(record.type, type);
  assert_int_equal(record.id, id);
  return record;
}

static inline void expect_nak(struct keeper *keeper, enum zpm_wire_type type,
                              int error)
{
  struct zpm_wire_record record = hear(keeper);

  assert_int_equal(record.type, ZPM_WIRE_NAK);
  assert_int_equal(record.a, type);
  assert_int_equal(record.b, error);
}

/* Everything said before has been dealt with, and nothing was answered. */
static inline void expect_quiet(struct keeper *keeper)
{
  say(keeper, (struct zpm_wire_record){.type = ZPM_WIRE_PING, .id = 777777});
  expect(keeper, ZPM_WIRE_PONG, 777777);
}

static inline void put_fd(struct keeper *keeper, const char *name, int fd)
{
  struct zpm_wire_record record = {.type = ZPM_WIRE_PUT};

  strncpy(record.name, name, sizeof(record.name) - 1);
  say_with(keeper, record, &fd, 1);
}

static inline void order(struct keeper *keeper, enum zpm_wire_type type,
                         uint64_t id)
{
  say(keeper, (struct zpm_wire_record){.type = (uint16_t)type, .id = id});
}

static inline void order_kill(struct keeper *keeper, uint64_t id, int number,
                              bool group)
{
  say(keeper, (struct zpm_wire_record){.type = ZPM_WIRE_KILL,
                                       .flags = group ? ZPM_WIRE_GROUP : 0,
                                       .id = id,
                                       .a = number});
}

/* ---- starting apps ---- */

struct app {
  uint64_t id;
  pid_t pid;
  int out;        /* read end of its stdout */
  int exec_error; /* read end */
};

static inline void close_app(struct app *app)
{
  close(app->out);
  close(app->exec_error);
}

static inline struct app order_spawn(struct keeper *keeper, uint64_t id,
                                     const struct zpm_spawn *spawn)
{
  struct app app = {.id = id};
  struct zpm_error err = {0};
  int out[2];
  int error[2];
  int fds[5];

  assert_int_equal(pipe2(out, O_CLOEXEC), 0);
  assert_int_equal(pipe2(error, O_CLOEXEC), 0);
  fds[0] = zpm_keeper_spec_create(spawn, &err);
  assert_true(fds[0] >= 0);
  fds[1] = error[1];
  fds[2] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  fds[3] = out[1];
  fds[4] = open("/dev/null", O_WRONLY | O_CLOEXEC);
  say_with(keeper, (struct zpm_wire_record){.type = ZPM_WIRE_SPAWN, .id = id},
           fds, 5);
  for (int i = 0; i < 5; i++)
    close(fds[i]);
  app.out = out[0];
  app.exec_error = error[0];
  return app;
}

static inline struct zpm_spawn shell(char **argv, const char *script)
{
  static char *envp[] = {NULL, NULL};
  static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
  static char sh[] = "sh";
  static char dash_c[] = "-c";
  static char copy[1024];

  strncpy(copy, script, sizeof(copy) - 1);
  envp[0] = path;
  argv[0] = sh;
  argv[1] = dash_c;
  argv[2] = copy;
  argv[3] = NULL;
  return (struct zpm_spawn){.path = "/bin/sh",
                            .cwd = "/",
                            .argv = argv,
                            .envp = envp,
                            .uid = ZPM_SPEC_KEEP,
                            .gid = ZPM_SPEC_KEEP};
}

static inline struct app run_shell(struct keeper *keeper, uint64_t id,
                                   const char *script)
{
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, script);
  struct app app = order_spawn(keeper, id, &spawn);
  struct zpm_wire_record record = expect(keeper, ZPM_WIRE_SPAWNED, id);

  assert_true(record.a > 0);
  app.pid = record.a;
  return app;
}

static inline struct zpm_spawn_failure exec_failure(const struct app *app)
{
  struct zpm_spawn_failure failure;

  await_readable(app->exec_error);
  assert_int_equal(read(app->exec_error, &failure, sizeof(failure)),
                   sizeof(failure));
  return failure;
}

/* ---- the test daemon ---- */

static inline size_t daemon_table(int table, struct zpm_wire_record *records)
{
  ssize_t len = pread(table, records, 64 * sizeof(*records), 0);

  return len > 0 ? (size_t)len / sizeof(*records) : 0;
}

static inline int run_test_daemon(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct zpm_wire_record records[64];
  int fds[16] = {atoi(getenv("ZPM_CTL")), atoi(getenv("ZPM_TABLE"))};
  size_t count = 2;
  size_t len = daemon_table(fds[1], records);
  unsigned char code = 0;

  strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  if (connect(connection, (struct sockaddr *)&address, sizeof(address)) != 0)
    return 99;
  printf("ready\n");
  fflush(stdout);
  for (size_t i = 0; i < len && count < 16; i++) {
    if (records[i].type == ZPM_WIRE_FD)
      fds[count++] = records[i].a;
  }
  send_bytes(connection, "d", 1, fds, count);
  if (read(connection, &code, 1) != 1)
    return 98;
  return code;
}

/* Waits for the next daemon and takes over what it was given. */
static inline void meet_daemon(struct keeper *keeper)
{
  union fixture_control control = {0};
  char byte;
  struct iovec iov = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof(control.bytes)};
  const struct cmsghdr *header;
  int fds[16];
  size_t count;

  await_readable(keeper->listener);
  keeper->daemon = accept4(keeper->listener, NULL, NULL, SOCK_CLOEXEC);
  await_readable(keeper->daemon);
  assert_int_equal(recvmsg(keeper->daemon, &message, MSG_CMSG_CLOEXEC), 1);
  header = CMSG_FIRSTHDR(&message);
  if (header == NULL) {
    fail_msg("the daemon sent no descriptors");
    return;
  }
  count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  assert_in_range(count, 2, 10);
  memcpy(fds, CMSG_DATA(header), count * sizeof(int));
  keeper->ctl = fds[0];
  keeper->table_len = daemon_table(fds[1], keeper->table);
  close(fds[1]);
  keeper->stored_len = count - 2;
  memcpy(keeper->stored, fds + 2, keeper->stored_len * sizeof(int));
}

static inline void forget_daemon(struct keeper *keeper)
{
  for (size_t i = 0; i < keeper->stored_len; i++)
    close(keeper->stored[i]);
  keeper->stored_len = 0;
  close(keeper->ctl);
  close(keeper->daemon);
}

static inline void end_daemon(struct keeper *keeper, unsigned char code)
{
  assert_int_equal(write(keeper->daemon, &code, 1), 1);
  expect_eof(keeper->daemon);
  forget_daemon(keeper);
}

static inline const struct zpm_wire_record *
table_record(const struct keeper *keeper, enum zpm_wire_type type, uint64_t id,
             const char *name)
{
  for (size_t i = 0; i < keeper->table_len; i++) {
    const struct zpm_wire_record *record = &keeper->table[i];
    if (record->type == type && record->id == id &&
        strcmp(record->name, name) == 0)
      return record;
  }
  return NULL;
}

/* ---- starting and ending keepers ---- */

static inline void listen_for_daemons(struct keeper *keeper)
{
  snprintf(keeper->folder, sizeof(keeper->folder), "%s/zpm-keeper-XXXXXX",
           scratch_base());
  assert_non_null(mkdtemp(keeper->folder));
  keeper->address.sun_family = AF_UNIX;
  snprintf(keeper->address.sun_path, sizeof(keeper->address.sun_path), "%s/s",
           keeper->folder);
  keeper->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(keeper->listener, (struct sockaddr *)&keeper->address,
                        sizeof(keeper->address)),
                   0);
  assert_int_equal(listen(keeper->listener, 8), 0);
}

/* `patience`: what it is told about stopped daemons, in ms. */
static inline void start_keeper_with(struct keeper *keeper, const char *program,
                                     const char *patience)
{
  int output[2];
  char self[256] = "";

  *keeper = (struct keeper){0};
  listen_for_daemons(keeper);
  assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  assert_int_equal(pipe2(output, O_CLOEXEC), 0);
  keeper->pid = fork();
  assert_true(keeper->pid >= 0);
  if (keeper->pid == 0) {
    dup2(output[1], STDOUT_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* should this test fail */
    execl("/bin/sh", "sh", "-c", "ulimit -Sn 256; exec \"$0\" \"$@\"", program,
          "--patience", patience, "--", self, "--daemon",
          keeper->address.sun_path, (char *)NULL);
    _exit(97);
  }
  close(output[1]);
  keeper->output = output[0];
}

static inline void start_keeper(struct keeper *keeper)
{
  start_keeper_with(keeper, ZPM_TEST_KEEPER, "60000");
}

/* ---- words ---- */

/* Stores words (wire.h) by that name; NULL ends them. */
static inline int words_memfd(const char *const *words)
{
  int fd = memfd_create("words", MFD_CLOEXEC);

  assert_true(fd >= 0);
  for (; *words != NULL; words++)
    assert_int_equal(write(fd, *words, strlen(*words) + 1), strlen(*words) + 1);
  return fd;
}

static inline void put_words(struct keeper *keeper, const char *name,
                             const char *const *words)
{
  int fd = words_memfd(words);

  put_fd(keeper, name, fd);
  close(fd);
}

/* The words of a test daemon that `mark` tells from others. */
static inline void put_daemon(struct keeper *keeper, const char *name,
                              const char *mark)
{
  char self[256] = "";
  const char *words[] = {self, "--daemon", keeper->address.sun_path, mark,
                         NULL};

  assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  put_words(keeper, name, words);
}

static inline pid_t daemon_pid(const struct keeper *keeper)
{
  struct ucred peer = {0};
  socklen_t size = sizeof(peer);

  assert_int_equal(
      getsockopt(keeper->daemon, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
  return peer.pid;
}

/* The last word of the daemon that runs. */
static inline void expect_daemon(const struct keeper *keeper, const char *mark)
{
  char path[64];
  char words[1024];
  ssize_t len;
  int fd;

  snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)daemon_pid(keeper));
  fd = open(path, O_RDONLY | O_CLOEXEC);
  len = read(fd, words, sizeof(words));
  close(fd);
  assert_true(len > (ssize_t)strlen(mark));
  assert_string_equal(words + len - 1 - strlen(mark), mark);
}

/* Says QUIT, ends the daemon, and waits until the keeper has left. */
static inline void quit_keeper_without_output(struct keeper *keeper)
{
  int status;

  order(keeper, ZPM_WIRE_QUIT, 0);
  end_daemon(keeper, 7);
  status = await_child(keeper->pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 7);
  close(keeper->listener);
  unlink(keeper->address.sun_path);
  assert_int_equal(rmdir(keeper->folder), 0);
}

static inline void quit_keeper(struct keeper *keeper)
{
  quit_keeper_without_output(keeper);
  close(keeper->output);
}

/* Owned: we are a reaper too, so the keeper, which leaves its host, stays
 * findable as our child. */
static inline void start_owned_keeper(struct keeper *keeper)
{
  int pair[2];
  pid_t launcher;
  char number[16];

  *keeper = (struct keeper){0};
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  launcher = fork();
  assert_true(launcher >= 0);
  if (launcher == 0) {
    snprintf(number, sizeof(number), "%d", pair[1]);
    fcntl(pair[1], F_SETFD, 0);
    execl(ZPM_TEST_KEEPER, "zpm-keeper", "--owned", "--ctl", number,
          (char *)NULL);
    _exit(97);
  }
  close(pair[1]);
  assert_int_equal(await_child(launcher), 0);
  keeper->ctl = pair[0];
  order(keeper, ZPM_WIRE_PING, 1);
  keeper->pid = expect(keeper, ZPM_WIRE_PONG, 1).a;
}

static inline void expect_owned_keeper_leaves(struct keeper *keeper)
{
  assert_int_equal(await_child(keeper->pid), 0);
  prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL);
}

#endif
