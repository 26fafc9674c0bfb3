/*
 * Any target of a probe: what is accepted goes into a request, and must be
 * nothing but one line of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *text)
{
  for (; *text != '\0'; text++) {
    if (*text <= ' ' || *text > '~')
      abort();
  }
}

static void check_one(enum zpm_probe_type type, const char *target)
{
  struct zpm_endpoint endpoint;
  struct zpm_error err = {0};
  int rc = zpm_probe_endpoint(type, target, &endpoint, &err);

  if (rc != 0) {
    if (rc != ZPM_ECONFIG || err.code != rc || err.message[0] == '\0')
      abort();
    return;
  }
  check_clean(endpoint.host);
  check_clean(endpoint.host_header);
  check_clean(endpoint.path);
  if (endpoint.host[0] == '\0' || endpoint.port == 0 ||
      strpbrk(endpoint.host, "/?#@[]") != NULL)
    abort();
  if (type == ZPM_PROBE_HTTP && endpoint.path[0] != '/')
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *target = malloc(size + 1);

  if (target == NULL)
    return 0;
  memcpy(target, data, size);
  target[size] = '\0';
  check_one(ZPM_PROBE_HTTP, target);
  check_one(ZPM_PROBE_TCP, target);
  free(target);
  return 0;
}
