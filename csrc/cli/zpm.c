/* zpm: the command line, and, as `zpm daemon`, the daemon. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "daemon/daemon.h"

/* `zpm daemon [--namespace NAME]` is for zpm-keeper: it is in no help. */
static int run_daemon(int argc, char **argv)
{
  struct zpm_daemon_options options = {0};

  if (argc == 4 && strcmp(argv[2], "--namespace") == 0)
    options.namespace_name = argv[3];
  else if (argc != 2) {
    fprintf(stderr, "zpm: 'zpm daemon' is started by zpm-keeper. To start the "
                    "daemon: zpm start-daemon\n");
    return ZPM_CLI_USAGE;
  }
  return zpm_daemon_main(&options);
}

int main(int argc, char **argv)
{
  if (argc > 1 && strcmp(argv[1], "daemon") == 0)
    return run_daemon(argc, argv);
  return zpm_cli_main(argc, (const char *const *)argv);
}
