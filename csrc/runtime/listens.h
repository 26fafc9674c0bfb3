#ifndef ZPM_RUNTIME_LISTENS_H
#define ZPM_RUNTIME_LISTENS_H

#include <stdbool.h>
#include <stdint.h>

struct zpm_services;

/* Whether a run listens on this TCP port: its leader, or (`wide`) any process
 * of its tree, which costs a reading of the process table.  False as well if
 * that cannot be told. */
bool zpm_listens_on(struct zpm_services *services, int leader, uint16_t port,
                    bool wide);

#endif
