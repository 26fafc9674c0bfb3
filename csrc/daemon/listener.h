#ifndef ZPM_DAEMON_LISTENER_H
#define ZPM_DAEMON_LISTENER_H

/* A socket that listens at `path`, non-blocking and close-on-exec, its file
 * 0600; or a negative code.  What lies there is replaced. */
int zpm_listener_open(const char *path);

#endif
