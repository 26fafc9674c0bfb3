#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

#include "platform/linux_sockets.h"
#include "platform/linux_stat.h"
#include "platform/platform.h"
#include "runtime/listeners.h"

enum { NOBODY = 65534, TRIES = 5000 };

struct look {
  struct zpm_process_table table;
  struct zpm_port_owners owners;
};

static int set_up(void **state)
{
  *state = calloc(1, sizeof(struct look));
  return *state == NULL;
}

static int tear_down(void **state)
{
  struct look *look = *state;

  zpm_process_table_deinit(&look->table);
  zpm_port_owners_deinit(&look->owners);
  free(look);
  return 0;
}

static const struct zpm_port_owner *find(const struct look *look, pid_t pid)
{
  for (size_t i = 0; i < look->owners.len; i++) {
    if (look->owners.items[i].pid == pid)
      return &look->owners.items[i];
  }
  return NULL;
}

static size_t look_at(struct look *look, uint16_t port)
{
  assert_int_equal(zpm_platform_port_owners(port, &look->table, &look->owners),
                   0);
  return look->owners.len;
}

/* Until the child has become its program. */
static void await_command(struct look *look, uint16_t port, pid_t pid,
                          const char *command)
{
  const struct timespec pause = {.tv_nsec = 2000000};

  for (int i = 0; i < TRIES; i++) {
    const struct zpm_port_owner *owner;

    look_at(look, port);
    owner = find(look, pid);
    if (owner != NULL && strcmp(owner->command, command) == 0)
      return;
    nanosleep(&pause, NULL);
  }
  fail_msg("pid %d did not become '%s'", (int)pid, command);
}

static void a_port_that_nobody_listens_on_has_no_owner(void **state)
{
  struct look *look = *state;

  assert_int_equal(look_at(look, free_port()), 0);
  assert_int_equal(look->table.len, 0); /* it was not needed */
}

static void a_socket_that_does_not_listen_holds_nothing(void **state)
{
  struct look *look = *state;
  int fd = bind_to((struct address){.text = "127.0.0.1"});

  assert_int_equal(look_at(look, port_of(fd)), 0);
  close(fd);
}

static void a_connection_holds_nothing(void **state)
{
  struct look *look = *state;
  int fd = listen_at((struct address){.text = "127.0.0.1"});
  int client = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons(port_of(fd)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int server;

  assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
  server = accept(fd, NULL, NULL);
  assert_true(server >= 0);
  close(fd);
  assert_int_equal(look_at(look, ntohs(at.sin_port)), 0);
  close(client);
  close(server);
}

static void an_owner_is_told_apart_and_named(void **state)
{
  struct look *look = *state;
  int fd = listen_at((struct address){.text = "127.0.0.1"});
  uint16_t port = port_of(fd);
  pid_t pid = start_holder((struct holder){.fd = fd});
  const struct zpm_port_owner *owner;
  struct zpm_stat stat = {0};

  close(fd);
  await_command(look, port, pid, "sleep");
  assert_int_equal(look->owners.len, 1);
  owner = find(look, pid);
  assert_int_equal(zpm_stat_read(AT_FDCWD, pid, &stat), 0);
  assert_int_equal(owner->start_ticks, stat.start_ticks);
  assert_int_equal(owner->uid, geteuid());
  if (geteuid() == 0)
    assert_string_equal(owner->user, "root");
  assert_non_null(zpm_process_find(&look->table, pid));
  end_child(pid);
  assert_int_equal(look_at(look, port), 0);
}

static void any_address_counts(void **state)
{
  static const struct address ADDRESSES[] = {
      {.text = "0.0.0.0"}, {.text = "127.0.0.1"}, {.text = "127.0.0.2"},
      {.text = "::"},      {.text = "::1"},       {.text = "::", .dual = true},
  };
  struct look *look = *state;

  for (size_t i = 0; i < sizeof(ADDRESSES) / sizeof(ADDRESSES[0]); i++) {
    int fd = listen_at(ADDRESSES[i]);

    assert_int_equal(look_at(look, port_of(fd)), 1);
    assert_int_equal(look->owners.items[0].pid, getpid());
    close(fd);
  }
}

static void one_with_two_sockets_is_one_owner(void **state)
{
  struct look *look = *state;
  int four = listen_at((struct address){.text = "127.0.0.1"});
  int six = listen_at((struct address){.text = "::1", .port = port_of(four)});

  assert_int_equal(look_at(look, port_of(four)), 1);
  close(four);
  assert_int_equal(look_at(look, port_of(six)), 1);
  close(six);
}

static void all_of_a_reuse_port_group_are_owners(void **state)
{
  struct look *look = *state;
  int one = listen_at((struct address){.text = "0.0.0.0", .reuse_port = true});
  uint16_t port = port_of(one);
  int two = listen_at(
      (struct address){.text = "0.0.0.0", .port = port, .reuse_port = true});
  pid_t first;
  pid_t second;

  fcntl(two, F_SETFD, FD_CLOEXEC);
  first = start_holder((struct holder){.fd = one});
  fcntl(two, F_SETFD, 0);
  fcntl(one, F_SETFD, FD_CLOEXEC);
  second = start_holder((struct holder){.fd = two});
  close(one);
  close(two);
  await_command(look, port, first, "sleep");
  await_command(look, port, second, "sleep");
  assert_int_equal(look->owners.len, 2);
  end_child(first);
  assert_int_equal(look_at(look, port), 1);
  assert_non_null(find(look, second));
  end_child(second);
}

static void all_that_share_a_socket_are_owners(void **state)
{
  struct look *look = *state;
  int fd = listen_at((struct address){.text = "127.0.0.1"});
  uint16_t port = port_of(fd);
  pid_t first = start_holder((struct holder){.fd = fd});
  pid_t second = start_holder((struct holder){.fd = fd});

  assert_int_equal(look_at(look, port), 3);
  assert_non_null(find(look, getpid()));
  close(fd);
  assert_int_equal(look_at(look, port), 2);
  assert_non_null(find(look, first));
  assert_non_null(find(look, second));
  end_child(first);
  end_child(second);
}

static void assert_asked(uint16_t port, size_t count,
                         int (*ask)(uint16_t, struct zpm_sockets *))
{
  struct zpm_sockets sockets = {0};

  assert_int_equal(ask(port, &sockets), 0);
  assert_int_equal(sockets.len, count);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(sockets.items[i].uid, geteuid());
    assert_true(sockets.items[i].inode > 0);
  }
  zpm_sockets_deinit(&sockets);
}

