#include "runtime/port.h"

#include "runtime/supervisor_fixture.h"

#include <fcntl.h>

#include "core/tree.h"
#include "platform/platform.h"
#include "runtime/listeners.h"
#include "runtime/supervisor_internal.h"

enum { NOBODY = 65534 };

static const char LISTEN[] = "--listen"; /* this program as an app */

/* ---- asking for a port ---- */

struct asked {
  enum zpm_port_answer answer;
  struct zpm_port_clearing *clearing;
  struct zpm_error refusal;
  bool done;
  struct zpm_error err;
  char notes[1024];
};

static void on_port_cleared(void *ctx, const struct zpm_error *err,
                            const char *notes)
{
  struct asked *asked = ctx;

  assert_false(asked->done);
  asked->done = true;
  if (err != NULL)
    asked->err = *err;
  snprintf(asked->notes, sizeof(asked->notes), "%s", notes);
}

static bool is_cleared(void *ctx)
{
  return ((struct asked *)ctx)->done;
}

static struct zpm_services *services_of(struct world *w)
{
  return &w->supervisor->services;
}

/* `config` must stay until it is done. */
static void ask_with(struct world *w, const struct zpm_config *config,
                     struct asked *asked)
{
  *asked = (struct asked){0};
  asked->answer = zpm_port_clear(services_of(w), config, on_port_cleared, asked,
                                 &asked->clearing, &asked->refusal);
  assert_int_equal(asked->clearing != NULL, asked->answer == ZPM_PORT_CLEARING);
}

static struct zpm_config wants(uint16_t port)
{
  struct zpm_config config;

  zpm_config_init(&config);
  config.port = port;
  config.clear_port = true;
  return config;
}

static struct asked ask(struct world *w, uint16_t port)
{
  struct zpm_config config = wants(port);
  struct asked asked;

  ask_with(w, &config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_CLEARING);
  wait_until(w, is_cleared, &asked);
  return asked;
}

static void assert_refused(struct world *w, uint16_t port, const char *why)
{
  struct zpm_config config = wants(port);
  struct asked asked;

  ask_with(w, &config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_REFUSED);
  assert_int_equal(asked.refusal.code, ZPM_ESTART);
  if (strstr(asked.refusal.message, why) == NULL)
    fail_msg("'%s' is not in: %s", why, asked.refusal.message);
}

/* ---- who holds it ---- */

static bool is_sleep(void *ctx)
{
  return zpm_platform_is_called(*(pid_t *)ctx, "sleep");
}

/* Whoever adopted it may take a while to bury it. */
static bool has_ended(void *ctx)
{
  return is_dead(*(pid_t *)ctx);
}

/* A stranger with this socket, which we let go of. */
static pid_t give_to_stranger(struct world *w, int fd, struct holder holder)
{
  pid_t pid;

  holder.fd = fd;
  pid = start_stranger(holder);
  close(fd);
  wait_until(w, is_sleep, &pid);
  return pid;
}

static int any_port(void)
{
  return listen_at((struct address){.text = "127.0.0.1"});
}

static void end_stranger(struct world *w, pid_t pid)
{
  kill(pid, SIGKILL);
  wait_until(w, has_ended, &pid);
}

/* ---- free ---- */

static void a_port_that_nobody_holds_is_free(void **state)
{
  struct world *w = *state;
  struct zpm_config config = wants(free_port());
  struct asked asked;

  ask_with(w, &config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_FREE);
}

static void an_app_without_a_port_need_not_wait(void **state)
{
  struct world *w = *state;
  struct zpm_config config = wants(0);
  struct asked asked;

  ask_with(w, &config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_FREE);
}

/* ---- ended ---- */

static void assert_notes(const struct asked *asked, uint16_t port, pid_t pid,
                         const char *rest)
{
  char notes[256];

  snprintf(notes, sizeof(notes), "port %u was held by sleep (pid %d, user ",
           (unsigned)port, (int)pid);
  assert_memory_equal(asked->notes, notes, strlen(notes));
  if (strstr(asked->notes, rest) == NULL)
    fail_msg("'%s' is not in: %s", rest, asked->notes);
}

