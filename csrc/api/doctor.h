#ifndef ZPM_API_DOCTOR_H
#define ZPM_API_DOCTOR_H

#include <stdbool.h>

#include "proto/writer.h"

struct zpm_api;

/* One examination: findings are written as they are made. */
struct zpm_doctor {
  struct zpm_api *api;
  struct zpm_writer *w;
};

struct zpm_finding {
  const char *check;
  bool ok;
  const char *text;
  const char *advice; /* when not ok */
};

void zpm_doctor_report(struct zpm_doctor *doctor,
                       const struct zpm_finding *finding);

/* What this system lets zpm do: ending whole trees, watching files, seeing who
 * holds a port, running apps as somebody else. */
void zpm_doctor_look_at_system(struct zpm_doctor *doctor);

#endif
