#include "core/port_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { PORT = 3000, OUR_UID = 1000, ROOT = 0, PID = 4711 };

static struct zpm_port_owner a_stranger(void)
{
  return (struct zpm_port_owner){.pid = PID,
                                 .start_ticks = 7,
                                 .uid = OUR_UID,
                                 .user = "anna",
                                 .command = "node server.js"};
}

static enum zpm_port_verdict judge(struct zpm_port_owner *items, size_t len,
                                   struct zpm_error *err)
{
  struct zpm_port_owners owners = {.items = items, .len = len, .cap = len};
  struct zpm_port_facts facts = {
      .port = PORT, .may_clear = true, .uid = OUR_UID, .owners = &owners};

  return zpm_port_judge(&facts, err);
}

static void assert_refused(struct zpm_port_owner owner, const char *why)
{
  struct zpm_error err = {0};

  assert_int_equal(judge(&owner, 1, &err), ZPM_PORT_MUST_NOT);
  assert_int_equal(err.code, ZPM_ESTART);
  assert_string_equal(err.message, why);
  assert_int_equal(judge(&owner, 1, NULL), ZPM_PORT_MUST_NOT);
}

static void a_port_that_nobody_holds_is_free(void **state)
{
  (void)state;
  assert_int_equal(judge(NULL, 0, NULL), ZPM_PORT_IS_FREE);
}

static void a_stranger_of_our_own_user_may_be_ended(void **state)
{
  struct zpm_port_owner owner = a_stranger();
  struct zpm_error err = {0};

  (void)state;
  assert_int_equal(judge(&owner, 1, &err), ZPM_PORT_MAY_END);
  assert_int_equal(err.code, 0);
}

static void nobody_is_ended_when_clear_port_is_off(void **state)
{
  struct zpm_port_owner owner = a_stranger();
  struct zpm_port_owners owners = {.items = &owner, .len = 1};
  struct zpm_port_facts facts = {
      .port = PORT, .uid = OUR_UID, .owners = &owners};
  struct zpm_error err = {0};

  (void)state;
  assert_int_equal(zpm_port_judge(&facts, &err), ZPM_PORT_MUST_NOT);
  assert_string_equal(err.message,
                      "port 3000 is held by node server.js (pid 4711, user "
                      "anna), and clearPort is off. Stop it (kill 4711), or "
                      "choose another port.");
}

static void an_app_that_zpm_manages_stays_and_is_named(void **state)
{
  struct zpm_port_owner owner = a_stranger();

  (void)state;
  owner.standing = ZPM_PORT_MANAGED;
  strcpy(owner.app, "api");
  assert_refused(owner, "port 3000 is held by 'api' (node server.js, pid "
                        "4711), an app that zpm manages. Stop it (zpm stop "
                        "api), or choose another port.");
  strcpy(owner.app, "my api");
  assert_refused(owner, "port 3000 is held by 'my api' (node server.js, pid "
                        "4711), an app that zpm manages. Stop it (zpm stop "
                        "'my api'), or choose another port.");
  owner.app[0] = '\0';
  assert_refused(owner, "port 3000 is held by node server.js (pid 4711), a "
                        "process of an app that zpm manages. Stop that app, "
                        "or choose another port.");
}

static void an_app_of_another_zpm_stays(void **state)
{
  struct zpm_port_owner owner = a_stranger();

  (void)state;
  owner.standing = ZPM_PORT_MANAGED_ELSEWHERE;
  assert_refused(owner, "port 3000 is held by node server.js (pid 4711, user "
                        "anna), a process of an app that another zpm manages. "
                        "Stop it there, or choose another port.");
}

static void what_zpm_runs_in_or_under_stays(void **state)
{
  struct zpm_port_owner owner = a_stranger();

  (void)state;
  owner.standing = ZPM_PORT_OURSELF;
  assert_refused(owner, "port 3000 is held by node server.js (pid 4711, user "
                        "anna), which belongs to the program that zpm runs in "
                        "or under. Choose another port.");
}

static void who_talks_to_zpm_stays(void **state)
{
  struct zpm_port_owner owner = a_stranger();

  (void)state;
  owner.standing = ZPM_PORT_CLIENT;
  assert_refused(owner, "port 3000 is held by node server.js (pid 4711, user "
                        "anna), which is talking to zpm, or has started who "
                        "is. Choose another port.");
}

static void the_first_process_of_the_system_stays(void **state)
{
  struct zpm_port_owner owner = a_stranger();

  (void)state;
  owner.pid = 1;
  strcpy(owner.command, "systemd");
  assert_refused(owner,
                 "port 3000 is held by systemd (pid 1, user anna), the first "
                 "process of this system, which zpm never ends. If it is "
                 "systemd, `systemctl list-sockets` names the unit: stop that, "
                 "or choose another port.");
}

