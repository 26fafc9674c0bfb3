#include "proto/service_text.h"

#include <stdbool.h>
#include <string.h>

/* Inside double quotes: \ and " are escaped, % begins a specifier, and $ in an
 * argument (`twice`) a variable. */
static int put_quoted(struct zpm_str *out, const char *text, const char *twice)
{
  int rc = 0;

  for (; rc == 0 && *text != '\0'; text++) {
    if (*text == '\\' || *text == '"')
      rc = zpm_str_puts(out, "\\");
    if (rc == 0 && strchr(twice, *text) != NULL)
      rc = zpm_str_append(out, text, 1);
    if (rc == 0)
      rc = zpm_str_append(out, text, 1);
  }
  return rc;
}

/* Systemd takes no quotes in the path of what it runs, but in an argument. */
static int put_program(struct zpm_str *out, const char *path)
{
  bool odd = strpbrk(path, "'\"\\") != NULL;
  int rc = zpm_str_puts(out, odd ? "/usr/bin/env \"" : "\"");

  if (rc == 0)
    rc = put_quoted(out, path, odd ? "%$" : "%");
  return rc == 0 ? zpm_str_puts(out, "\"") : rc;
}

/* User units cannot wait for units of the system. */
static int put_head(struct zpm_str *out, const struct zpm_service *service)
{
  return zpm_str_printf(out,
                        "# Written by zpm startup; zpm unstartup removes it.\n"
                        "[Unit]\n"
                        "Description=zpm, namespace %s\n"
                        "%s\n"
                        "[Service]\n"
                        "Type=notify\n"
                        "NotifyAccess=all\n",
                        service->namespace_name,
                        service->user != NULL ? "After=network.target\n" : "");
}

static int put_command(struct zpm_str *out, const struct zpm_service *service)
{
  int rc = zpm_str_puts(out, "Environment=\"ZPM_HOME=");

  if (rc == 0)
    rc = put_quoted(out, service->home, "%");
  if (rc == 0)
    rc = zpm_str_puts(out, "\"\nExecStart=");
  if (rc == 0)
    rc = put_program(out, service->program);
  if (rc == 0)
    rc = zpm_str_printf(out, " daemon --service --namespace \"%s\"\n",
                        service->namespace_name);
  return rc;
}

/*
 * The main process is the keeper, which hands SIGTERM to the daemon: mixed, so
 * that apps get theirs from it, with their own signal and time.  An app that
 * runs out of memory is the daemon's business (OOMPolicy), and so are the
 * control groups below our own (Delegate).
 */
static int put_rest(struct zpm_str *out, const struct zpm_service *service)
{
  return zpm_str_printf(out,
                        "Restart=on-failure\n"
                        "RestartSec=1\n"
                        "RestartPreventExitStatus=%d\n"
                        "KillMode=mixed\n"
                        "OOMPolicy=continue\n"
                        "Delegate=yes\n"
                        "LimitNOFILE=65536:524288\n"
                        "TasksMax=infinity\n"
                        "\n"
                        "[Install]\n"
                        "WantedBy=%s\n",
                        ZPM_SERVICE_EXIT_RUNS_ALREADY,
                        service->user != NULL ? "multi-user.target"
                                              : "default.target");
}

int zpm_service_put_systemd(struct zpm_str *out,
                            const struct zpm_service *service)
{
  int rc = put_head(out, service);

  if (rc == 0 && service->user != NULL)
    rc = zpm_str_printf(out, "User=%s\n", service->user);
  if (rc == 0)
    rc = put_command(out, service);
  return rc == 0 ? put_rest(out, service) : rc;
}
