#ifndef ZPM_DAEMON_RUN_H
#define ZPM_DAEMON_RUN_H

/*
 * `zpm daemon --run FOLDER`: a daemon for one app, in the foreground (zpm run).
 *
 * The file "order" of its folder holds the config of the app as JSON.  It
 * starts it, passes its output and what it is sent on, and ends when the app
 * has ended for good; then the folder is gone.  It listens to nobody.
 */

/* The exit code: that of the app, 128 + N after signal N; 1: it never ran. */
int zpm_run_main(const char *folder);

#endif
