#ifndef ZPM_DAEMON_DAEMON_H
#define ZPM_DAEMON_DAEMON_H

/*
 * The daemon: `zpm daemon`, which zpm-keeper starts and starts again.
 *
 * Its life: takes the lock of its namespace, the state and the keeper over,
 * listens, starts what is wanted, says "ready" on stdout, and serves until it
 * is told to leave by `shutdown`, SIGTERM or SIGINT.  Then it stops all apps,
 * sends the keeper away, and returns.  What it cannot survive it says on stdout
 * (to who started it) and on stderr (daemon.log).
 */
struct zpm_daemon_options {
  const char *home;           /* NULL: ZPM_HOME, else ~/.zpm */
  const char *namespace_name; /* NULL: ZPM_NAMESPACE, else "zuz-pm" */
};

/* The exit code: 0 left as told, 1 failed, 2 was not started by zpm-keeper.  By
 * `update` it ends without returning, with 3. */
int zpm_daemon_main(const struct zpm_daemon_options *options);

#endif