static void a_stranger_is_ended_by_sigterm(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  uint16_t port = port_of(fd);
  pid_t pid = give_to_stranger(w, fd, (struct holder){0});
  struct asked asked = ask(w, port);

  assert_int_equal(asked.err.code, 0);
  assert_notes(&asked, port, pid, "): ended by SIGTERM");
  wait_until(w, has_ended, &pid);
}

static void one_that_ignores_sigterm_is_killed(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  uint16_t port = port_of(fd);
  pid_t pid = give_to_stranger(w, fd, (struct holder){.ignores_term = true});
  struct asked asked = ask(w, port);

  assert_int_equal(asked.err.code, 0);
  assert_notes(&asked, port, pid, "): ended by SIGKILL");
  wait_until(w, has_ended, &pid);
}

static void one_that_stands_still_is_ended(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  uint16_t port = port_of(fd);
  pid_t pid = give_to_stranger(w, fd, (struct holder){0});
  struct asked asked;

  kill(pid, SIGSTOP);
  asked = ask(w, port);
  assert_int_equal(asked.err.code, 0);
  assert_notes(&asked, port, pid, "): ended by SIGTERM");
}

static void all_that_share_a_port_are_ended(void **state)
{
  struct world *w = *state;
  int fd = listen_at((struct address){.text = "::", .reuse_port = true});
  uint16_t port = port_of(fd);
  pid_t first = give_to_stranger(w, fd, (struct holder){0});
  pid_t second =
      give_to_stranger(w,
                       listen_at((struct address){
                           .text = "::", .port = port, .reuse_port = true}),
                       (struct holder){.ignores_term = true});
  struct asked asked = ask(w, port);

  assert_int_equal(asked.err.code, 0);
  assert_non_null(strstr(asked.notes, ") and 1 more: ended by SIGKILL"));
  wait_until(w, has_ended, &first);
  wait_until(w, has_ended, &second);
}

/* Of a zpm whose keeper was killed: nobody manages it any more. */
static void what_is_left_of_a_dead_zpm_is_ended(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  uint16_t port = port_of(fd);
  pid_t pid = give_to_stranger(
      w, fd, (struct holder){.marker = "ZPM_APP_ID=0000000000000001"});
  struct asked asked = ask(w, port);

  assert_int_equal(asked.err.code, 0);
  assert_notes(&asked, port, pid, "): ended by SIGTERM");
}

/* ---- refused ---- */

static void nobody_is_ended_when_clear_port_is_off(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  struct zpm_config config = wants(port_of(fd));
  pid_t pid = give_to_stranger(w, fd, (struct holder){0});
  struct asked asked;

  config.clear_port = false;
  ask_with(w, &config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_REFUSED);
  assert_non_null(strstr(asked.refusal.message, "clearPort is off"));
  assert_int_equal(kill(pid, 0), 0);
  end_stranger(w, pid);
}

static void we_are_not_ended(void **state)
{
  int fd = any_port();

  assert_refused(*state, port_of(fd), "belongs to the program that zpm runs");
  close(fd);
}

static void a_child_of_our_host_is_not_ended(void **state)
{
  int fd = any_port();
  uint16_t port = port_of(fd);
  pid_t pid = start_holder((struct holder){.fd = fd});

  close(fd);
  assert_refused(*state, port, "belongs to the program that zpm runs");
  end_child(pid);
}

