#include "runtime/tls_trust.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <mbedtls/pem.h>
#include <mbedtls/x509_crt.h>

static const char *const PLACES[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Arch, Gentoo */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
    "/etc/ssl/ca-bundle.pem",             /* openSUSE */
    "/etc/ssl/cert.pem",                  /* Alpine, macOS, BSD */
};

static const char *find_bundle(void)
{
  const char *set = getenv("SSL_CERT_FILE");
  size_t i;

  if (set != NULL && set[0] != '\0')
    return set;
  for (i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
    if (access(PLACES[i], R_OK) == 0)
      return PLACES[i];
  }
  return NULL;
}

static bool is_memory(int rc)
{
  return rc == MBEDTLS_ERR_X509_ALLOC_FAILED ||
         rc == MBEDTLS_ERR_PEM_ALLOC_FAILED;
}

int zpm_tls_trust_load(struct mbedtls_x509_crt *roots, struct zpm_error *err)
{
  const char *path = find_bundle();
  int rc;

  if (path == NULL)
    return zpm_error_set(err, ZPM_EIO,
                         "this machine has no CA certificates to verify the "
                         "server with: install the package ca-certificates, "
                         "or set insecure: true");
  /* More than zero: so many of the file could not be used; others can. */
  rc = mbedtls_x509_crt_parse_file(roots, path);
  if (is_memory(rc))
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc < 0 || roots->raw.p == NULL)
    return zpm_error_set(err, ZPM_EIO,
                         "no CA certificates can be read from %s: mend that "
                         "file, name another by SSL_CERT_FILE, or set "
                         "insecure: true",
                         path);
  return 0;
}
