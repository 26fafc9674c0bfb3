#ifndef ZPM_RUNTIME_TLS_H
#define ZPM_RUNTIME_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "zpm/error.h"

/*
 * The client's side of one TLS session (1.2 or newer), bytes in and bytes out:
 * it holds no socket and no timer.
 *
 *   create, write the request
 *   until done: take what is to be sent  -> socket
 *               socket -> feed (or end, at the end of the stream), then read
 *   destroy, at any point
 *
 * After create, feed, end, write and finish there may be something to take,
 * also when the session has failed (the alert that tells the other side why).
 * Nothing of what was written is sent before the server has been verified.
 */
struct zpm_tls;

enum zpm_tls_state {
  ZPM_TLS_HANDSHAKING,
  ZPM_TLS_OPEN,
  ZPM_TLS_CLOSED, /* the server has said goodbye: all that it sent is read */
  ZPM_TLS_FAILED, /* zpm_tls_failure says why; nothing comes after this */
};

/* `host` is the name or the address (without brackets) that the certificate
 * must be for, unless `insecure`: then any certificate will do.  To verify, the
 * CA certificates of the system are read: from $SSL_CERT_FILE, or where
 * distributions keep them. */
int zpm_tls_create(const char *host, bool insecure, struct zpm_tls **out,
                   struct zpm_error *err);
void zpm_tls_destroy(struct zpm_tls *tls); /* NULL is legal */

enum zpm_tls_state zpm_tls_state(const struct zpm_tls *tls);
/* What went wrong and what to do, to stand after the name of the target:
 * "the certificate has expired (on 2026-01-01)".  "" unless failed. */
const char *zpm_tls_failure(const struct zpm_tls *tls);

/* Bytes from the server.  At most one read of a socket at a time: what is not
 * read with zpm_tls_read is kept.  Running out of memory is a failure too. */
enum zpm_tls_state zpm_tls_feed(struct zpm_tls *tls, const void *bytes,
                                size_t len);
/* The server's stream has ended. */
enum zpm_tls_state zpm_tls_end(struct zpm_tls *tls);

/* Moves all that is to be sent to the server into *out, which must be empty;
 * it stays empty if there is nothing. */
void zpm_tls_take(struct zpm_tls *tls, struct zpm_str *out);

/* A request.  May be called at once: it waits for the end of the handshake. */
enum zpm_tls_state zpm_tls_write(struct zpm_tls *tls, const void *bytes,
                                 size_t len);
/* Up to `size` bytes of the answer; 0: none for now, see the state. */
size_t zpm_tls_read(struct zpm_tls *tls, void *buffer, size_t size);
/* Says goodbye to the server; only reading may follow. */
void zpm_tls_finish(struct zpm_tls *tls);

#endif