/* Asked in a child of ours, which makes us the ancestor. */
static void an_ancestor_of_ours_is_not_ended(void **state)
{
  int fd = any_port();
  uint16_t port = port_of(fd);
  int status = -1;
  pid_t pid = fork();

  if (pid == 0) {
    struct zpm_config config = wants(port);
    struct asked asked;

    close(fd);
    ask_with(*state, &config, &asked);
    _exit(asked.answer != ZPM_PORT_REFUSED ||
          strstr(asked.refusal.message, "in or under") == NULL);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  close(fd);
}

/* Only root can start a process as somebody else. */
static void another_users_process_is_not_ended(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  uint16_t port = port_of(fd);
  pid_t pid;

  if (geteuid() != 0) {
    close(fd);
    return;
  }
  pid = give_to_stranger(w, fd, (struct holder){.uid = NOBODY});
  assert_refused(w, port, "zpm does not end another user's process");
  assert_int_equal(kill(pid, 0), 0);
  end_stranger(w, pid);
}

/* ---- apps ---- */

/* An app that is this very program, which listens. */
static struct zpm_app *start_app(struct world *w, const char *name,
                                 uint16_t port)
{
  char program[512] = "";
  char number[16];
  struct outcome outcome;

  snprintf(number, sizeof(number), "%u", (unsigned)port);
  assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
  assert_int_equal(symlink(program, in_folder(w, name)), 0);
  outcome = start(
      w, config_of(w, name, "args", LISTEN, "port", number, (char *)NULL));
  if (outcome.code != 0)
    fail_msg("%s", outcome.text);
  wait_output(w, "listening");
  return zpm_supervisor_find_app(w->supervisor, name);
}

static void an_app_is_not_ended_and_named(void **state)
{
  struct world *w = *state;
  uint16_t port = free_port();

  start_app(w, "api", port);
  assert_refused(w, port, "is held by 'api' (api, pid ");
  assert_refused(w, port, "Stop it (zpm stop api)");
  assert_int_equal(stop(w, "api").code, 0);
}

static void an_app_shares_its_port_with_itself(void **state)
{
  struct world *w = *state;
  struct zpm_app *app = start_app(w, "api", free_port());
  struct asked asked;

  ask_with(w, &app->record.config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_FREE);
  assert_int_equal(stop(w, "api").code, 0);
}

/* The keeper of another zpm, and an app of it. */
static pid_t start_other_zpm(int fd)
{
  pid_t keeper = fork();

  if (keeper == 0) {
    prctl(PR_SET_NAME, "zpm-keeper");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    start_holder(
        (struct holder){.fd = fd, .marker = "ZPM_APP_ID=0000000000000001"});
    close(fd);
    for (;;)
      pause();
  }
  close(fd);
  return keeper;
}

static bool has_one_owner(void *ctx)
{
  struct zpm_process_table table = {0};
  struct zpm_port_owners owners = {0};
  bool is_ready;

  zpm_platform_port_owners(*(uint16_t *)ctx, &table, &owners);
  is_ready = owners.len == 1 && strcmp(owners.items[0].command, "sleep") == 0;
  zpm_process_table_deinit(&table);
  zpm_port_owners_deinit(&owners);
  return is_ready;
}

static pid_t only_owner(uint16_t port)
{
  struct zpm_process_table table = {0};
  struct zpm_port_owners owners = {0};
  pid_t pid;

  zpm_platform_port_owners(port, &table, &owners);
  assert_int_equal(owners.len, 1);
  pid = owners.items[0].pid;
  zpm_process_table_deinit(&table);
  zpm_port_owners_deinit(&owners);
  return pid;
}

/* Its number is one of our runs, too: every zpm counts by itself. */
static void an_app_of_another_zpm_is_not_ended(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  uint16_t port = port_of(fd);
  pid_t keeper;

  start_app(w, "api", free_port());
  keeper = start_other_zpm(fd);
  wait_until(w, has_one_owner, &port);
  assert_refused(w, port, "a process of an app that another zpm manages");
  kill(only_owner(port), SIGKILL);
  end_child(keeper);
  assert_int_equal(stop(w, "api").code, 0);
}

/* ---- who comes meanwhile ---- */

static void who_comes_meanwhile_is_judged_too(void **state)
{
  struct world *w = *state;
  struct address address = {.text = "127.0.0.1", .reuse_port = true};
  int fd = listen_at(address);
  struct zpm_config config = wants(port_of(fd));
  pid_t pid = give_to_stranger(w, fd, (struct holder){.ignores_term = true});
  struct asked asked;

  ask_with(w, &config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_CLEARING);
  address.port = (uint16_t)config.port;
  fd = listen_at(address); /* we do */
  wait_until(w, is_cleared, &asked);
  assert_int_equal(asked.err.code, ZPM_ESTART);
  assert_non_null(strstr(asked.err.message, "zpm runs in or under"));
  assert_int_equal(kill(pid, 0), 0);
  close(fd);
  end_stranger(w, pid);
}

/* Holds the port until it is told to go, and goes when another one has it. */
static void be_one_of_many(struct address address, int ready)
{
  sigset_t term;
  int signal = 0;
  int pipe_fds[2];
  char byte = 0;
  int fd;

  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, NULL);
  do {
    alarm(LISTENER_LIFE_S);
    fd = listen_at(address);
    if (write(ready, &byte, 1) != 1)
      _exit(1);
    close(ready);
    if (sigwait(&term, &signal) != 0 || pipe(pipe_fds) != 0)
      _exit(2);
    ready = pipe_fds[1];
    if (fork() != 0)
      break;
    close(fd);
  } while (true);
  _exit(read(pipe_fds[0], &byte, 1) != 1);
}

