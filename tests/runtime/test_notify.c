/* Telling the service manager that started us. */
#include "platform/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/scratch.h"

static void assert_receives(int fd, const char *expected)
{
  char message[64];
  ssize_t got = recv(fd, message, sizeof(message), MSG_DONTWAIT);

  assert_int_equal(got, strlen(expected));
  assert_memory_equal(message, expected, strlen(expected));
}

static void a_socket_in_no_folder_is_told(void **state)
{
  char name[ZPM_NOTIFY_SOCKET_NAME_SIZE];
  int fd;

  (void)state;
  assert_int_equal(zpm_notify_open(&fd, name), 0);
  setenv("NOTIFY_SOCKET", name, 1);
  assert_int_equal(zpm_notify_tell("READY=1"), 0);
  assert_receives(fd, "READY=1");
  close(fd);
  assert_int_equal(zpm_notify_tell("READY=1"), -ECONNREFUSED);
}

static void a_socket_in_a_folder_is_told(void **state)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char folder[SCRATCH_MAX];
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  (void)state;
  assert_non_null(scratch_create(folder));
  assert_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify",
                       folder) < (int)sizeof(address.sun_path));
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", address.sun_path, 1);
  assert_int_equal(zpm_notify_tell("STOPPING=1"), 0);
  assert_receives(fd, "STOPPING=1");
  close(fd);
  scratch_remove(folder);
}

static void without_a_manager_nobody_is_told(void **state)
{
  (void)state;
  unsetenv("NOTIFY_SOCKET");
  assert_int_equal(zpm_notify_tell("READY=1"), 0);
  setenv("NOTIFY_SOCKET", "", 1);
  assert_int_equal(zpm_notify_tell("READY=1"), 0);
}

static void a_name_that_is_none_is_refused(void **state)
{
  char longest[300];

  (void)state;
  setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
  assert_int_equal(zpm_notify_tell("READY=1"), -EINVAL);
  setenv("NOTIFY_SOCKET", "@", 1);
  assert_int_equal(zpm_notify_tell("READY=1"), -EINVAL);
  memset(longest, 'a', sizeof(longest) - 1);
  longest[0] = '/';
  longest[sizeof(longest) - 1] = '\0';
  setenv("NOTIFY_SOCKET", longest, 1);
  assert_int_equal(zpm_notify_tell("READY=1"), -EINVAL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_socket_in_no_folder_is_told),
      cmocka_unit_test(a_socket_in_a_folder_is_told),
      cmocka_unit_test(without_a_manager_nobody_is_told),
      cmocka_unit_test(a_name_that_is_none_is_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
