#include "runtime/tls_cause.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509.h>

#ifdef MBEDTLS_SSL_PROTO_TLS1_3
#define VERSIONS "TLS 1.2 and 1.3"
#else
#define VERSIONS "TLS 1.2"
#endif

/* Types of records, and the length of an alert's. */
enum { ALERT = 0x15, HANDSHAKE = 0x16, ALERT_LENGTH = 2 };
/* The alert of TLS 1.3, which 2.28 of the library does not name. */
enum { CERTIFICATE_REQUIRED = 116 };

const char *zpm_tls_cause_of_greeting(const void *bytes, size_t len)
{
  static const char PLAIN_HTTP[] = "HTTP/";
  const unsigned char *greeting = bytes;

  if (len == 0 || greeting[0] == HANDSHAKE || greeting[0] == ALERT)
    return NULL;
  if (len >= sizeof(PLAIN_HTTP) - 1 &&
      memcmp(bytes, PLAIN_HTTP, sizeof(PLAIN_HTTP) - 1) == 0)
    return "it does not speak TLS, but plain HTTP: use http://";
  return "it does not speak TLS";
}

/* Alerts that are about what the server expects of us. */
static const char *words_of_alert(int number)
{
  switch (number) {
  case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
    return "the server speaks no version of TLS that zpm speaks (" VERSIONS ")";
  case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
  case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
    return "the server has refused the handshake: no cipher in common, or it "
           "wants a certificate of the client";
  case MBEDTLS_SSL_ALERT_MSG_NO_CERT:
  case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
  case CERTIFICATE_REQUIRED:
    return "the server wants a certificate of the client, which probes do not "
           "have: give it a port or a path that asks for none";
  case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
    return "the server does not know this host name";
  default:
    return NULL;
  }
}

static void explain_alert(const unsigned char tail[ZPM_TLS_CAUSE_TAIL],
                          char *text, size_t size)
{
  /* An encrypted one is longer. */
  bool in_clear = tail[0] == ALERT && tail[3] == 0 && tail[4] == ALERT_LENGTH;
  int number = tail[ZPM_TLS_CAUSE_TAIL - 1];
  const char *words = in_clear ? words_of_alert(number) : NULL;

  if (words != NULL)
    snprintf(text, size, "%s", words);
  else if (in_clear)
    snprintf(text, size, "the server has refused the session (TLS alert %d)",
             number);
  else
    snprintf(text, size,
             "the server has refused the session: it may want a "
             "certificate of the client");
}

/* A code has two halves, of the module that failed and of the one below. */
bool zpm_tls_cause_is_memory(int rc)
{
  static const int CODES[] = {
      MBEDTLS_ERR_SSL_ALLOC_FAILED,  MBEDTLS_ERR_X509_ALLOC_FAILED,
      MBEDTLS_ERR_PEM_ALLOC_FAILED,  MBEDTLS_ERR_PK_ALLOC_FAILED,
      MBEDTLS_ERR_ECP_ALLOC_FAILED,  MBEDTLS_ERR_CIPHER_ALLOC_FAILED,
      MBEDTLS_ERR_MD_ALLOC_FAILED,   MBEDTLS_ERR_MPI_ALLOC_FAILED,
      MBEDTLS_ERR_ASN1_ALLOC_FAILED,
  };
  enum { LOWER = 0x7f };
  int upper = -(-rc & ~LOWER);
  int lower = -(-rc & LOWER);
  size_t i;

  for (i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++) {
    if (CODES[i] == upper || CODES[i] == lower)
      return true;
  }
  return false;
}

/* Named BAD_HS_PROTOCOL_VERSION before 3.0. */
#if MBEDTLS_VERSION_MAJOR < 3
#define BAD_VERSION MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#else
#define BAD_VERSION MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION
#endif

void zpm_tls_cause_of_code(int rc, const unsigned char tail[ZPM_TLS_CAUSE_TAIL],
                           char *text, size_t size)
{
  if (zpm_tls_cause_is_memory(rc))
    snprintf(text, size, "out of memory");
  else if (rc == MBEDTLS_ERR_SSL_CONN_EOF)
    snprintf(text, size,
             "the connection was closed in the middle of the TLS "
             "session");
  else if (rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
    explain_alert(tail, text, size);
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
  else if (rc == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER) /* see tls.c */
    snprintf(text, size,
             "the server insists on RSA-PSS in TLS 1.2, which zpm does not "
             "know: let it speak TLS 1.3 as well, or give it an ECDSA "
             "certificate");
#endif
  else if (rc == BAD_VERSION)
    snprintf(text, size, "%s",
             words_of_alert(MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION));
  else
    snprintf(text, size,
             "what the server sends is not TLS as it should be (Mbed TLS: "
             "-0x%04x)",
             (unsigned)-rc);
}
