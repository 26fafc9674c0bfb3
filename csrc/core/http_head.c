#include "core/http_head.h"

#include <stdbool.h>

/* What each byte of a status line must be: itself, or d: a digit, s: a blank,
 * e: the end of the status. */
static const char FORM[] = "HTTP/1.dsddde";

enum { FORM_LEN = sizeof(FORM) - 1, DIGITS_AT = 9 };

static bool is_digit(char byte)
{
  return byte >= '0' && byte <= '9';
}

static bool fits(char form, char byte)
{
  switch (form) {
  case 'd':
    return is_digit(byte);
  case 's':
    return byte == ' ';
  case 'e':
    return byte == ' ' || byte == '\r' || byte == '\n';
  default:
    return byte == form;
  }
}

/* Passes over an informational response: to the empty line after it.  A line
 * may end with CR LF or LF alone. */
static void on_informational(struct zpm_http_head *head, char byte)
{
  if (byte == '\r')
    return;
  if (byte != '\n') {
    head->blank = 0;
  } else if (++head->blank == 2) {
    head->blank = 0;
    head->status = 0;
    head->at = 0;
  }
}

static void on_status_end(struct zpm_http_head *head, char byte)
{
  if (head->status >= 200)
    head->state = ZPM_HTTP_HEAD_STATUS;
  else if (head->status >= 100)
    on_informational(head, byte);
  else
    head->state = ZPM_HTTP_HEAD_GARBAGE;
}

static void on_byte(struct zpm_http_head *head, char byte)
{
  if (head->at == FORM_LEN) {
    on_informational(head, byte);
    return;
  }
  if (!fits(FORM[head->at], byte)) {
    head->state = ZPM_HTTP_HEAD_GARBAGE;
    return;
  }
  if (head->at >= DIGITS_AT && head->at < FORM_LEN - 1)
    head->status = head->status * 10 + (unsigned)(byte - '0');
  if (++head->at == FORM_LEN)
    on_status_end(head, byte);
}

/* For people who look for what answers there; never a control. */
static void keep_excerpt(struct zpm_http_head *head, const char *bytes,
                         size_t len)
{
  for (size_t i = 0; i < len && head->excerpt_len < ZPM_HTTP_EXCERPT_MAX; i++) {
    bool shows = bytes[i] >= ' ' && bytes[i] <= '~' && bytes[i] != '"';

    head->excerpt[head->excerpt_len++] = bytes[i];
    if (!shows)
      head->excerpt[head->excerpt_len - 1] = '.';
  }
}

enum zpm_http_head_state zpm_http_head_feed(struct zpm_http_head *head,
                                            const char *bytes, size_t len)
{
  if (head->state != ZPM_HTTP_HEAD_MORE)
    return head->state;
  keep_excerpt(head, bytes, len);
  for (size_t i = 0; i < len && head->state == ZPM_HTTP_HEAD_MORE; i++) {
    if (head->seen++ == ZPM_HTTP_HEAD_MAX)
      head->state = ZPM_HTTP_HEAD_ENDLESS;
    else
      on_byte(head, bytes[i]);
  }
  return head->state;
}
