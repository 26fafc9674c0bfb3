#ifndef ZPM_DAEMON_DISMISS_H
#define ZPM_DAEMON_DISMISS_H

#include <uv.h>

/*
 * For a daemon that cannot start: sends its keeper away, which would otherwise
 * start it again and again.  A keeper that holds apps stays: they must not die
 * of this, and the next try may succeed; so does one that has an older daemon
 * to go back to.  Runs the loop.
 */
void zpm_dismiss_keeper(uv_loop_t *loop);

#endif
