/* zpm: the command line, and, as `zpm daemon`, the daemon. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "client/foreground.h"
#include "daemon/daemon.h"
#include "daemon/run.h"
#include "platform/platform.h"
#include "proto/service.h"

/* `zpm daemon` is for those who start it, and in no help:
 *
 *   zpm daemon [--namespace NAME]            by zpm-keeper
 *   zpm daemon --service [--namespace NAME]  by an init system (zpm startup)
 *   zpm daemon --run FOLDER                  by zpm-keeper, for zpm run
 */
static int misused(void)
{
  fprintf(stderr, "zpm: 'zpm daemon' is started by zpm-keeper. To start the "
                  "daemon: zpm start-daemon\n");
  return ZPM_CLI_USAGE;
}

static int serve(const char *namespace_name)
{
  struct zpm_client_options options = {.namespace_name = namespace_name};
  struct zpm_str path = {0};
  struct zpm_error err = {0};
  int rc = zpm_platform_executable(&path);

  if (rc != 0)
    zpm_error_set(&err, rc, "cannot tell where zpm itself lies");
  options.zpm_path = path.data;
  if (rc == 0)
    rc = zpm_foreground_service(&options, &err);
  zpm_cli_complain(err.message);
  zpm_str_deinit(&path);
  return rc == ZPM_EBUSY ? ZPM_SERVICE_EXIT_RUNS_ALREADY : ZPM_CLI_FAILED;
}

static int run_daemon(int argc, char **argv)
{
  struct zpm_daemon_options options = {0};
  bool service = argc > 2 && strcmp(argv[2], "--service") == 0;
  int at = service ? 3 : 2;

  if (argc == 4 && strcmp(argv[2], "--run") == 0)
    return zpm_run_main(argv[3]);

  if (at + 2 == argc && strcmp(argv[at], "--namespace") == 0)
    options.namespace_name = argv[at + 1];
  else if (at != argc)
    return misused();
  return service ? serve(options.namespace_name) : zpm_daemon_main(&options);
}

int main(int argc, char **argv)
{
  if (argc > 1 && strcmp(argv[1], "daemon") == 0)
    return run_daemon(argc, argv);
  return zpm_cli_main(argc, (const char *const *)argv);
}