static void another_users_process_stays(void **state)
{
  struct zpm_port_owner owner = a_stranger();

  (void)state;
  owner.uid = OUR_UID + 1;
  strcpy(owner.user, "www-data");
  assert_refused(owner, "port 3000 is held by node server.js (pid 4711, user "
                        "www-data). zpm does not end another user's process: "
                        "stop it, or choose another port.");
  owner.uid = -1; /* could not be told */
  assert_int_equal(judge(&owner, 1, NULL), ZPM_PORT_MUST_NOT);
}

static void root_does_not_end_another_users_process_either(void **state)
{
  struct zpm_port_owner owner = a_stranger();
  struct zpm_port_owners owners = {.items = &owner, .len = 1};
  struct zpm_port_facts facts = {
      .port = PORT, .may_clear = true, .uid = ROOT, .owners = &owners};

  (void)state;
  assert_int_equal(zpm_port_judge(&facts, NULL), ZPM_PORT_MUST_NOT);
  owner.uid = ROOT;
  assert_int_equal(zpm_port_judge(&facts, NULL), ZPM_PORT_MAY_END);
}

static void a_service_of_the_system_stays(void **state)
{
  struct zpm_port_owner owner = a_stranger();

  (void)state;
  strcpy(owner.service, "ssh.service");
  strcpy(owner.command, "sshd");
  assert_refused(owner, "port 3000 is held by sshd (pid 4711, user anna), "
                        "which is the service ssh.service of this system. Stop "
                        "it (systemctl stop ssh.service), or choose another "
                        "port.");
}

static void who_is_not_to_be_seen_stays(void **state)
{
  struct zpm_port_owner owner = {.uid = ROOT, .user = "root"};

  (void)state;
  assert_refused(owner,
                 "port 3000 is held by a process of user root, and zpm does "
                 "not end another user's process. Stop it (sudo ss -ltnp "
                 "'sport = :3000' names it), or choose another port.");
  owner.uid = OUR_UID;
  strcpy(owner.user, "anna");
  assert_refused(owner,
                 "port 3000 is held by a process of user anna that cannot be "
                 "seen from here, so zpm does not end it: is it in a "
                 "container? Stop it there, or choose another port.");
}

static void one_that_stays_keeps_all_others(void **state)
{
  struct zpm_port_owner owners[] = {a_stranger(), a_stranger(), a_stranger()};
  struct zpm_error err = {0};

  (void)state;
  assert_int_equal(judge(owners, 3, &err), ZPM_PORT_MAY_END);
  owners[2].pid = 99;
  owners[2].uid = ROOT;
  assert_int_equal(judge(owners, 3, &err), ZPM_PORT_MUST_NOT);
  assert_non_null(strstr(err.message, "pid 99"));
}

static void an_apps_own_processes_share_its_port(void **state)
{
  struct zpm_port_owner owners[] = {a_stranger(), a_stranger()};

  (void)state;
  owners[0].standing = ZPM_PORT_SIBLING;
  assert_int_equal(judge(owners, 1, NULL), ZPM_PORT_IS_FREE);
  assert_int_equal(judge(owners, 2, NULL), ZPM_PORT_MAY_END);
  owners[1].standing = ZPM_PORT_SIBLING;
  assert_int_equal(judge(owners, 2, NULL), ZPM_PORT_IS_FREE);
}

static void the_longest_names_fit_a_message(void **state)
{
  struct zpm_port_owner owner = a_stranger();
  struct zpm_error err = {0};

  (void)state;
  memset(owner.command, 'c', sizeof(owner.command) - 1);
  memset(owner.user, 'u', sizeof(owner.user) - 1);
  memset(owner.app, 'a', sizeof(owner.app) - 1);
  memset(owner.service, 's', sizeof(owner.service) - 1);
  for (int standing = ZPM_PORT_STRANGER; standing <= ZPM_PORT_MANAGED_ELSEWHERE;
       standing++) {
    owner.standing = (enum zpm_port_standing)standing;
    owner.pid = standing == ZPM_PORT_STRANGER ? PID : 1;
    if (judge(&owner, 1, &err) != ZPM_PORT_MUST_NOT)
      continue;
    assert_true(strlen(err.message) + 1 < sizeof(err.message));
    assert_int_equal(err.message[strlen(err.message) - 1], '.');
  }
}

