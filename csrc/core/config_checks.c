#include "core/config_checks.h"

#include "core/cron.h"

#include <string.h>

static bool is_blank(const char *text)
{
  return text[strspn(text, " \t")] == '\0';
}

static bool has_scheme(const char *target)
{
  return strncmp(target, "http://", strlen("http://")) == 0 ||
         strncmp(target, "https://", strlen("https://")) == 0;
}

static int check_target(const struct zpm_probe *probe, struct zpm_error *err)
{
  struct zpm_endpoint endpoint;

  /* Or one that was meant to be secure would not be. */
  if (probe->type == ZPM_PROBE_HTTP && !has_scheme(probe->target))
    return zpm_error_set(err, ZPM_ECONFIG,
                         "the target of an http probe must begin with http:// "
                         "or https://, not \"%.80s\"",
                         probe->target);
  if (probe->type != ZPM_PROBE_EXEC)
    return zpm_probe_endpoint((enum zpm_probe_type)probe->type, probe->target,
                              &endpoint, err);
  if (is_blank(probe->target))
    return zpm_error_set(err, ZPM_ECONFIG, "there is no command to run");
  return 0;
}

/* What only a request by HTTP could heed. */
static int check_request(const struct zpm_probe *probe, struct zpm_error *err)
{
  const char *type = zpm_probe_type_name(probe->type);

  if (probe->type == ZPM_PROBE_HTTP)
    return 0;
  if (probe->expect_status != 0)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "expectStatus is for http probes, this one is %s",
                         type);
  if (probe->insecure)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "insecure is for https probes, this one is %s", type);
  return 0;
}

static int check_probe(const struct zpm_probe *probe, struct zpm_error *err)
{
  int rc = check_target(probe, err);

  return rc != 0 ? rc : check_request(probe, err);
}

static int check_probes(const struct zpm_probes *probes, struct zpm_error *err)
{
  if (probes->len > ZPM_PROBES_MAX)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.probe: an app may have %d probes at most, not "
                         "%zu",
                         ZPM_PROBES_MAX, probes->len);
  for (size_t i = 0; i < probes->len; i++) {
    int rc = check_probe(&probes->items[i], err);

    if (rc == 0)
      continue;
    if (probes->len == 1)
      zpm_error_wrap(err, "config.probe");
    else
      zpm_error_wrap(err, "config.probe[%zu]", i);
    return rc;
  }
  return 0;
}

static int check_identity(const struct zpm_config *config,
                          struct zpm_error *err)
{
  if (config->user == NULL || config->uid == ZPM_ID_KEEP)
    return 0;
  return zpm_error_set(err, ZPM_ECONFIG,
                       "config.user (\"%.60s\") and config.uid (%u) both say "
                       "who runs the app: leave one of them out, or make it "
                       "false",
                       config->user, (unsigned)config->uid);
}

static int check_cron(const struct zpm_config *config, struct zpm_error *err)
{
  struct zpm_cron cron;
  int rc;

  if (config->cron == NULL)
    return 0;
  rc = zpm_cron_parse(config->cron, &cron, err);
  if (rc != 0)
    zpm_error_wrap(err, "config.cron");
  return rc;
}

int zpm_config_check_parts(const struct zpm_config *config,
                           struct zpm_error *err)
{
  int rc = check_probes(&config->probes, err);

  if (rc == 0)
    rc = check_identity(config, err);
  return rc != 0 ? rc : check_cron(config, err);
}
