#include "proto/service.h"

#include <stdbool.h>
#include <string.h>

/* ---- systemd ---- */

static void set(struct zpm_service_command *out, const char *const *words,
                size_t count)
{
  *out = (struct zpm_service_command){{NULL}};
  memcpy(out->words, words, count * sizeof(*words));
}

static void systemctl(struct zpm_service_command *out, bool of_user,
                      const char *verb, const char *name)
{
  const char *const words[] = {"systemctl", "--user", verb, name};
  const char *const system_words[] = {"systemctl", verb, name};

  if (of_user)
    set(out, words, 4);
  else
    set(out, system_words, 3);
}

static size_t systemd(struct zpm_service_command *out, bool of_user,
                      enum zpm_service_step step, const char *name)
{
  switch (step) {
  case ZPM_SERVICE_ENABLE:
    systemctl(&out[0], of_user, "daemon-reload", NULL);
    systemctl(&out[1], of_user, "enable", name);
    return 2;
  case ZPM_SERVICE_START:
    systemctl(&out[0], of_user, "start", name);
    return 1;
  case ZPM_SERVICE_DISABLE:
    systemctl(&out[0], of_user, "disable", name);
    return 1;
  case ZPM_SERVICE_FORGET:
  default:
    systemctl(&out[0], of_user, "daemon-reload", NULL);
    return 1;
  }
}

/* ---- the others ---- */

/* That the file is there is enough for the next boot. */
static size_t launchd(struct zpm_service_command *out,
                      enum zpm_service_step step, const char *file)
{
  const char *const words[] = {"launchctl", "load", "-w", file};

  if (step != ZPM_SERVICE_START)
    return 0;
  set(&out[0], words, 4);
  return 1;
}

static size_t openrc(struct zpm_service_command *out,
                     enum zpm_service_step step, const char *name)
{
  const char *const add[] = {"rc-update", "add", name, "default"};
  const char *const start[] = {"rc-service", name, "start"};
  const char *const remove[] = {"rc-update", "del", name, "default"};

  switch (step) {
  case ZPM_SERVICE_ENABLE:
    set(&out[0], add, 4);
    return 1;
  case ZPM_SERVICE_START:
    set(&out[0], start, 3);
    return 1;
  case ZPM_SERVICE_DISABLE:
    set(&out[0], remove, 4);
    return 1;
  case ZPM_SERVICE_FORGET:
  default:
    return 0;
  }
}

size_t
zpm_service_commands(struct zpm_service_command out[ZPM_SERVICE_COMMANDS_MAX],
                     const struct zpm_service *service,
                     enum zpm_service_step step, const char *name,
                     const char *file)
{
  switch (service->kind) {
  case ZPM_SERVICE_SYSTEMD:
    return systemd(out, service->user == NULL, step, name);
  case ZPM_SERVICE_LAUNCHD:
    return launchd(out, step, file);
  case ZPM_SERVICE_OPENRC:
  case ZPM_SERVICE_KINDS:
  default:
    return openrc(out, step, name);
  }
}
