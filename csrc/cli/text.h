#ifndef ZPM_CLI_TEXT_H
#define ZPM_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Text for people: figures in units that can be read at a glance, and foreign
 * text made harmless for a terminal.
 */

/* "0 B", "12.3 MB", "4.0 GB": powers of 1024. */
int zpm_text_bytes(struct zpm_str *out, double bytes);
/* "850ms", "12s", "5m 3s", "3d 4h": the two largest units. */
int zpm_text_duration(struct zpm_str *out, double ms);
/* "0%", "1.5%", "250%". */
int zpm_text_percent(struct zpm_str *out, double percent);

/* Appends foreign text with control and escape characters, and bytes that are
 * not UTF-8, shown as "\n", "\x1b", ...: it stays one line and cannot act on
 * the terminal. */
int zpm_text_escape(struct zpm_str *out, const char *text);

/* Columns it takes on a terminal (characters; all count as one). */
size_t zpm_text_width(const char *text);
/* Bytes of its first `width` columns. */
size_t zpm_text_prefix(const char *text, size_t width);

/* Appends `text` in lines of at most `width` columns, broken at blanks, each
 * but the first put in by `indent` blanks. No newline at the end. */
int zpm_text_wrap(struct zpm_str *out, const char *text, size_t indent,
                  size_t width);

#endif