static void both_ways_to_ask_give_the_same(void **state)
{
  int four = listen_at((struct address){.text = "127.0.0.1"});
  uint16_t port = port_of(four);
  int six = listen_at((struct address){.text = "::", .port = port});

  (void)state;
  assert_asked(port, 2, zpm_sockets_ask_netlink);
  assert_asked(port, 2, zpm_sockets_read_proc);
  close(four);
  assert_asked(port, 1, zpm_sockets_ask_netlink);
  assert_asked(port, 1, zpm_sockets_read_proc);
  close(six);
  assert_asked(port, 0, zpm_sockets_ask_netlink);
  assert_asked(port, 0, zpm_sockets_read_proc);
}

static void more_sockets_than_one_reply_holds_are_all_found(void **state)
{
  enum { MANY = 300 };
  int fds[MANY];
  uint16_t port;

  (void)state;
  fds[0] = listen_at((struct address){.text = "127.0.0.1", .reuse_port = true});
  port = port_of(fds[0]);
  for (size_t i = 1; i < MANY; i++)
    fds[i] = listen_at((struct address){
        .text = "127.0.0.1", .port = port, .reuse_port = true});
  assert_asked(port, MANY, zpm_sockets_ask_netlink);
  assert_asked(port, MANY, zpm_sockets_read_proc);
  for (size_t i = 0; i < MANY; i++)
    close(fds[i]);
}

/* As sandboxes do: no netlink sockets. */
static bool refuse_netlink(void)
{
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof(rules) / sizeof(rules[0]),
                               .filter = rules};

  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Runs `check` in a child, whose answer is its exit code; 0 is well. */
