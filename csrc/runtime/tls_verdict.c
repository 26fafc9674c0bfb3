#include "runtime/tls_verdict.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <mbedtls/x509_crt.h>

/* Tags of the names in a certificate, as they are on the wire. */
enum { TAG_NAME = 0x82, TAG_ADDRESS = 0x87 };

void zpm_tls_verdict_init(struct zpm_tls_verdict *verdict, const char *host)
{
  *verdict = (struct zpm_tls_verdict){.host = host};
  if (inet_pton(AF_INET, host, verdict->address) == 1)
    verdict->address_len = sizeof(struct in_addr);
  else if (inet_pton(AF_INET6, host, verdict->address) == 1)
    verdict->address_len = sizeof(struct in6_addr);
}

/* ---- looking at a certificate ---- */

static bool is_for_address(const struct zpm_tls_verdict *verdict,
                           const mbedtls_x509_crt *crt)
{
  const mbedtls_x509_sequence *name;

  for (name = &crt->subject_alt_names; name != NULL; name = name->next) {
    if (name->buf.tag == TAG_ADDRESS && name->buf.len == verdict->address_len &&
        memcmp(name->buf.p, verdict->address, name->buf.len) == 0)
      return true;
  }
  return false;
}

/* The bytes of a certificate are anybody's. */
static bool is_printable(const mbedtls_x509_buf *text)
{
  size_t i;

  for (i = 0; i < text->len; i++) {
    if (text->p[i] <= ' ' || text->p[i] > '~')
      return false;
  }
  return text->len > 0;
}

/* One more name, if it fits. */
static void add_name(struct zpm_tls_verdict *verdict, const char *name,
                     size_t len)
{
  size_t used = strlen(verdict->names);
  const char *between = used > 0 ? ", " : "";

  if (used + strlen(between) + len < sizeof(verdict->names))
    snprintf(verdict->names + used, sizeof(verdict->names) - used, "%s%.*s",
             between, (int)len, name);
}

static void add_address(struct zpm_tls_verdict *verdict,
                        const mbedtls_x509_buf *address)
{
  char text[INET6_ADDRSTRLEN];
  int family = address->len == sizeof(struct in_addr) ? AF_INET : AF_INET6;

  if (family == AF_INET6 && address->len != sizeof(struct in6_addr))
    return;
  if (inet_ntop(family, address->p, text, sizeof(text)) != NULL)
    add_name(verdict, text, strlen(text));
}

/* What a certificate is for; without a list of names it is its subject. */
static void note_names(struct zpm_tls_verdict *verdict,
                       const mbedtls_x509_crt *crt)
{
  const mbedtls_x509_sequence *name;

  for (name = &crt->subject_alt_names; name != NULL; name = name->next) {
    if (name->buf.tag == TAG_ADDRESS)
      add_address(verdict, &name->buf);
    else if (name->buf.tag == TAG_NAME && is_printable(&name->buf))
      add_name(verdict, (const char *)name->buf.p, name->buf.len);
  }
  if (verdict->names[0] == '\0' &&
      mbedtls_x509_dn_gets(verdict->names, sizeof(verdict->names),
                           &crt->subject) < 0)
    snprintf(verdict->names, sizeof(verdict->names), "another host");
}

static void note_date(struct zpm_tls_verdict *verdict,
                      const mbedtls_x509_time *time)
{
  snprintf(verdict->date, sizeof(verdict->date), "%04u-%02u-%02u",
           (unsigned)time->year % 10000, (unsigned)time->mon % 100,
           (unsigned)time->day % 100);
}

static bool is_own_issuer(const mbedtls_x509_crt *crt)
{
  const mbedtls_x509_buf *issuer = &crt->issuer_raw;
  const mbedtls_x509_buf *subject = &crt->subject_raw;

  return issuer->len > 0 && issuer->len == subject->len &&
         memcmp(issuer->p, subject->p, issuer->len) == 0;
}

/* The server's own certificate, below all others. */
static void look_at_leaf(struct zpm_tls_verdict *verdict,
                         const mbedtls_x509_crt *crt, uint32_t *flags)
{
  if (verdict->address_len > 0 && !is_for_address(verdict, crt))
    *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  verdict->is_self_signed = is_own_issuer(crt);
  if ((*flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
    note_names(verdict, crt);
}

int zpm_tls_verdict_on_certificate(void *ctx, struct mbedtls_x509_crt *crt,
                                   int depth, uint32_t *flags)
{
  struct zpm_tls_verdict *verdict = ctx;

  if (depth == 0)
    look_at_leaf(verdict, crt, flags);
  if ((*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0 &&
      mbedtls_x509_dn_gets(verdict->issuer, sizeof(verdict->issuer),
                           &crt->issuer) < 0)
    snprintf(verdict->issuer, sizeof(verdict->issuer), "somebody");
  if ((*flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0)
    note_date(verdict, &crt->valid_to);
  else if ((*flags & MBEDTLS_X509_BADCERT_FUTURE) != 0)
    note_date(verdict, &crt->valid_from);
  verdict->flags |= *flags;
  return 0;
}

/* ---- saying it ---- */

static void explain_trust(const struct zpm_tls_verdict *verdict, char *text,
                          size_t size)
{
  if (verdict->is_self_signed)
    snprintf(text, size,
             "self-signed certificate: set insecure: true if that is meant");
  else
    snprintf(text, size,
             "the certificate was issued by '%s', which this machine does not "
             "trust: add that CA to the system's, or set insecure: true",
             verdict->issuer);
}

/* What is left is rare, and not mended by a setting here. */
static const char *rest_of(uint32_t flags)
{
  if ((flags &
       (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
        MBEDTLS_X509_BADCERT_NS_CERT_TYPE)) != 0)
    return "the certificate is not one for a server: it was made for another "
           "use";
  if ((flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                MBEDTLS_X509_BADCERT_BAD_KEY)) != 0)
    return "the certificate is too weak (SHA-1, or a short key): make a new "
           "one";
  if ((flags & MBEDTLS_X509_BADCERT_MISSING) != 0)
    return "the server has shown no certificate";
  return "the certificate cannot be verified";
}

void zpm_tls_verdict_explain(const struct zpm_tls_verdict *verdict, char *text,
                             size_t size)
{
  uint32_t flags = verdict->flags;

  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
    explain_trust(verdict, text, size);
  else if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0)
    snprintf(text, size, "the certificate has expired (on %s): renew it",
             verdict->date);
  else if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0)
    snprintf(text, size,
             "the certificate is not valid before %s: is the clock right?",
             verdict->date);
  else if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
    snprintf(text, size, "the certificate is not for %s, but for %s",
             verdict->host, verdict->names);
  else
    snprintf(text, size, "%s", rest_of(flags));
}
