#include "platform/platform.h"

#include <sys/prctl.h>
#include <unistd.h>

void zpm_platform_signal_when_orphaned(int number)
{
  prctl(PR_SET_PDEATHSIG, number);
}

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
