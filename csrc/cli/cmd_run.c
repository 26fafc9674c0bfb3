#include "cli/cli.h"
int zpm_cmd_run(struct zpm_cli *cli, struct zpm_error *err)
{
  (void)cli;
  (void)err;
  return 1;
}
