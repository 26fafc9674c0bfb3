#include "runtime/tls.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
#include <psa/crypto.h>
#endif

#if MBEDTLS_VERSION_MAJOR > 3
#error "Mbed TLS 2.28 or 3.x is needed: 4 has another interface"
#endif

#include "base/alloc.h"
#include "runtime/tls_cause.h"
#include "runtime/tls_trust.h"
#include "runtime/tls_verdict.h"

struct zpm_tls {
  enum zpm_tls_state state;
  char failure[512];
  char *host;
  struct zpm_tls_verdict verdict;

  struct zpm_str received; /* from the server, of which the library has had */
  size_t taken_in;         /* so many bytes */
  unsigned char tail[ZPM_TLS_CAUSE_TAIL]; /* the last of these */
  bool has_begun;                         /* the server has sent something */
  bool has_ended;         /* nothing more comes from the server */
  struct zpm_str to_send; /* to the server */
  struct zpm_str request; /* in clear, until the handshake is over */

  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_x509_crt roots; /* until the handshake is over */
  mbedtls_ssl_config config;
  mbedtls_ssl_context ssl;
};

/* ---- the wire, as the library sees it ---- */

static void remember_tail(struct zpm_tls *tls, const void *bytes, size_t len)
{
  size_t old = len < sizeof(tls->tail) ? sizeof(tls->tail) - len : 0;
  size_t fresh = sizeof(tls->tail) - old;

  memmove(tls->tail, tls->tail + fresh, old);
  memcpy(tls->tail + old, (const char *)bytes + len - fresh, fresh);
}

static int on_wants_bytes(void *ctx, unsigned char *buffer, size_t size)
{
  struct zpm_tls *tls = ctx;
  size_t len = tls->received.len - tls->taken_in;

  if (len == 0)
    return tls->has_ended ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
  if (len > size)
    len = size;
  memcpy(buffer, tls->received.data + tls->taken_in, len);
  remember_tail(tls, buffer, len);
  tls->taken_in += len;
  return (int)len;
}

static int on_has_bytes(void *ctx, const unsigned char *bytes, size_t len)
{
  struct zpm_tls *tls = ctx;

  if (zpm_str_append(&tls->to_send, bytes, len) != 0)
    return MBEDTLS_ERR_SSL_ALLOC_FAILED;
  return (int)len;
}

/* ---- beginning ---- */

#ifdef MBEDTLS_SSL_PROTO_TLS1_3
/* RSA-PSS is what TLS 1.3 needs and what the library cannot do in 1.2, where a
 * server may take any that is offered: so it comes last. */
static const uint16_t SIGNATURES[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
    MBEDTLS_TLS1_3_SIG_NONE,
};
#endif

static void require_version(mbedtls_ssl_config *config)
{
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
  mbedtls_ssl_conf_sig_algs(config, SIGNATURES);
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
  mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
  mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3,
                               MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

static void init(struct zpm_tls *tls)
{
  mbedtls_entropy_init(&tls->entropy);
  mbedtls_ctr_drbg_init(&tls->random);
  mbedtls_x509_crt_init(&tls->roots);
  mbedtls_ssl_config_init(&tls->config);
  mbedtls_ssl_init(&tls->ssl);
}

/* Whose certificate will do. */
static void configure_trust(struct zpm_tls *tls, bool insecure)
{
  mbedtls_ssl_conf_authmode(&tls->config, insecure
                                              ? MBEDTLS_SSL_VERIFY_NONE
                                              : MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&tls->config, insecure ? NULL : &tls->roots, NULL);
  mbedtls_ssl_conf_verify(&tls->config, zpm_tls_verdict_on_certificate,
                          &tls->verdict);
}

/* 0, or the library's code. */
static int set_up(struct zpm_tls *tls, bool insecure)
{
  int rc = 0;

#ifdef MBEDTLS_SSL_PROTO_TLS1_3
  rc = (int)psa_crypto_init(); /* once for the process; more do no harm */
#endif
  if (rc == 0)
    rc = mbedtls_ctr_drbg_seed(&tls->random, mbedtls_entropy_func,
                               &tls->entropy, NULL, 0);
  if (rc == 0)
    rc = mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT,
                                     MBEDTLS_SSL_TRANSPORT_STREAM,
                                     MBEDTLS_SSL_PRESET_DEFAULT);
  if (rc != 0)
    return rc;
  require_version(&tls->config);
  mbedtls_ssl_conf_rng(&tls->config, mbedtls_ctr_drbg_random, &tls->random);
  configure_trust(tls, insecure);
  rc = mbedtls_ssl_setup(&tls->ssl, &tls->config);
  if (rc == 0) /* addresses are not to be sent, and the verdict looks at them */
    rc = mbedtls_ssl_set_hostname(
        &tls->ssl, tls->verdict.address_len > 0 ? NULL : tls->host);
  mbedtls_ssl_set_bio(&tls->ssl, tls, on_has_bytes, on_wants_bytes, NULL);
  return rc;
}

