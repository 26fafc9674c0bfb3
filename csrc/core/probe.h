#ifndef ZPM_CORE_PROBE_H
#define ZPM_CORE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/field.h"
#include "zpm/error.h"

/*
 * One way to ask an app how it is, as configured, and what its target means.
 */

enum zpm_probe_type { ZPM_PROBE_HTTP, ZPM_PROBE_TCP, ZPM_PROBE_EXEC };

enum zpm_probe_kind {
  ZPM_PROBE_LIVENESS,  /* failing: the app is restarted, as after a crash */
  ZPM_PROBE_READINESS, /* until it has passed, the app is starting */
};

struct zpm_probe {
  int type; /* enum zpm_probe_type */
  int kind; /* enum zpm_probe_kind */
  char *target;
  uint32_t interval_ms;       /* 10000; from the end of one to the next */
  uint32_t timeout_ms;        /* 5000; of one attempt, all of it */
  uint32_t initial_delay_ms;  /* 0; readiness: after the program runs,
                                 liveness: after the app is ready */
  uint32_t failure_threshold; /* 3; failures in a row that mean failing */
  uint32_t success_threshold; /* 1; successes in a row that mean healthy */
  uint32_t expect_status;     /* http; 0: any below 500 */
  bool insecure;              /* https: any certificate will do */
};

struct zpm_probes {
  struct zpm_probe *items;
  size_t len;
};

enum { ZPM_PROBES_MAX = 8 }; /* of one app */

/* What an http or tcp target says. */
struct zpm_endpoint {
  char host[256]; /* a name, or an address without brackets */
  uint16_t port;
  bool secure;           /* https */
  char host_header[300]; /* http: "localhost:3000", "[::1]:3000" */
  char path[2048];       /* http: with its query, "/" at least; no fragment */
};

/* "http://localhost:3000/health", "https://...", "localhost:3000" and
 * "tcp://localhost:3000", ":3000" and "3000" (this host).  Refuses what could
 * be smuggled into a request (controls, blanks), user:password@, and ports out
 * of range.  Pure and total: any bytes may come. */
int zpm_probe_endpoint(enum zpm_probe_type type, const char *target,
                       struct zpm_endpoint *out, struct zpm_error *err);

/* Whether the endpoint is (or may be, if it is a name) what listens at that
 * numeric address and port of this host. */
bool zpm_probe_means(const struct zpm_endpoint *endpoint, const char *address,
                     uint16_t port);

/* What can be said of a probe, as ZPM_FIELDS for a config. */
extern const struct zpm_field ZPM_PROBE_FIELDS[];
extern const size_t ZPM_PROBE_FIELD_COUNT;

/* The defaults; neither type nor target. */
void zpm_probe_init(struct zpm_probe *probe);
void zpm_probe_deinit(struct zpm_probe *probe);

/* From a command line: "http://localhost:3000/up,interval=5,kind=readiness",
 * "tcp:3000", "exec:./check.sh a,b,timeout=2".  To be released also when it
 * failed. */
int zpm_probe_from_text(struct zpm_probe *probe, const char *text,
                        const char *label, struct zpm_error *err);

/* Takes what *probe holds over, also when it fails (ZPM_ENOMEM). */
int zpm_probes_add(struct zpm_probes *probes, struct zpm_probe *probe);
int zpm_probes_copy(struct zpm_probes *to, const struct zpm_probes *from);
void zpm_probes_deinit(struct zpm_probes *probes);
bool zpm_probes_equal(const struct zpm_probes *a, const struct zpm_probes *b);

/* "http", "tcp", "exec"; "liveness", "readiness". Static. */
const char *zpm_probe_type_name(int type);
const char *zpm_probe_kind_name(int kind);

#endif