static void start_many(struct address address)
{
  int pipe_fds[2];
  char byte;
  pid_t between;

  assert_int_equal(pipe(pipe_fds), 0);
  between = fork();
  if (between == 0) {
    if (fork() == 0)
      be_one_of_many(address, pipe_fds[1]);
    _exit(0);
  }
  assert_int_equal(waitpid(between, NULL, 0), between);
  assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

static void one_that_comes_back_for_ever_is_let_be(void **state)
{
  struct world *w = *state;
  struct address address = {
      .text = "127.0.0.1", .port = free_port(), .reuse_port = true};
  struct asked asked;

  start_many(address);
  asked = ask(w, address.port);
  assert_int_equal(asked.err.code, ZPM_ESTART);
  assert_non_null(strstr(asked.err.message, "is taken again each time"));
  assert_non_null(strstr(asked.notes, ": ended by SIGTERM, then by "));
  end_stranger(w, only_owner(address.port));
}

/* ---- taken back ---- */

static void nothing_is_heard_after_a_cancel(void **state)
{
  struct world *w = *state;
  int fd = any_port();
  struct zpm_config config = wants(port_of(fd));
  pid_t pid = give_to_stranger(w, fd, (struct holder){0});
  struct asked asked;

  ask_with(w, &config, &asked);
  assert_int_equal(asked.answer, ZPM_PORT_CLEARING);
  zpm_port_cancel(asked.clearing);
  zpm_port_cancel(NULL);
  wait_until(w, has_ended, &pid);
  close_supervisor(w);
  assert_false(asked.done);
  open_supervisor(w);
}

/* ---- as an app ---- */

static int be_app(void)
{
  const char *port = getenv("PORT");

  listen_at((struct address){
      .text = "127.0.0.1",
      .port = (uint16_t)strtoul(port != NULL ? port : "0", NULL, 10)});
  puts("listening");
  fflush(stdout);
  alarm(LISTENER_LIFE_S);
  return pause();
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_port_that_nobody_holds_is_free, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(an_app_without_a_port_need_not_wait,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_stranger_is_ended_by_sigterm, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(one_that_ignores_sigterm_is_killed,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(one_that_stands_still_is_ended, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(all_that_share_a_port_are_ended, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(what_is_left_of_a_dead_zpm_is_ended,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(nobody_is_ended_when_clear_port_is_off,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(we_are_not_ended, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_child_of_our_host_is_not_ended, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(an_ancestor_of_ours_is_not_ended, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(another_users_process_is_not_ended,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_app_is_not_ended_and_named, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(an_app_shares_its_port_with_itself,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_app_of_another_zpm_is_not_ended,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(who_comes_meanwhile_is_judged_too, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(one_that_comes_back_for_ever_is_let_be,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(nothing_is_heard_after_a_cancel, set_up,
                                      tear_down),
  };

  if (argc > 1 && strcmp(argv[1], LISTEN) == 0)
    return be_app();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
