#include "proto/version.h"

#include <string.h>

enum { PARTS = 3, PART_MAX = 999999 };

/* "1.2.3", with anything after a '-' or '+' left out of the comparison. */
static bool parse(const char *text, int parts[PARTS])
{
  for (int i = 0; i < PARTS; i++) {
    parts[i] = 0;
    if (*text < '0' || *text > '9')
      return false;
    for (; *text >= '0' && *text <= '9'; text++) {
      parts[i] = parts[i] * 10 + (*text - '0');
      if (parts[i] > PART_MAX)
        return false;
    }
    if (i < PARTS - 1 && *text++ != '.')
      return false;
  }
  return *text == '\0' || *text == '-' || *text == '+';
}

static int compare(const int a[PARTS], const int b[PARTS])
{
  for (int i = 0; i < PARTS; i++) {
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

bool zpm_version_compatible(const char *client, const char *daemon)
{
  int a[PARTS];
  int b[PARTS];

  if (!parse(client, a) || !parse(daemon, b))
    return false;
  return a[0] == b[0] && (a[0] > 0 || a[1] == b[1]);
}

int zpm_version_advice(struct zpm_str *out, const char *client,
                       const char *daemon)
{
  bool fits = zpm_version_compatible(client, daemon);
  int a[PARTS];
  int b[PARTS];

  if (!parse(client, a) || !parse(daemon, b))
    return zpm_str_printf(out,
                          "this client says it is version '%.40s', which is no "
                          "version number; the daemon is %s. Install zpm anew.",
                          client, daemon);
  if (compare(a, b) == 0)
    return 0;
  if (compare(a, b) > 0)
    return zpm_str_printf(out,
                          "this zpm (%s) is newer than its daemon (%s)%s. Run: "
                          "zpm update",
                          client, daemon,
                          fits ? "" : ", and they do not fit together");
  return zpm_str_printf(out,
                        "this zpm (%s) is older than its daemon (%s)%s. Use "
                        "the zpm that the daemon was started with, or run: zpm "
                        "update",
                        client, daemon,
                        fits ? "" : ", and they do not fit together");
}