static void assert_in_child(int (*check)(struct look *, uint16_t), void **state,
                            uint16_t port)
{
  int status = 0;
  pid_t pid = fork();

  if (pid == 0)
    _exit(check(*state, port));
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

static int find_without_netlink(struct look *look, uint16_t port)
{
  struct zpm_sockets sockets = {0};

  if (!refuse_netlink() || zpm_sockets_ask_netlink(port, &sockets) != -EPERM)
    return 1;
  if (zpm_platform_port_owners(port, &look->table, &look->owners) != 0)
    return 2;
  return find(look, getpid()) != NULL ? 0 : 3;
}

static void owners_are_found_where_netlink_is_refused(void **state)
{
  int fd = listen_at((struct address){.text = "127.0.0.1"});

  assert_in_child(find_without_netlink, state, port_of(fd));
  close(fd);
}

static int find_as_nobody(struct look *look, uint16_t port)
{
  if (setuid(NOBODY) != 0 ||
      zpm_platform_port_owners(port, &look->table, &look->owners) != 0)
    return 1;
  if (look->owners.len != 1 || look->owners.items[0].pid != 0)
    return 2;
  return strcmp(look->owners.items[0].user, "root") != 0 ||
         zpm_platform_listens(port, &(int){getppid()}, 1) >= 0;
}

/* Only root can become somebody else. */
static void who_may_not_be_seen_is_known_by_user(void **state)
{
  int fd = listen_at((struct address){.text = "127.0.0.1"});
  uint16_t port = port_of(fd);

  /* The child must not have it: */
  if (geteuid() == 0) {
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
      close(fd);
      _exit(find_as_nobody(*state, port));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
  }
  close(fd);
}

static void an_owner_has_the_user_it_runs_as(void **state)
{
  struct look *look = *state;
  int fd = listen_at((struct address){.text = "127.0.0.1"});
  uint16_t port = port_of(fd);
  uid_t uid = geteuid() == 0 ? NOBODY : geteuid();
  pid_t pid = start_holder((struct holder){.fd = fd, .uid = uid});

  close(fd);
  await_command(look, port, pid, "sleep");
  look_at(look, port); /* the user was read before the command */
  assert_int_equal(find(look, pid)->uid, uid);
  end_child(pid);
}

static void it_is_told_whether_one_of_some_processes_listens(void **state)
{
  int fd = listen_at((struct address){.text = "127.0.0.1"});
  uint16_t port = port_of(fd);
  pid_t holder = start_holder((struct holder){.fd = fd});
  pid_t gone = fork();
  pid_t other;

  (void)state;
  if (gone == 0)
    _exit(0);
  assert_int_equal(waitpid(gone, NULL, 0), gone);
  close(fd);
  other = start_holder((struct holder){0});
  assert_int_equal(zpm_platform_listens(port, &holder, 1), 1);
  assert_int_equal(zpm_platform_listens(port, &other, 1), 0);
  assert_int_equal(zpm_platform_listens(port, &gone, 1), 0);
  assert_int_equal(zpm_platform_listens(port, (int[]){gone, other, holder}, 3),
                   1);
  assert_int_equal(zpm_platform_listens(port, NULL, 0), 0);
  end_child(holder);
  assert_int_equal(zpm_platform_listens(port, &other, 1), 0);
  end_child(other);
}

static void a_process_is_known_by_its_name_in_the_kernel(void **state)
{
  char was[17] = "";

  (void)state;
  assert_int_equal(prctl(PR_GET_NAME, was), 0);
  assert_true(zpm_platform_is_called(getpid(), was));
  prctl(PR_SET_NAME, "some\nname");
  assert_true(zpm_platform_is_called(getpid(), "some\nname"));
  assert_false(zpm_platform_is_called(getpid(), "some"));
  prctl(PR_SET_NAME, was);
  assert_false(zpm_platform_is_called(0, was));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(
          a_port_that_nobody_listens_on_has_no_owner, set_up, tear_down),
      cmocka_unit_test_setup_teardown(
          a_socket_that_does_not_listen_holds_nothing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_connection_holds_nothing, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(an_owner_is_told_apart_and_named, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(any_address_counts, set_up, tear_down),
      cmocka_unit_test_setup_teardown(one_with_two_sockets_is_one_owner, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(all_of_a_reuse_port_group_are_owners,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(all_that_share_a_socket_are_owners,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(both_ways_to_ask_give_the_same, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(
          more_sockets_than_one_reply_holds_are_all_found, set_up, tear_down),
      cmocka_unit_test_setup_teardown(owners_are_found_where_netlink_is_refused,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(who_may_not_be_seen_is_known_by_user,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_owner_has_the_user_it_runs_as, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(
          it_is_told_whether_one_of_some_processes_listens, set_up, tear_down),
      cmocka_unit_test_setup_teardown(
          a_process_is_known_by_its_name_in_the_kernel, set_up, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