static void owners_are_listed_for_people(void **state)
{
  struct zpm_port_owner items[] = {a_stranger(), a_stranger(), a_stranger()};
  struct zpm_port_owners owners = {.items = items, .len = 3};
  char text[ZPM_PORT_LIST_MAX];

  (void)state;
  items[0].standing = ZPM_PORT_SIBLING;
  zpm_port_list(&owners, text);
  assert_string_equal(text, "node server.js (pid 4711, user anna) and 1 more");
  owners.len = 2;
  zpm_port_list(&owners, text);
  assert_string_equal(text, "node server.js (pid 4711, user anna)");
  owners.len = 1;
  zpm_port_list(&owners, text);
  assert_string_equal(text, "");
}

static void one_that_does_not_go_is_killed_and_then_let_be(void **state)
{
  const uint64_t all = ZPM_PORT_TERM_MS + ZPM_PORT_KILL_MS;

  (void)state;
  assert_int_equal(zpm_port_next(0, false), ZPM_PORT_WAIT);
  assert_int_equal(zpm_port_next(ZPM_PORT_TERM_MS - 1, false), ZPM_PORT_WAIT);
  assert_int_equal(zpm_port_next(ZPM_PORT_TERM_MS, false), ZPM_PORT_KILL);
  assert_int_equal(zpm_port_next(ZPM_PORT_TERM_MS, true), ZPM_PORT_WAIT);
  assert_int_equal(zpm_port_next(all - 1, true), ZPM_PORT_WAIT);
  assert_int_equal(zpm_port_next(all, true), ZPM_PORT_GIVE_UP);
}

static void one_is_killed_before_it_is_let_be_however_late_we_look(void **state)
{
  (void)state;
  assert_int_equal(zpm_port_next(UINT64_MAX, false), ZPM_PORT_KILL);
}

static void owners_are_kept_as_they_come(void **state)
{
  struct zpm_port_owners owners = {0};

  (void)state;
  for (int i = 1; i <= 100; i++) {
    struct zpm_port_owner *owner = zpm_port_owners_add(&owners);

    assert_non_null(owner);
    assert_int_equal(owner->pid, 0);
    owner->pid = i;
  }
  assert_int_equal(owners.len, 100);
  assert_int_equal(owners.items[41].pid, 42);
  zpm_port_owners_deinit(&owners);
  assert_null(owners.items);
}

/* ---- what a process is called ---- */

/* `args` is a literal, whose own NUL ends its last word. */
#define assert_called(comm, args, name)                                        \
  do {                                                                         \
    char out_[ZPM_PORT_COMMAND_MAX];                                           \
                                                                               \
    zpm_port_command(comm, args, sizeof(args), out_);                          \
    assert_string_equal(out_, name);                                           \
  } while (0)

static void a_process_is_called_by_its_program(void **state)
{
  (void)state;
  assert_called("redis-server", "/usr/bin/redis-server", "redis-server");
  assert_called("x", "./x\0--port\0003000", "x");
}

static void an_interpreter_is_called_by_its_script_too(void **state)
{
  (void)state;
  assert_called("MainThread", "/usr/bin/node\0server.js\0--x",
                "node server.js");
  assert_called("python3", "python3.11\0/srv/app.py", "python3.11 /srv/app.py");
  assert_called("sh", "/bin/sh\0./run", "sh ./run");
  assert_called("node", "node", "node");
  assert_called("nodemon", "nodemon\0server.js", "nodemon");
}

static void arguments_that_may_be_secret_are_not_shown(void **state)
{
  (void)state;
  assert_called("mysql", "mysql\0-psecret", "mysql");
  assert_called("tool", "tool\0secret.word", "tool");
  assert_called("sh", "sh\0-c\0TOKEN=a.b run", "sh");
  assert_called("node", "node\0-e\0connect('a.b')", "node");
  assert_called("node", "node\0--token\0a.b", "node");
  assert_called("node", "node\0KEY=a.b", "node");
  assert_called("node", "node\0postgres://me:secret@db/x", "node");
  assert_called("node", "node\0secret", "node");
}

static void who_renames_itself_is_called_as_the_kernel_does(void **state)
{
  (void)state;
  assert_called("nginx", "nginx: master process /usr/sbin/nginx", "nginx");
  assert_called("postgres", "postgres: anna secretdb [local]", "postgres");
  assert_called("sshd", "/", "sshd");
}

static void a_process_without_a_command_line_has_its_kernel_name(void **state)
{
  char out[ZPM_PORT_COMMAND_MAX];

  (void)state;
  zpm_port_command("server", "", 0, out);
  assert_string_equal(out, "server");
  zpm_port_command("", "", 0, out);
  assert_string_equal(out, "?");
}

