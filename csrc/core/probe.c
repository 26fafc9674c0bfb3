#include "core/probe.h"

#include "base/alloc.h"

void zpm_probe_init(struct zpm_probe *probe)
{
  *probe = (struct zpm_probe){0};
  for (size_t i = 0; i < ZPM_PROBE_FIELD_COUNT; i++)
    zpm_field_init(probe, &ZPM_PROBE_FIELDS[i]);
}

void zpm_probe_deinit(struct zpm_probe *probe)
{
  zpm_free(probe->target);
  *probe = (struct zpm_probe){0};
}

static bool probe_equal(const struct zpm_probe *a, const struct zpm_probe *b)
{
  for (size_t i = 0; i < ZPM_PROBE_FIELD_COUNT; i++) {
    if (!zpm_field_equal(a, b, &ZPM_PROBE_FIELDS[i]))
      return false;
  }
  return true;
}

static int probe_copy(struct zpm_probe *to, const struct zpm_probe *from)
{
  *to = *from;
  to->target = from->target != NULL ? zpm_strdup(from->target) : NULL;
  return to->target != NULL || from->target == NULL ? 0 : ZPM_ENOMEM;
}

int zpm_probes_add(struct zpm_probes *probes, struct zpm_probe *probe)
{
  struct zpm_probe *items =
      zpm_realloc(probes->items, (probes->len + 1) * sizeof(*items));

  if (items == NULL) {
    zpm_probe_deinit(probe);
    return ZPM_ENOMEM;
  }
  probes->items = items;
  items[probes->len++] = *probe;
  *probe = (struct zpm_probe){0};
  return 0;
}

int zpm_probes_copy(struct zpm_probes *to, const struct zpm_probes *from)
{
  *to = (struct zpm_probes){0};
  for (size_t i = 0; i < from->len; i++) {
    struct zpm_probe copy;
    int rc = probe_copy(&copy, &from->items[i]);

    if (rc == 0)
      rc = zpm_probes_add(to, &copy);
    if (rc != 0) {
      zpm_probes_deinit(to);
      return rc;
    }
  }
  return 0;
}

void zpm_probes_deinit(struct zpm_probes *probes)
{
  for (size_t i = 0; i < probes->len; i++)
    zpm_probe_deinit(&probes->items[i]);
  zpm_free(probes->items);
  *probes = (struct zpm_probes){0};
}

bool zpm_probes_equal(const struct zpm_probes *a, const struct zpm_probes *b)
{
  if (a->len != b->len)
    return false;
  for (size_t i = 0; i < a->len; i++) {
    if (!probe_equal(&a->items[i], &b->items[i]))
      return false;
  }
  return true;
}
