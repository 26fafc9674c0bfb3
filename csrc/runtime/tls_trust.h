#ifndef ZPM_RUNTIME_TLS_TRUST_H
#define ZPM_RUNTIME_TLS_TRUST_H

#include "zpm/error.h"

struct mbedtls_x509_crt;

/* Fills *roots (initialised by the caller, who also frees it) with the CA
 * certificates that this system trusts: those of $SSL_CERT_FILE if it is set,
 * else of the first file that is there of those that distributions have.
 *
 * This reads and parses a file of 200 KB, which takes 3 ms and 0.4 MB: it is
 * done for each session that verifies, and the memory goes when the handshake
 * is over.  So an idle daemon pays nothing, and a CA that was added counts. */
int zpm_tls_trust_load(struct mbedtls_x509_crt *roots, struct zpm_error *err);

#endif
