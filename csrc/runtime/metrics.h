#ifndef ZPM_RUNTIME_METRICS_H
#define ZPM_RUNTIME_METRICS_H

#include <stddef.h>
#include <stdint.h>

/*
 * CPU and memory of whole process trees, sampled when somebody asks, never by
 * a timer.  CPU per cent is of one core, over the time since the same process
 * was last sampled (since its start the first time); two looks within 200 ms
 * give the same figure.
 */
struct zpm_metrics;

struct zpm_usage {
  double cpu_percent;
  uint64_t rss_bytes;
  uint32_t processes;
};

struct zpm_metrics_tree {
  int leader;             /* pid; 0: not running, usage is all zero */
  const char *marker;     /* "ZPM_APP_ID=..." for its orphans */
  struct zpm_usage usage; /* out */
};

struct zpm_metrics *zpm_metrics_create(void); /* NULL: out of memory */
void zpm_metrics_destroy(struct zpm_metrics *metrics);

/* Fills the usage of each tree.  Costs two small reads per process of the trees
 * and one for the keeper; processes of nobody are not looked at.
 * now_ns: monotonic. */
void zpm_metrics_sample(struct zpm_metrics *metrics, int keeper,
                        struct zpm_metrics_tree *trees, size_t count,
                        uint64_t now_ns);

#endif
