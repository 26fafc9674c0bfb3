#ifndef ZPM_CLIENT_STARTER_H
#define ZPM_CLIENT_STARTER_H

#include "platform/paths.h"
#include "zpm/error.h"

/*
 * Starts `zpm-keeper -- <zpm_path> daemon --namespace <paths->name>` in a
 * session of its own and waits until the daemon says "ready", at most
 * `timeout_ms`.  Anything else that it says is its reason for not starting.
 * `log` becomes the standard error of both; it stays the caller's to close.
 *
 * Meant to be called from any thread of any host (Node): no child is left to be
 * reaped, none of the host's file descriptors, signal handlers or blocked
 * signals reach the keeper, and the forked child makes only calls that are safe
 * in the child of a program with threads.
 */
int zpm_starter_run(const struct zpm_paths *paths, const char *zpm_path,
                    int log, int timeout_ms, struct zpm_error *err);

#endif
