#ifndef ZPM_CORE_CGROUP_H
#define ZPM_CORE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Reading what Linux says about control groups; pure, so that the many ways in
 * which they are mounted can be tried.
 */

/* The folder of a process's own group: from /proc/self/mountinfo and
 * /proc/self/cgroup.  `controller` of version 1 ("memory"), or NULL for version
 * 2.  ZPM_EUNSUPPORTED if it is not mounted, or lies outside of what is. */
int zpm_cgroup_folder(const char *mountinfo, const char *cgroups,
                      const char *controller, struct zpm_str *folder);

/* The name of the group of version 2 that lies right below the first one whose
 * name begins with `prefix`: "7" of "0::/a/zpm-1/7/x".  False: there is none,
 * or no room for it. */
bool zpm_cgroup_below(const char *cgroups, const char *prefix, char *name,
                      size_t room);

/* The number behind "key " at the beginning of a line; 0: there is none. */
uint64_t zpm_cgroup_number(const char *text, const char *key);

#endif