static int explain_set_up(int rc, struct zpm_error *err)
{
  if (zpm_tls_cause_is_memory(rc))
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED)
    return zpm_error_set(err, ZPM_EIO,
                         "the system gives no random bytes: is there a "
                         "/dev/urandom?");
  return zpm_error_set(err, ZPM_EIO, "TLS cannot be set up (Mbed TLS: -0x%04x)",
                       (unsigned)-rc);
}

static void advance(struct zpm_tls *tls);

int zpm_tls_create(const char *host, bool insecure, struct zpm_tls **out,
                   struct zpm_error *err)
{
  struct zpm_tls *tls = zpm_alloc_zeroed(1, sizeof(*tls));
  int rc;

  *out = NULL;
  if (tls == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  init(tls);
  tls->host = zpm_strdup(host);
  rc = tls->host != NULL ? 0 : zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc == 0 && !insecure)
    rc = zpm_tls_trust_load(&tls->roots, err);
  if (rc == 0) {
    zpm_tls_verdict_init(&tls->verdict, tls->host);
    rc = set_up(tls, insecure);
    rc = rc == 0 ? 0 : explain_set_up(rc, err);
  }
  if (rc != 0) {
    zpm_tls_destroy(tls);
    return rc;
  }
  advance(tls);
  *out = tls;
  return 0;
}

void zpm_tls_destroy(struct zpm_tls *tls)
{
  if (tls == NULL)
    return;
  mbedtls_ssl_free(&tls->ssl);
  mbedtls_ssl_config_free(&tls->config);
  mbedtls_x509_crt_free(&tls->roots);
  mbedtls_ctr_drbg_free(&tls->random);
  mbedtls_entropy_free(&tls->entropy);
  zpm_str_deinit(&tls->received);
  zpm_str_deinit(&tls->to_send);
  zpm_str_deinit(&tls->request);
  zpm_free(tls->host);
  zpm_free(tls);
}

enum zpm_tls_state zpm_tls_state(const struct zpm_tls *tls)
{
  return tls->state;
}

const char *zpm_tls_failure(const struct zpm_tls *tls)
{
  return tls->failure;
}

/* ---- the handshake ---- */

static void fail_with(struct zpm_tls *tls, const char *why)
{
  tls->state = ZPM_TLS_FAILED;
  snprintf(tls->failure, sizeof(tls->failure), "%s", why);
}

static void fail(struct zpm_tls *tls, int rc)
{
  tls->state = ZPM_TLS_FAILED;
  if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
    zpm_tls_verdict_explain(&tls->verdict, tls->failure, sizeof(tls->failure));
  else
    zpm_tls_cause_of_code(rc, tls->tail, tls->failure, sizeof(tls->failure));
}

static void release_roots(struct zpm_tls *tls)
{
  mbedtls_ssl_conf_ca_chain(&tls->config, NULL, NULL);
  mbedtls_x509_crt_free(&tls->roots);
}

