#include "client/environ.h"

#include <stddef.h>
#include <string.h>

static const char *const NAMES[] = {
    "ZPM_APP_ID",
    "ZPM_CTL",
    "ZPM_TABLE",
    "NODE_CHANNEL_FD",
    "NODE_CHANNEL_SERIALIZATION_MODE",
    "NODE_UNIQUE_ID",
    "NODE_APP_INSTANCE",
    "ZPM_INSTANCE",
    "ZPM_APP_NAME",
    "NOTIFY_SOCKET", /* of the service that runs a command of zpm, perhaps */
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
};

bool zpm_environ_is_private(const char *pair)
{
  for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
    size_t len = strlen(NAMES[i]);

    if (strncmp(pair, NAMES[i], len) == 0 && pair[len] == '=')
      return true;
  }
  return false;
}
