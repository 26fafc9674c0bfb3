/*
 * A zpm whose daemon does not come to serve.  How, says the folder it lies in:
 * it crashes, it hangs, or else it tells why and ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static int run_daemon(const char *path)
{
  if (strstr(path, "/crashes/") != NULL)
    abort();
  while (strstr(path, "/hangs/") != NULL)
    pause();
  fprintf(stderr, "2030-01-01T00:00:00Z cannot start: it is broken\n");
  return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
  if (argc > 1 && strcmp(argv[1], "daemon") == 0)
    return run_daemon(argv[0]);
  return zpm_cli_main(argc, (const char *const *)argv);
}
