#include "proto/service_text.h"

#include <string.h>

static int put_string(struct zpm_str *out, const char *text)
{
  int rc = zpm_str_puts(out, "<string>");

  for (; rc == 0 && *text != '\0'; text++) {
    if (*text == '&')
      rc = zpm_str_puts(out, "&amp;");
    else if (*text == '<')
      rc = zpm_str_puts(out, "&lt;");
    else if (*text == '>')
      rc = zpm_str_puts(out, "&gt;");
    else
      rc = zpm_str_append(out, text, 1);
  }
  return rc == 0 ? zpm_str_puts(out, "</string>\n") : rc;
}

static int put_head(struct zpm_str *out, const struct zpm_service *service)
{
  return zpm_str_printf(
      out,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
      "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
      "<!-- Written by zpm startup; zpm unstartup removes it. -->\n"
      "<plist version=\"1.0\">\n"
      "<dict>\n"
      "  <key>Label</key><string>zpm.%s</string>\n",
      service->namespace_name);
}

static int put_command(struct zpm_str *out, const struct zpm_service *service)
{
  const char *const words[] = {service->program, "daemon", "--service",
                               "--namespace", service->namespace_name};
  int rc = zpm_str_puts(out, "  <key>ProgramArguments</key>\n  <array>\n");

  for (size_t i = 0; rc == 0 && i < sizeof(words) / sizeof(words[0]); i++) {
    rc = zpm_str_puts(out, "    ");
    if (rc == 0)
      rc = put_string(out, words[i]);
  }
  return rc == 0 ? zpm_str_puts(out, "  </array>\n") : rc;
}

/* It gets SIGTERM, and time for its apps; what it leaves behind is ended. */
static const char REST[] = "  <key>RunAtLoad</key><true/>\n"
                           "  <key>KeepAlive</key>\n"
                           "  <dict>\n"
                           "    <key>SuccessfulExit</key><false/>\n"
                           "  </dict>\n"
                           "  <key>ExitTimeOut</key><integer>90</integer>\n"
                           "  <key>SoftResourceLimits</key>\n"
                           "  <dict>\n"
                           "    <key>NumberOfFiles</key>"
                           "<integer>65536</integer>\n"
                           "  </dict>\n"
                           "</dict>\n"
                           "</plist>\n";

int zpm_service_put_launchd(struct zpm_str *out,
                            const struct zpm_service *service)
{
  int rc = put_head(out, service);

  if (rc == 0 && service->user != NULL)
    rc = zpm_str_puts(out, "  <key>UserName</key>");
  if (rc == 0 && service->user != NULL)
    rc = put_string(out, service->user);
  if (rc == 0)
    rc = put_command(out, service);
  if (rc == 0)
    rc = zpm_str_puts(out, "  <key>EnvironmentVariables</key>\n"
                           "  <dict>\n"
                           "    <key>ZPM_HOME</key>");
  if (rc == 0)
    rc = put_string(out, service->home);
  return rc == 0 ? zpm_str_printf(out, "  </dict>\n%s", REST) : rc;
}
