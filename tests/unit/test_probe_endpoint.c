#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/probe.h"

struct accepted {
  enum zpm_probe_type type;
  const char *target;
  const char *host;
  unsigned port;
  bool secure;
  const char *host_header;
  const char *path;
};

static const struct accepted ACCEPTED[] = {
    {ZPM_PROBE_HTTP, "http://localhost:3000/health", "localhost", 3000, false,
     "localhost:3000", "/health"},
    {ZPM_PROBE_HTTP, "HTTPS://Example.com", "Example.com", 443, true,
     "Example.com", "/"},
    {ZPM_PROBE_HTTP, "https://example.com:8443/a/b?c=d&e#top", "example.com",
     8443, true, "example.com:8443", "/a/b?c=d&e"},
    {ZPM_PROBE_HTTP, "http://example.com:80/", "example.com", 80, false,
     "example.com", "/"},
    {ZPM_PROBE_HTTP, "http://127.0.0.1?x=http://y@z:1", "127.0.0.1", 80, false,
     "127.0.0.1", "/?x=http://y@z:1"},
    {ZPM_PROBE_HTTP, "http://localhost#top", "localhost", 80, false,
     "localhost", "/"},
    {ZPM_PROBE_HTTP, "http://[::1]:3000/x", "::1", 3000, false, "[::1]:3000",
     "/x"},
    {ZPM_PROBE_HTTP, "http://[fe80::1%eth0]/", "fe80::1%eth0", 80, false,
     "[fe80::1]", "/"},
    {ZPM_PROBE_HTTP, "http://[::ffff:127.0.0.1]:1/", "::ffff:127.0.0.1", 1,
     false, "[::ffff:127.0.0.1]:1", "/"},
    {ZPM_PROBE_HTTP, "localhost:3000/health", "localhost", 3000, false,
     "localhost:3000", "/health"},
    {ZPM_PROBE_HTTP, "localhost:3000/a:b:c", "localhost", 3000, false,
     "localhost:3000", "/a:b:c"},
    {ZPM_PROBE_HTTP, "localhost/to?url=http://x", "localhost", 80, false,
     "localhost", "/to?url=http://x"},
    {ZPM_PROBE_HTTP, ":3000/health", "localhost", 3000, false, "localhost:3000",
     "/health"},
    {ZPM_PROBE_HTTP, "3000", "localhost", 3000, false, "localhost:3000", "/"},
    {ZPM_PROBE_HTTP, "3000/health", "localhost", 3000, false, "localhost:3000",
     "/health"},
    {ZPM_PROBE_TCP, "localhost:3000", "localhost", 3000, false,
     "localhost:3000", ""},
    {ZPM_PROBE_TCP, "tcp://db.internal:5432", "db.internal", 5432, false,
     "db.internal:5432", ""},
    {ZPM_PROBE_TCP, ":3000", "localhost", 3000, false, "localhost:3000", ""},
    {ZPM_PROBE_TCP, "65535", "localhost", 65535, false, "localhost:65535", ""},
    {ZPM_PROBE_TCP, "[::1]:6379", "::1", 6379, false, "[::1]:6379", ""},
};

static void a_target_is_taken_apart(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(ACCEPTED) / sizeof(ACCEPTED[0]); i++) {
    const struct accepted *wanted = &ACCEPTED[i];
    struct zpm_endpoint got;
    struct zpm_error err = {0};

    if (zpm_probe_endpoint(wanted->type, wanted->target, &got, &err) != 0)
      fail_msg("%s: %s", wanted->target, err.message);
    assert_string_equal(got.host, wanted->host);
    assert_int_equal(got.port, wanted->port);
    assert_int_equal(got.secure, wanted->secure);
    assert_string_equal(got.host_header, wanted->host_header);
    assert_string_equal(got.path, wanted->path);
  }
}

