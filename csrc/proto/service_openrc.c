#include "proto/service_text.h"

#include <string.h>

/* One word for a shell, whatever is in it. */
static int put_word(struct zpm_str *out, const char *text)
{
  int rc = zpm_str_puts(out, "'");

  for (; rc == 0 && *text != '\0'; text++)
    rc = *text == '\'' ? zpm_str_puts(out, "'\\''")
                       : zpm_str_append(out, text, 1);
  return rc == 0 ? zpm_str_puts(out, "'") : rc;
}

static int put_assignment(struct zpm_str *out, const char *key,
                          const char *text)
{
  int rc = zpm_str_printf(out, "%s=", key);

  if (rc == 0)
    rc = put_word(out, text);
  return rc == 0 ? zpm_str_puts(out, "\n") : rc;
}

static const char HEAD[] =
    "#!/sbin/openrc-run\n"
    "# shellcheck shell=sh disable=SC2016,SC2034\n"
    "# Written by zpm startup; zpm unstartup removes it.\n"
    "\n"
    "description=\"zpm, a process manager\"\n"
    "pidfile=\"/run/${RC_SVCNAME:?}.pid\"\n";

/* start-stop-daemon by hand: what openrc-run would make of `command` takes a
 * path apart at its spaces. */
static const char REST[] =
    "\n"
    "depend() {\n"
    "  use net logger\n"
    "  after firewall\n"
    "}\n"
    "\n"
    "start() {\n"
    "  ebegin \"Starting zpm\"\n"
    "  start-stop-daemon --start --background --make-pidfile \\\n"
    "    --pidfile \"$pidfile\" --user \"$zpm_user\" \\\n"
    "    --env \"ZPM_HOME=$zpm_home\" --exec \"$zpm\" -- \\\n"
    "    daemon --service --namespace \"$zpm_namespace\"\n"
    "  eend $?\n"
    "}\n"
    "\n"
    "stop() {\n"
    "  ebegin \"Stopping zpm\"\n"
    "  start-stop-daemon --stop --pidfile \"$pidfile\" --retry TERM/90/KILL/5\n"
    "  eend $?\n"
    "}\n";

int zpm_service_put_openrc(struct zpm_str *out,
                           const struct zpm_service *service)
{
  int rc = zpm_str_puts(out, HEAD);

  if (rc == 0)
    rc = put_assignment(out, "zpm", service->program);
  if (rc == 0)
    rc = put_assignment(out, "zpm_home", service->home);
  if (rc == 0)
    rc = put_assignment(out, "zpm_namespace", service->namespace_name);
  if (rc == 0)
    rc = put_assignment(out, "zpm_user",
                        service->user != NULL ? service->user : "root");
  return rc == 0 ? zpm_str_puts(out, REST) : rc;
}
