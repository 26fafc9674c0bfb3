#ifndef ZPM_RUNTIME_LAUNCH_H
#define ZPM_RUNTIME_LAUNCH_H

#include <stdbool.h>

#include "base/str.h"
#include "core/config.h"
#include "core/record.h"
#include "runtime/identity.h"
#include "zpm/error.h"

/*
 * From a config to what execve needs.  Done anew for every start, so that a
 * new Node or a moved script is seen.
 *
 *   script path, executable or not -> interpreter by config or extension
 *   bare command                   -> node_modules/.bin of cwd upwards, then
 *                                     PATH of the app's environment
 *
 * A script path is tried first; a name without '/' that is no file in cwd is a
 * bare command.  Everything that can be found wrong before forking is
 * (ZPM_ESTART naming stage, path, errno in words and a hint): cwd missing or no
 * folder, script missing or a folder, not executable and no interpreter for it,
 * shebang naming a program that is not there, interpreter not found.
 */
struct zpm_handoff;
struct zpm_spawn;

struct zpm_launch {
  char *path;   /* absolute, for execve */
  char *script; /* that it is to read, or NULL: it is the script */
  struct zpm_identity identity;
  struct zpm_strv argv;
  struct zpm_strv env;
  bool is_node;           /* agent preloaded, wants an IPC channel */
  struct zpm_build build; /* the script as it is now; zero if unknown */
};

struct zpm_launch_options {
  const struct zpm_config *config;           /* validated */
  const struct zpm_environment *environment; /* of the caller, or NULL: ours */
  const char *marker;                        /* "ZPM_APP_ID=..." */
  const char *agent_path;    /* agent.cjs, or NULL: no preload, no channel */
  int channel_fd;            /* what NODE_CHANNEL_FD will be; -1: no channel */
  int32_t worker_id;         /* of a cluster, NODE_UNIQUE_ID; 0: none */
  unsigned inspector_offset; /* of a worker's port, from that of the first */
  const char *notify_socket; /* NOTIFY_SOCKET, or NULL */
  const struct zpm_handoff *handoff; /* NODE_ZPM_SOCKETS; or NULL */
  unsigned instance; /* NODE_APP_INSTANCE (as PM2 has it), ZPM_INSTANCE */
};

int zpm_launch_prepare(struct zpm_launch *launch,
                       const struct zpm_launch_options *options,
                       struct zpm_error *err);
void zpm_launch_deinit(struct zpm_launch *launch);

/* What the keeper is to start, but for id and fds: the launch in the app's
 * folder, as its user, with its limits.  Borrows from both. */
void zpm_launch_fill_spawn(struct zpm_spawn *spawn,
                           const struct zpm_launch *launch,
                           const struct zpm_config *config);

/* "app 'x': cannot run /a/b: permission denied. Make it executable: chmod +x
 * /a/b" from what the child reported. Always returns ZPM_ESTART. */
int zpm_launch_explain(const struct zpm_launch *launch, const char *cwd,
                       int stage, int error, struct zpm_error *err);

#endif
