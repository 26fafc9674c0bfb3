#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/text.h"
#include "proto/json.h"

enum { STANDARD_WIDTH = 80, NARROW = 60, NARROWEST = 40, PREFIX_WIDTH = 20 };

static size_t terminal_width(int fd)
{
  struct winsize size;

  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return STANDARD_WIDTH;
  return size.ws_col < NARROWEST ? NARROWEST : size.ws_col;
}

void zpm_screen_init(struct zpm_screen *screen, int fd, bool no_colour)
{
  *screen = (struct zpm_screen){.fd = fd, .is_terminal = isatty(fd) == 1};
  if (!screen->is_terminal)
    return;
  screen->style.width = terminal_width(fd);
  screen->style.colour =
      zpm_paint_wanted(true, no_colour, getenv("NO_COLOR"), getenv("TERM"));
}

void zpm_screen_deinit(struct zpm_screen *screen)
{
  zpm_str_deinit(&screen->text);
}

bool zpm_screen_is_narrow(const struct zpm_screen *screen)
{
  return screen->is_terminal && screen->style.width < NARROW;
}

void zpm_screen_print(struct zpm_screen *screen, const char *format, ...)
{
  struct zpm_str *text = &screen->text;
  va_list args;
  int len;

  va_start(args, format);
  len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (len < 0 || zpm_str_reserve(text, (size_t)len) != 0) {
    screen->error = ENOMEM;
    return;
  }
  va_start(args, format);
  vsnprintf(text->data + text->len, (size_t)len + 1, format, args);
  va_end(args);
  text->len += (size_t)len;
}

void zpm_screen_bytes(struct zpm_screen *screen, const char *bytes, size_t len)
{
  if (zpm_str_append(&screen->text, bytes, len) != 0)
    screen->error = ENOMEM;
}

void zpm_screen_json(struct zpm_screen *screen, const cJSON *json)
{
  if (zpm_json_print(&screen->text, json) != 0)
    screen->error = ENOMEM;
}

void zpm_screen_text(struct zpm_screen *screen, enum zpm_tone tone,
                     const char *text)
{
  if (!screen->style.colour)
    tone = ZPM_TONE_PLAIN;
  if (zpm_str_puts(&screen->text, zpm_paint_begin(tone)) != 0 ||
      zpm_text_escape(&screen->text, text) != 0 ||
      zpm_str_puts(&screen->text, zpm_paint_end(tone)) != 0)
    screen->error = ENOMEM;
}

void zpm_screen_prefix(struct zpm_screen *screen, const char *name)
{
  struct zpm_str cut = {0};

  if (zpm_screen_is_narrow(screen) && zpm_text_width(name) > PREFIX_WIDTH &&
      zpm_str_printf(&cut, "%.*s..",
                     (int)zpm_text_prefix(name, PREFIX_WIDTH - 2), name) == 0)
    name = cut.data;
  zpm_screen_text(screen, ZPM_TONE_STRONG, name);
  zpm_screen_print(screen, " | ");
  zpm_str_deinit(&cut);
}

/* A terminal that is shared with a Node process may be non-blocking. */
static bool may_go_on(int fd)
{
  struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

  if (errno == EINTR)
    return true;
  return errno == EAGAIN && poll(&poll_fd, 1, -1) > 0;
}

bool zpm_screen_flush(struct zpm_screen *screen)
{
  const char *bytes = zpm_str_text(&screen->text);
  size_t left = screen->text.len;

  while (left > 0 && screen->error == 0) {
    ssize_t written = write(screen->fd, bytes, left);

    if (written > 0) {
      bytes += written;
      left -= (size_t)written;
    } else if (!may_go_on(screen->fd)) {
      screen->error = errno;
    }
  }
  zpm_str_clear(&screen->text);
  return screen->error == 0;
}
