#ifndef ZPM_CLIENT_ENVIRON_H
#define ZPM_CLIENT_ENVIRON_H

#include <stdbool.h>

/* Whether "KEY=value" belongs to one app, or to the Node process that we are
 * called from, and so must reach neither a daemon nor another app. */
bool zpm_environ_is_private(const char *pair);

#endif
