#ifndef ZPM_ERROR_H
#define ZPM_ERROR_H

#include <stddef.h>

/*
 * Errors.
 *
 * A function that can fail returns 0 or a negative code.  libuv's codes
 * (UV_E*) pass through unchanged; zpm's own start at -10000 and are listed
 * once, here: the enum, the name that goes over the wire ("ZPM_ENOAPP") and the
 * text of last resort all come from this list.
 *
 * Where a person will read the failure, the last parameter is a
 * `struct zpm_error` on the caller's stack: filled once where the failure is
 * found, prefixed on the way up, never allocated.  NULL is allowed everywhere
 * and means "the code is enough".
 *
 * A message names the thing, the cause and what to do next:
 *   "app 'api': cannot run /srv/a.js: no such file. Check the path."
 */
#define ZPM_ERROR_MAP(XX)                                                      \
  XX(ENOMEM, -10000, "out of memory")                                          \
  XX(EPROTO, -10001, "not a valid request")                                    \
  XX(ETOOLONG, -10002, "a request line may have 1 MiB at most")                \
  XX(ECOMMAND, -10003, "unknown command")                                      \
  XX(EARG, -10004, "missing or wrong argument")                                \
  XX(ECONFIG, -10005, "the configuration is not valid")                        \
  XX(ENOAPP, -10006, "no such app")                                            \
  XX(ESTART, -10007, "the app cannot be started")                              \
  XX(ESUPERSEDED, -10008, "a later command took the place of this one")        \
  XX(EUNSUPPORTED, -10009, "not available in this version")                    \
  XX(ESTATE, -10010, "the state file cannot be used")                          \
  XX(EVERSION, -10011, "client and daemon are of different versions")          \
  XX(EKEEPER, -10012, "the keeper cannot be reached")                          \
  XX(EDAEMON, -10013, "the daemon cannot be reached")                          \
  XX(EACCESS, -10014, "not permitted")                                         \
  XX(EBUSY, -10015, "busy")                                                    \
  XX(ECLOSING, -10016, "shutting down")                                        \
  XX(EIO, -10017, "input or output failed")                                    \
  XX(EEXISTS, -10018, "exists already")                                        \
  XX(ESTUCK, -10019, "something of the app cannot be ended")                   \
  XX(ELOST, -10020, "the daemon ended before it answered")

enum zpm_code {
  ZPM_OK = 0,
#define XX(name, value, text) ZPM_##name = (value),
  ZPM_ERROR_MAP(XX)
#undef XX
};

struct zpm_error {
  int code;          /* 0: nothing went wrong */
  char message[512]; /* one line, no newline, cut if longer */
};

/* "ZPM_ENOAPP" for a code of ours, "ZPM_EIO" for any other. Static. */
const char *zpm_code_name(int code);

/* The text of last resort for a code of ours. Static. */
const char *zpm_code_text(int code);

/* The code that goes by this name, or ZPM_EIO. */
int zpm_code_of_name(const char *name);

/* Fills *err (NULL: ignored) and returns `code`, so that a caller can write
 * `return zpm_error_set(err, ZPM_EARG, "...")`. */
int zpm_error_set(struct zpm_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message. Returns err->code (ZPM_EIO if NULL). */
int zpm_error_wrap(struct zpm_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
