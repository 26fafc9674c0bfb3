#ifndef ZPM_CLI_SCREEN_H
#define ZPM_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/str.h"
#include "cli/paint.h"
#include "cli/table.h"

/*
 * Standard output: what a command shows is gathered in `text` and written at
 * once by _flush().
 */
struct zpm_screen {
  struct zpm_str text;
  int fd;
  bool is_terminal;
  int error; /* 0, or the errno of what went wrong: nothing more is written */
  struct zpm_table_style style;
};

void zpm_screen_init(struct zpm_screen *screen, int fd, bool no_colour);
void zpm_screen_deinit(struct zpm_screen *screen);

/* A terminal of less than 60 columns: what can be left out, is. */
bool zpm_screen_is_narrow(const struct zpm_screen *screen);

void zpm_screen_print(struct zpm_screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void zpm_screen_bytes(struct zpm_screen *screen, const char *bytes, size_t len);
/* JSON on one line, without a newline. */
void zpm_screen_json(struct zpm_screen *screen, const cJSON *json);
/* Foreign text, escaped, in this tone. */
void zpm_screen_text(struct zpm_screen *screen, enum zpm_tone tone,
                     const char *text);

/* The same for the name of an app before its output: cut where it is narrow. */
void zpm_screen_prefix(struct zpm_screen *screen, const char *name);

/* Writes what was gathered. False if that cannot be done, or something was
 * left out of it; see `error` (EPIPE: nobody reads it any more). */
bool zpm_screen_flush(struct zpm_screen *screen);

#endif