static void names_cannot_steer_a_terminal(void **state)
{
  (void)state;
  assert_called("x", "\x1b[2J\nevil", "?[2J?evil");
  assert_called("x", "a\xff\xc3", "a??");
  assert_called("x", "\xc2\x9b\x7f", "??");
  assert_called("x", "\xc2\xa9\xc3\xa9", "\xc2\xa9\xc3\xa9");
}

static void names_of_any_length_are_cut_between_characters(void **state)
{
  char args[400];
  char out[ZPM_PORT_COMMAND_MAX];

  (void)state;
  for (size_t i = 0; i + 1 < sizeof(args); i += 2)
    memcpy(args + i, "\xc3\xa9", 2);
  for (size_t start = 0; start < 2; start++) {
    args[start] = 'a';
    args[sizeof(args) - 1] = '\0';
    zpm_port_command("x", args + start, sizeof(args) - 1 - start, out);
    assert_true(strlen(out) < sizeof(out));
    /* No NUL within what was read: the name is not all there. */
    assert_string_equal(out, "x");
    zpm_port_command("x", args + start, sizeof(args) - start, out);
    assert_true(strlen(out) >= sizeof(out) - 2);
  }
}

#define assert_service(cgroup, name)                                           \
  do {                                                                         \
    char out_[ZPM_PORT_SERVICE_MAX];                                           \
                                                                               \
    zpm_port_service(cgroup, out_);                                            \
    assert_string_equal(out_, name);                                           \
  } while (0)

static void a_service_is_known_by_its_cgroup(void **state)
{
  (void)state;
  assert_service("0::/system.slice/nginx.service\n", "nginx.service");
  assert_service("0::/system.slice/zpm.service/app-1/x.service\n",
                 "zpm.service");
  assert_service("0::/system.slice/system-a.slice/a@b.service\n",
                 "a@b.service");
  assert_service("12:pids:/system.slice/wrong.service\n"
                 "9:name=systemd:/system.slice/ssh.service\n0::/\n",
                 "ssh.service");
}

static void what_people_run_is_no_service(void **state)
{
  (void)state;
  assert_service("0::/user.slice/user-1000.slice/session-2.scope\n", "");
  assert_service("0::/user.slice/user-1000.slice/user@1000.service/a.service\n",
                 "");
  assert_service("0::/system.slice/docker-1234.scope\n", "");
  assert_service("0::/system.slice/.service\n", "");
  assert_service("0::/system.slice/", "");
  assert_service("0::/\n", "");
  assert_service("", "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_port_that_nobody_holds_is_free),
      cmocka_unit_test(a_stranger_of_our_own_user_may_be_ended),
      cmocka_unit_test(nobody_is_ended_when_clear_port_is_off),
      cmocka_unit_test(an_app_that_zpm_manages_stays_and_is_named),
      cmocka_unit_test(an_app_of_another_zpm_stays),
      cmocka_unit_test(what_zpm_runs_in_or_under_stays),
      cmocka_unit_test(who_talks_to_zpm_stays),
      cmocka_unit_test(the_first_process_of_the_system_stays),
      cmocka_unit_test(another_users_process_stays),
      cmocka_unit_test(root_does_not_end_another_users_process_either),
      cmocka_unit_test(a_service_of_the_system_stays),
      cmocka_unit_test(who_is_not_to_be_seen_stays),
      cmocka_unit_test(one_that_stays_keeps_all_others),
      cmocka_unit_test(an_apps_own_processes_share_its_port),
      cmocka_unit_test(the_longest_names_fit_a_message),
      cmocka_unit_test(owners_are_listed_for_people),
      cmocka_unit_test(one_that_does_not_go_is_killed_and_then_let_be),
      cmocka_unit_test(one_is_killed_before_it_is_let_be_however_late_we_look),
      cmocka_unit_test(owners_are_kept_as_they_come),
      cmocka_unit_test(a_process_is_called_by_its_program),
      cmocka_unit_test(an_interpreter_is_called_by_its_script_too),
      cmocka_unit_test(arguments_that_may_be_secret_are_not_shown),
      cmocka_unit_test(who_renames_itself_is_called_as_the_kernel_does),
      cmocka_unit_test(a_process_without_a_command_line_has_its_kernel_name),
      cmocka_unit_test(names_cannot_steer_a_terminal),
      cmocka_unit_test(names_of_any_length_are_cut_between_characters),
      cmocka_unit_test(a_service_is_known_by_its_cgroup),
      cmocka_unit_test(what_people_run_is_no_service),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
