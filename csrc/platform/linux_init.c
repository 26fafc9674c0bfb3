#include "platform/platform.h"

#include <unistd.h>

/* By what each leaves in /run once it has booted the machine: that it is
 * installed means nothing. */
const char *zpm_platform_init_system(void)
{
  if (access("/run/systemd/system", F_OK) == 0)
    return "systemd";
  if (access("/run/openrc/softlevel", F_OK) == 0)
    return "openrc";
  return NULL;
}
