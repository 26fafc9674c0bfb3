#include "platform/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/cron.h"

static bool is_readable(int fd, int timeout_ms)
{
  struct pollfd pollfd = {.fd = fd, .events = POLLIN};

  return poll(&pollfd, 1, timeout_ms) == 1;
}

static void an_alarm_for_what_was_rings_at_once(void **state)
{
  int alarm = zpm_platform_alarm_create();

  (void)state;
  assert_true(alarm >= 0);
  assert_true((fcntl(alarm, F_GETFD) & FD_CLOEXEC) != 0);
  assert_int_equal(zpm_platform_alarm_set(alarm, 1), 0);
  assert_true(is_readable(alarm, 30000));
  zpm_platform_alarm_drain(alarm);
  assert_false(is_readable(alarm, 0));
  close(alarm);
}

static void an_alarm_for_later_or_never_is_silent(void **state)
{
  int alarm = zpm_platform_alarm_create();

  (void)state;
  assert_int_equal(zpm_platform_alarm_set(alarm, zpm_platform_wall_s() + 3600),
                   0);
  assert_false(is_readable(alarm, 0));
  zpm_platform_alarm_drain(alarm); /* does not wait */
  assert_int_equal(zpm_platform_alarm_set(alarm, -1), 0);
  assert_false(is_readable(alarm, 0));
  close(alarm);
}

static void the_clock_is_that_of_the_machine(void **state)
{
  time_t before = time(NULL);
  int64_t now = zpm_platform_wall_s();

  (void)state;
  assert_true(now >= before && now <= time(NULL) + 1);
}

static int32_t offset(void *ctx, int64_t at_s)
{
  (void)ctx;
  return zpm_platform_utc_offset(at_s);
}

/* In a process of its own, whose time zone is its own. */
static int check_berlin(void)
{
  enum { SPRING = 1711846800, HOUR = 3600 }; /* 31 March 2024, 02:00 there */
  struct zpm_cron cron;

  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  if (zpm_cron_parse("30 2 * * *", &cron, NULL) != 0)
    return 1;
  if (zpm_platform_utc_offset(SPRING - 1) != HOUR ||
      zpm_platform_utc_offset(SPRING) != 2 * HOUR)
    return 2;
  if (zpm_cron_next_time(&cron, SPRING - 2 * HOUR, offset, NULL) != SPRING)
    return 3;
  return 0;
}

static void summer_time_is_known(void **state)
{
  pid_t pid = fork();
  int status;

  (void)state;
  assert_true(pid >= 0);
  if (pid == 0)
    _exit(check_berlin());
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_alarm_for_what_was_rings_at_once),
      cmocka_unit_test(an_alarm_for_later_or_never_is_silent),
      cmocka_unit_test(the_clock_is_that_of_the_machine),
      cmocka_unit_test(summer_time_is_known),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
