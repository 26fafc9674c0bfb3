#include "proto/service.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "proto/service_text.h"

static const char *const KINDS[ZPM_SERVICE_KINDS] = {
    [ZPM_SERVICE_SYSTEMD] = "systemd",
    [ZPM_SERVICE_LAUNCHD] = "launchd",
    [ZPM_SERVICE_OPENRC] = "openrc",
};

const char *zpm_service_kind_name(enum zpm_service_kind kind)
{
  return KINDS[kind];
}

enum zpm_service_kind zpm_service_kind_of(const char *word)
{
  enum zpm_service_kind kind = ZPM_SERVICE_SYSTEMD;

  while (kind < ZPM_SERVICE_KINDS && strcmp(KINDS[kind], word) != 0)
    kind++;
  return kind;
}

/* ---- what can be written down ---- */

static bool is_clean(const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
      return false;
  }
  return true;
}

static bool is_utf8(const char *text, size_t len)
{
  size_t at = 0;
  size_t size = 1;

  for (; at < len && size > 0; at += size)
    size = zpm_utf8_size(text + at, len - at);
  return size > 0;
}

static int check_path(const char *what, const char *path, struct zpm_error *err)
{
  size_t len = strlen(path);

  if (path[0] != '/')
    return zpm_error_set(err, ZPM_EARG, "%s is no absolute path: %s", what,
                         path);
  if (!is_clean(path, len))
    return zpm_error_set(
        err, ZPM_EARG,
        "%s holds a newline or another control character, "
        "which the file of a service cannot: rename the folder",
        what);
  if (!is_utf8(path, len))
    return zpm_error_set(err, ZPM_EARG,
                         "%s is not valid UTF-8, which the file of a service "
                         "has to be: rename the folder",
                         what);
  return 0;
}

static bool is_made_of(const char *text, const char *others)
{
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;

    if (c >= 0x80 || (!isalnum(c) && strchr(others, c) == NULL))
      return false;
  }
  return true;
}

/* Other names of users exist; none of these systems takes all of them. */
static int check_user(const char *user, struct zpm_error *err)
{
  if (user == NULL ||
      (user[0] != '\0' && user[0] != '-' && is_made_of(user, "._-@")))
    return 0;
  return zpm_error_set(err, ZPM_EARG,
                       "user '%s': a service takes names of letters, digits "
                       "and . _ - @ only",
                       user);
}

static int check_namespace(const struct zpm_service *service,
                           struct zpm_error *err)
{
  const char *name = service->namespace_name;

  if (service->kind == ZPM_SERVICE_OPENRC && !is_made_of(name, "._-+"))
    return zpm_error_set(err, ZPM_EARG,
                         "namespace '%s': the name of an OpenRC service has no "
                         "spaces and no @. Choose another namespace",
                         name);
  if (is_made_of(name, "._-@+ ") && name[0] != '\0')
    return 0;
  return zpm_error_set(err, ZPM_EARG, "'%s' is no name for a namespace", name);
}

static int check(const struct zpm_service *service, struct zpm_error *err)
{
  int rc = check_namespace(service, err);

  if (rc == 0)
    rc = check_path("the path of zpm", service->program, err);
  if (rc == 0)
    rc = check_path("ZPM_HOME", service->home, err);
  return rc == 0 ? check_user(service->user, err) : rc;
}

/* ---- the name ---- */

/* As systemd-escape(1) writes what the name of a unit may not hold. */
static int put_unit_name(struct zpm_str *out, const char *name)
{
  int rc = zpm_str_puts(out, "zpm-");

  for (; rc == 0 && *name != '\0'; name++)
    rc = strchr("@+ ", *name) != NULL
             ? zpm_str_printf(out, "\\x%02x", (unsigned char)*name)
             : zpm_str_append(out, name, 1);
  return rc == 0 ? zpm_str_puts(out, ".service") : rc;
}

static int no_memory(int rc, struct zpm_error *err)
{
  return rc == 0 ? 0 : zpm_error_set(err, rc, "out of memory");
}

int zpm_service_put_name(struct zpm_str *out, const struct zpm_service *service,
                         struct zpm_error *err)
{
  const char *name = service->namespace_name;
  int rc = check_namespace(service, err);

  if (rc != 0)
    return rc;
  switch (service->kind) {
  case ZPM_SERVICE_SYSTEMD:
    return no_memory(put_unit_name(out, name), err);
  case ZPM_SERVICE_LAUNCHD:
    return no_memory(zpm_str_printf(out, "zpm.%s", name), err);
  case ZPM_SERVICE_OPENRC:
  case ZPM_SERVICE_KINDS:
  default:
    return no_memory(zpm_str_printf(out, "zpm-%s", name), err);
  }
}

int zpm_service_put_text(struct zpm_str *out, const struct zpm_service *service,
                         struct zpm_error *err)
{
  int rc = check(service, err);

  if (rc != 0)
    return rc;
  switch (service->kind) {
  case ZPM_SERVICE_SYSTEMD:
    return no_memory(zpm_service_put_systemd(out, service), err);
  case ZPM_SERVICE_LAUNCHD:
    return no_memory(zpm_service_put_launchd(out, service), err);
  case ZPM_SERVICE_OPENRC:
  case ZPM_SERVICE_KINDS:
  default:
    return no_memory(zpm_service_put_openrc(out, service), err);
  }
}