static const struct {
  enum zpm_probe_type type;
  const char *target;
  const char *says;
} REFUSED[] = {
    {ZPM_PROBE_HTTP, "", "the target is empty"},
    {ZPM_PROBE_HTTP, "http://", "its host is missing"},
    {ZPM_PROBE_HTTP, "/health", "its host is missing"},
    {ZPM_PROBE_HTTP, "ftp://localhost/", "http:// or https://"},
    {ZPM_PROBE_HTTP, "tcp://localhost:1", "http:// or https://"},
    {ZPM_PROBE_HTTP, "http://localhost:0/", "from 1 to 65535"},
    {ZPM_PROBE_HTTP, "http://localhost:65536/", "from 1 to 65535"},
    {ZPM_PROBE_HTTP, "http://localhost:99999999999999999999/", "1 to 65535"},
    {ZPM_PROBE_HTTP, "http://localhost:/", "from 1 to 65535"},
    {ZPM_PROBE_HTTP, "http://localhost:3000x/", "not host:port/path"},
    {ZPM_PROBE_HTTP, "http://a$b/", "not host:port/path"},
    {ZPM_PROBE_HTTP, "http://localhost\\@evil/", "a user or a password"},
    {ZPM_PROBE_HTTP, "http://me:secret@localhost/", "a user or a password"},
    {ZPM_PROBE_HTTP, "me:secret@localhost", "a user or a password"},
    {ZPM_PROBE_HTTP, "http://localhost/a b", "a blank"},
    {ZPM_PROBE_HTTP, "http://localhost/\r\nX-Evil: 1", "a blank, a control"},
    {ZPM_PROBE_HTTP, "http://localhost/\x7f", "a blank, a control"},
    {ZPM_PROBE_HTTP,
     "http://b\xc3\xbc"
     "cher.de/",
     "not ASCII"},
    {ZPM_PROBE_HTTP, "http://::1:3000/", "[::1]:3000"},
    {ZPM_PROBE_HTTP, "http://[::1/", "between [ and ]"},
    {ZPM_PROBE_HTTP, "http://[]/", "between [ and ]"},
    {ZPM_PROBE_HTTP, "http://[localhost]/", "between [ and ]"},
    {ZPM_PROBE_HTTP, "http://[127.0.0.1]/", "between [ and ]"},
    {ZPM_PROBE_TCP, "localhost", "its port is missing"},
    {ZPM_PROBE_TCP, "[::1]", "its port is missing"},
    {ZPM_PROBE_TCP, "http://localhost:3000/", "set the probe's type to http"},
    {ZPM_PROBE_TCP, "localhost:3000/health", "nothing after it"},
    {ZPM_PROBE_TCP, "3000/health", "nothing after it"},
    {ZPM_PROBE_EXEC, "./check.sh", "has a command"},
};

static void what_is_not_clear_is_refused_with_a_reason(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
    struct zpm_endpoint got;
    struct zpm_error err = {0};

    assert_int_equal(
        zpm_probe_endpoint(REFUSED[i].type, REFUSED[i].target, &got, &err),
        ZPM_ECONFIG);
    if (strstr(err.message, REFUSED[i].says) == NULL)
      fail_msg("\"%s\" is refused with: %s", REFUSED[i].target, err.message);
    assert_null(strstr(err.message, "secret"));
    assert_int_equal(
        zpm_probe_endpoint(REFUSED[i].type, REFUSED[i].target, &got, NULL),
        ZPM_ECONFIG);
  }
}

static void what_is_too_long_is_refused_and_not_cut(void **state)
{
  static char target[4096];
  struct zpm_endpoint got;
  struct zpm_error err = {0};

  (void)state;
  memset(target, 'a', 255);
  assert_int_equal(zpm_probe_endpoint(ZPM_PROBE_HTTP, target, &got, NULL), 0);
  assert_int_equal(strlen(got.host), 255);
  target[255] = 'a';
  assert_int_equal(zpm_probe_endpoint(ZPM_PROBE_HTTP, target, &got, &err),
                   ZPM_ECONFIG);
  assert_non_null(strstr(err.message, "too long"));

  memset(target, 'a', sizeof(target) - 1);
  memcpy(target, "http://x/", 9);
  target[8 + 2047] = '\0';
  assert_int_equal(zpm_probe_endpoint(ZPM_PROBE_HTTP, target, &got, NULL), 0);
  assert_int_equal(strlen(got.path), 2047);
  target[8 + 2047] = 'a';
  assert_int_equal(zpm_probe_endpoint(ZPM_PROBE_HTTP, target, &got, &err),
                   ZPM_ECONFIG);
  assert_non_null(strstr(err.message, "path is too long"));
}

static void an_endpoint_means_what_listens_there(void **state)
{
  static const struct {
    const char *host;
    const char *address;
    bool means;
  } CASES[] = {
      {"localhost", "127.0.0.1", true},
      {"localhost", "::1", true},
      {"localhost", "::", true},
      {"localhost", "0.0.0.0", true},
      {"localhost", "10.0.0.5", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "0.0.0.0", true},
      {"127.0.0.1", "::", true},
      {"127.0.0.1", "::1", false},
      {"::1", "127.0.0.1", false},
      {"::1", "::", true},
      {"10.0.0.5", "10.0.0.5", true},
      {"10.0.0.5", "0.0.0.0", false},
      {"0.0.0.0", "0.0.0.0", true},
      {"example.org", "0.0.0.0", false},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
    struct zpm_endpoint endpoint = {.port = 3000};

    strcpy(endpoint.host, CASES[i].host);
    assert_int_equal(zpm_probe_means(&endpoint, CASES[i].address, 3000),
                     CASES[i].means);
    assert_false(zpm_probe_means(&endpoint, CASES[i].address, 3001));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_target_is_taken_apart),
      cmocka_unit_test(what_is_not_clear_is_refused_with_a_reason),
      cmocka_unit_test(what_is_too_long_is_refused_and_not_cut),
      cmocka_unit_test(an_endpoint_means_what_listens_there),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
