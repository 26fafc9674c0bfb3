#ifndef ZPM_TESTS_TLS_SERVER_H
#define ZPM_TESTS_TLS_SERVER_H

#include <stdio.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
#include <psa/crypto.h>
#endif

#include "base/str.h"

/*
 * The other side of a session, in memory: certificates that live as long as the
 * test does, and a server that shows one of them.
 */

struct tls_random {
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context drbg;
};

static inline int tls_random_init(struct tls_random *random)
{
  mbedtls_entropy_init(&random->entropy);
  mbedtls_ctr_drbg_init(&random->drbg);
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
  if (psa_crypto_init() != PSA_SUCCESS)
    return -1;
#endif
  return mbedtls_ctr_drbg_seed(&random->drbg, mbedtls_entropy_func,
                               &random->entropy, NULL, 0);
}

static inline void tls_random_deinit(struct tls_random *random)
{
  mbedtls_ctr_drbg_free(&random->drbg);
  mbedtls_entropy_free(&random->entropy);
}

/* ---- certificates ---- */

struct tls_identity {
  mbedtls_pk_context key;
  mbedtls_x509_crt cert;
  char pem[4096];
};

struct tls_wish {
  const char *subject;               /* "CN=localhost" */
  const struct tls_identity *signer; /* NULL: itself */
  const char *signer_name;           /* of the signer */
  const char *from, *until;          /* "20200101000000"; NULL: now valid */
  const char *dns;                   /* a name that it is for, or NULL */
  const unsigned char *address;      /* of four bytes, or NULL */
  int is_ca;
};

/* The list of names, by hand: a sequence of [2] name and [7] address. */
static inline int tls_add_names(mbedtls_x509write_cert *writer,
                                const struct tls_wish *wish)
{
  unsigned char names[128] = {0x30, 0};
  size_t len = 2;

  if (wish->dns != NULL) {
    names[len++] = 0x82;
    names[len++] = (unsigned char)strlen(wish->dns);
    memcpy(names + len, wish->dns, strlen(wish->dns));
    len += strlen(wish->dns);
  }
  if (wish->address != NULL) {
    names[len++] = 0x87;
    names[len++] = 4;
    memcpy(names + len, wish->address, 4);
    len += 4;
  }
  names[1] = (unsigned char)(len - 2);
  if (len == 2)
    return 0;
  return mbedtls_x509write_crt_set_extension(
      writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
      MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, names, len);
}

static inline int tls_set_serial(mbedtls_x509write_cert *writer)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
  unsigned char one = 1;

  return mbedtls_x509write_crt_set_serial_raw(writer, &one, 1);
#else
  mbedtls_mpi one;
  int rc;

  mbedtls_mpi_init(&one);
  rc = mbedtls_mpi_lset(&one, 1);
  if (rc == 0)
    rc = mbedtls_x509write_crt_set_serial(writer, &one);
  mbedtls_mpi_free(&one);
  return rc;
#endif
}

static inline int tls_write_certificate(struct tls_identity *identity,
                                        const struct tls_wish *wish,
                                        struct tls_random *random)
{
  mbedtls_x509write_cert writer;
  struct tls_identity *signer =
      wish->signer != NULL ? (struct tls_identity *)(uintptr_t)wish->signer
                           : identity;
  int rc;

  mbedtls_x509write_crt_init(&writer);
  mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&writer, &identity->key);
  mbedtls_x509write_crt_set_issuer_key(&writer, &signer->key);
  rc = mbedtls_x509write_crt_set_subject_name(&writer, wish->subject);
  rc |= mbedtls_x509write_crt_set_issuer_name(
      &writer, wish->signer != NULL ? wish->signer_name : wish->subject);
  rc |= mbedtls_x509write_crt_set_validity(
      &writer, wish->from != NULL ? wish->from : "20200101000000",
      wish->until != NULL ? wish->until : "20991231235959");
  rc |= tls_set_serial(&writer);
  rc |= mbedtls_x509write_crt_set_basic_constraints(&writer, wish->is_ca, -1);
  rc |= tls_add_names(&writer, wish);
  if (rc == 0)
    rc = mbedtls_x509write_crt_pem(&writer, (unsigned char *)identity->pem,
                                   sizeof(identity->pem),
                                   mbedtls_ctr_drbg_random, &random->drbg);
  mbedtls_x509write_crt_free(&writer);
  return rc;
}

static inline int tls_identity_create(struct tls_identity *identity,
                                      const struct tls_wish *wish,
                                      struct tls_random *random)
{
  int rc;

  memset(identity, 0, sizeof(*identity));
  mbedtls_pk_init(&identity->key);
  mbedtls_x509_crt_init(&identity->cert);
  rc = mbedtls_pk_setup(&identity->key,
                        mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (rc == 0)
    rc = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
                             mbedtls_pk_ec(identity->key),
                             mbedtls_ctr_drbg_random, &random->drbg);
  if (rc == 0)
    rc = tls_write_certificate(identity, wish, random);
  if (rc == 0)
    rc = mbedtls_x509_crt_parse(&identity->cert,
                                (const unsigned char *)identity->pem,
                                strlen(identity->pem) + 1);
  return rc;
}

static inline void tls_identity_destroy(struct tls_identity *identity)
{
  mbedtls_x509_crt_free(&identity->cert);
  mbedtls_pk_free(&identity->key);
}

/* ---- the server ---- */

struct tls_server {
  mbedtls_ssl_config config;
  mbedtls_ssl_context ssl;
  struct zpm_str in, out;
};

static inline int tls_server_on_recv(void *ctx, unsigned char *buffer,
                                     size_t size)
{
  struct tls_server *server = ctx;
  size_t len = server->in.len < size ? server->in.len : size;

  if (len == 0)
    return MBEDTLS_ERR_SSL_WANT_READ;
  memcpy(buffer, server->in.data, len);
  zpm_str_consume(&server->in, len);
  return (int)len;
}

static inline int tls_server_on_send(void *ctx, const unsigned char *bytes,
                                     size_t len)
{
  struct tls_server *server = ctx;

  return zpm_str_append(&server->out, bytes, len) == 0
             ? (int)len
             : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

static inline int tls_server_init(struct tls_server *server,
                                  struct tls_identity *identity,
                                  struct tls_random *random)
{
  int rc;

  memset(server, 0, sizeof(*server));
  mbedtls_ssl_config_init(&server->config);
  mbedtls_ssl_init(&server->ssl);
  rc = mbedtls_ssl_config_defaults(&server->config, MBEDTLS_SSL_IS_SERVER,
                                   MBEDTLS_SSL_TRANSPORT_STREAM,
                                   MBEDTLS_SSL_PRESET_DEFAULT);
  if (rc != 0)
    return rc;
  mbedtls_ssl_conf_rng(&server->config, mbedtls_ctr_drbg_random, &random->drbg);
  rc = mbedtls_ssl_conf_own_cert(&server->config, &identity->cert,
                                 &identity->key);
  if (rc == 0)
    rc = mbedtls_ssl_setup(&server->ssl, &server->config);
  mbedtls_ssl_set_bio(&server->ssl, server, tls_server_on_send,
                      tls_server_on_recv, NULL);
  return rc;
}

static inline void tls_server_deinit(struct tls_server *server)
{
  mbedtls_ssl_free(&server->ssl);
  mbedtls_ssl_config_free(&server->config);
  zpm_str_deinit(&server->in);
  zpm_str_deinit(&server->out);
}

#endif
