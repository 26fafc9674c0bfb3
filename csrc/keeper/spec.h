#ifndef ZPM_KEEPER_SPEC_H
#define ZPM_KEEPER_SPEC_H

#include <sys/types.h>

#include "keeper/wire.h"

/* A spec (wire.h) as read back: everything points into its mapping, which is
 * never released, as its reader becomes another program or dies. */
struct zpm_spec {
  struct zpm_spawn_spec head;
  const struct zpm_spec_rlimit *rlimits;
  const gid_t *groups;
  char *path;
  char *cwd;
  char *script;
  char **argv;
  char **envp;
};

/* 0, or -1 with errno. */
int zpm_spec_read(struct zpm_spec *spec, int fd);

#endif
