#ifndef ZPM_PROTO_WRITER_H
#define ZPM_PROTO_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * JSON straight into text, for answers that are long and frequent (the figures
 * of a hundred apps): no tree, no allocation but the text's own.
 *
 * The first failure (out of memory) sticks: nothing more is written, and
 * `failed` tells the caller once, at the end.  Commas are placed by the writer.
 */
struct zpm_writer {
  struct zpm_str *out;
  bool comma; /* a value stands before the next one */
  bool failed;
};

void zpm_writer_begin_object(struct zpm_writer *writer);
void zpm_writer_end_object(struct zpm_writer *writer);
void zpm_writer_begin_array(struct zpm_writer *writer);
void zpm_writer_end_array(struct zpm_writer *writer);

/* `name` is a literal: written as it is. */
void zpm_writer_key(struct zpm_writer *writer, const char *name);

/* NULL is null. */
void zpm_writer_text(struct zpm_writer *writer, const char *text);
/* Any bytes: what is not UTF-8, or NUL (where a reader in C would stop),
 * becomes U+FFFD. */
void zpm_writer_bytes(struct zpm_writer *writer, const char *bytes, size_t len);
void zpm_writer_uint(struct zpm_writer *writer, uint64_t value);
void zpm_writer_int(struct zpm_writer *writer, int64_t value);
/* With one digit after the point, none if that is 0. */
void zpm_writer_tenths(struct zpm_writer *writer, double value);
void zpm_writer_bool(struct zpm_writer *writer, bool value);
void zpm_writer_null(struct zpm_writer *writer);
/* A value that is JSON already. */
void zpm_writer_raw(struct zpm_writer *writer, const char *json, size_t len);

#endif
