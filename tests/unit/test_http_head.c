#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/http_head.h"

static struct zpm_http_head feed_in_pieces(const char *text, size_t piece)
{
  struct zpm_http_head head = {0};
  size_t len = strlen(text);

  for (size_t at = 0; at < len; at += piece)
    zpm_http_head_feed(&head, text + at, len - at < piece ? len - at : piece);
  return head;
}

static void check(const char *text, enum zpm_http_head_state state,
                  unsigned status)
{
  for (size_t piece = 1; piece < 40; piece++) {
    struct zpm_http_head head = feed_in_pieces(text, piece);

    if (head.state != state)
      fail_msg("\"%s\" in pieces of %zu: state %d", text, piece,
               (int)head.state);
    if (state == ZPM_HTTP_HEAD_STATUS)
      assert_int_equal(head.status, status);
  }
}

static void the_status_is_told_however_the_bytes_come(void **state)
{
  (void)state;
  check("HTTP/1.1 200 OK\r\nHost: x\r\n\r\n", ZPM_HTTP_HEAD_STATUS, 200);
  check("HTTP/1.0 404\r\n", ZPM_HTTP_HEAD_STATUS, 404);
  check("HTTP/1.1 503\n", ZPM_HTTP_HEAD_STATUS, 503);
  check("HTTP/1.1 999 Hm", ZPM_HTTP_HEAD_STATUS, 999);
}

static void nothing_but_the_status_is_waited_for(void **state)
{
  (void)state;
  check("", ZPM_HTTP_HEAD_MORE, 0);
  check("HTTP/1.1 20", ZPM_HTTP_HEAD_MORE, 0);
  check("HTTP/1.1 200", ZPM_HTTP_HEAD_MORE, 0);
  check("HTTP/1.1 200 ", ZPM_HTTP_HEAD_STATUS, 200);
}

static void informational_responses_are_passed_over(void **state)
{
  (void)state;
  check("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", ZPM_HTTP_HEAD_MORE,
        0);
  check("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 500 No",
        ZPM_HTTP_HEAD_STATUS, 500);
  check("HTTP/1.1 100\r\n\r\nHTTP/1.1 100 C\n\nHTTP/1.1 204 ",
        ZPM_HTTP_HEAD_STATUS, 204);
  check("HTTP/1.1 100\n\nHTTP/1.1 204 ", ZPM_HTTP_HEAD_STATUS, 204);
}

static void anything_else_is_garbage(void **state)
{
  (void)state;
  check("SSH-2.0-OpenSSH_9.2\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("HTTP/2.0 200 OK\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("http/1.1 200 OK\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("HTTP/1.1  200 OK\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("HTTP/1.1 20 OK\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("HTTP/1.1 2000 OK\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("HTTP/1.1 099 OK\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("HTTP/1.1 +20 OK\r\n", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("HTTP/1.1 100\r\n\r\nhello", ZPM_HTTP_HEAD_GARBAGE, 0);
  check("\r\nHTTP/1.1 200 OK", ZPM_HTTP_HEAD_GARBAGE, 0);
}

static void what_answers_there_is_shown_without_controls(void **state)
{
  struct zpm_http_head head = {0};

  (void)state;
  zpm_http_head_feed(&head, "\x15\x03\x01\0\x1b[2J\"hello\"\xff", 16);
  assert_int_equal(head.state, ZPM_HTTP_HEAD_GARBAGE);
  assert_string_equal(head.excerpt, ".....[2J.hello..");
  head = feed_in_pieces("220 mail.example.com ESMTP Postfix ready", 40);
  assert_string_equal(head.excerpt, "220 mail.example.com ESMTP Postf");
}

static void a_head_without_end_is_given_up(void **state)
{
  struct zpm_http_head head = {0};
  size_t fed = 0;

  (void)state;
  zpm_http_head_feed(&head, "HTTP/1.1 100 ", 13);
  while (zpm_http_head_feed(&head, "X: y\r\n", 6) == ZPM_HTTP_HEAD_MORE) {
    fed += 6;
    assert_true(fed < 2 * (size_t)ZPM_HTTP_HEAD_MAX);
  }
  assert_int_equal(head.state, ZPM_HTTP_HEAD_ENDLESS);
}

static void what_comes_after_the_verdict_changes_nothing(void **state)
{
  struct zpm_http_head head = {0};

  (void)state;
  zpm_http_head_feed(&head, "HTTP/1.1 200 OK", 15);
  assert_int_equal(zpm_http_head_feed(&head, "\0\0\0\0", 4),
                   ZPM_HTTP_HEAD_STATUS);
  assert_int_equal(head.status, 200);
  assert_string_equal(head.excerpt, "HTTP/1.1 200 OK");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_status_is_told_however_the_bytes_come),
      cmocka_unit_test(nothing_but_the_status_is_waited_for),
      cmocka_unit_test(informational_responses_are_passed_over),
      cmocka_unit_test(anything_else_is_garbage),
      cmocka_unit_test(what_answers_there_is_shown_without_controls),
      cmocka_unit_test(a_head_without_end_is_given_up),
      cmocka_unit_test(what_comes_after_the_verdict_changes_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