/* Encrypts what waits. */
static void flush(struct zpm_tls *tls)
{
  const unsigned char *next = (const unsigned char *)tls->request.data;
  size_t left = tls->request.len;
  int rc = 0;

  while (left > 0 && rc >= 0) {
    rc = mbedtls_ssl_write(&tls->ssl, next, left);
    if (rc > 0) {
      next += rc;
      left -= (size_t)rc;
    }
  }
  zpm_str_deinit(&tls->request);
  if (rc < 0)
    fail(tls, rc);
}

static void advance(struct zpm_tls *tls)
{
  int rc;

  if (tls->state != ZPM_TLS_HANDSHAKING)
    return;
  rc = mbedtls_ssl_handshake(&tls->ssl);
  if (rc == MBEDTLS_ERR_SSL_WANT_READ)
    return;
  release_roots(tls);
  if (rc != 0) {
    fail(tls, rc);
    return;
  }
  tls->state = ZPM_TLS_OPEN;
  flush(tls);
}

/* ---- bytes in, bytes out ---- */

static bool is_over(const struct zpm_tls *tls)
{
  return tls->state == ZPM_TLS_CLOSED || tls->state == ZPM_TLS_FAILED;
}

/* Drops what the library has had. */
static int keep(struct zpm_tls *tls, const void *bytes, size_t len)
{
  zpm_str_consume(&tls->received, tls->taken_in);
  tls->taken_in = 0;
  return zpm_str_append(&tls->received, bytes, len);
}

enum zpm_tls_state zpm_tls_feed(struct zpm_tls *tls, const void *bytes,
                                size_t len)
{
  const char *stranger = NULL;

  if (is_over(tls) || len == 0)
    return tls->state;
  if (!tls->has_begun)
    stranger = zpm_tls_cause_of_greeting(bytes, len);
  tls->has_begun = true;
  if (stranger != NULL)
    fail_with(tls, stranger);
  else if (keep(tls, bytes, len) != 0)
    fail_with(tls, "out of memory");
  else
    advance(tls);
  return tls->state;
}

enum zpm_tls_state zpm_tls_end(struct zpm_tls *tls)
{
  tls->has_ended = true;
  if (tls->state == ZPM_TLS_HANDSHAKING && !tls->has_begun)
    fail_with(tls, "the connection was closed without a word of TLS: does it "
                   "speak it?");
  advance(tls);
  return tls->state;
}

void zpm_tls_take(struct zpm_tls *tls, struct zpm_str *out)
{
  if (tls->to_send.len == 0)
    return;
  *out = tls->to_send;
  tls->to_send = (struct zpm_str){0};
}

enum zpm_tls_state zpm_tls_write(struct zpm_tls *tls, const void *bytes,
                                 size_t len)
{
  if (is_over(tls))
    return tls->state;
  if (zpm_str_append(&tls->request, bytes, len) != 0)
    fail_with(tls, "out of memory");
  else if (tls->state == ZPM_TLS_OPEN)
    flush(tls);
  return tls->state;
}

/* News for a later session, which there will not be. */
static bool is_to_be_read_on(int rc)
{
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
  return rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
  (void)rc;
  return false;
#endif
}

size_t zpm_tls_read(struct zpm_tls *tls, void *buffer, size_t size)
{
  int rc;

  if (tls->state != ZPM_TLS_OPEN || size == 0)
    return 0;
  do
    rc = mbedtls_ssl_read(&tls->ssl, buffer, size);
  while (is_to_be_read_on(rc));
  if (rc > 0)
    return (size_t)rc;
  if (rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
    tls->state = ZPM_TLS_CLOSED;
  else if (rc != MBEDTLS_ERR_SSL_WANT_READ)
    fail(tls, rc != 0 ? rc : MBEDTLS_ERR_SSL_CONN_EOF);
  return 0;
}

void zpm_tls_finish(struct zpm_tls *tls)
{
  int rc = 0;

  if (tls->state == ZPM_TLS_OPEN)
    rc = mbedtls_ssl_close_notify(&tls->ssl);
  if (rc != 0)
    fail(tls, rc);
}
