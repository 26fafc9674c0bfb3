#ifndef ZPM_RUNTIME_TLS_VERDICT_H
#define ZPM_RUNTIME_TLS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mbedtls_x509_crt;

/*
 * What is wrong with a server's certificate, gathered while the library
 * verifies the chain, and said in one sentence afterwards.
 *
 * It also does what 2.28 of the library cannot: find an address among the names
 * that a certificate is for.
 */
struct zpm_tls_verdict {
  const char *host; /* borrowed; what the certificate must be for */
  unsigned char address[16];
  size_t address_len; /* 0: the host is a name */

  uint32_t flags; /* MBEDTLS_X509_BADCERT_*, of the whole chain */
  bool is_self_signed;
  char date[16];    /* of the end, or the beginning, of its validity */
  char names[128];  /* what it is for, as far as it fits */
  char issuer[128]; /* who is not trusted */
};

void zpm_tls_verdict_init(struct zpm_tls_verdict *verdict, const char *host);

/* For mbedtls_ssl_conf_verify: called for each certificate, the topmost first.
 * `ctx` is the verdict. */
int zpm_tls_verdict_on_certificate(void *ctx, struct mbedtls_x509_crt *crt,
                                   int depth, uint32_t *flags);

/* "the certificate has expired (on 2026-01-01): renew it". */
void zpm_tls_verdict_explain(const struct zpm_tls_verdict *verdict, char *text,
                             size_t size);

#endif
