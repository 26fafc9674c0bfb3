#ifndef ZPM_RUNTIME_TLS_CAUSE_H
#define ZPM_RUNTIME_TLS_CAUSE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Why a session has failed, from what the library and the wire say, in words.
 * (What is wrong with a certificate: tls_verdict.h.)
 */

/* An alert in clear: a header of five bytes, its level, its number. */
enum { ZPM_TLS_CAUSE_TAIL = 7 };

/* The first bytes of what should be a TLS server: NULL if they may be. */
const char *zpm_tls_cause_of_greeting(const void *bytes, size_t len);

/* `rc` is the library's; `tail` the last bytes that it was given. */
void zpm_tls_cause_of_code(int rc, const unsigned char tail[ZPM_TLS_CAUSE_TAIL],
                           char *text, size_t size);

bool zpm_tls_cause_is_memory(int rc);

#endif
