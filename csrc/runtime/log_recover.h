#ifndef ZPM_RUNTIME_LOG_RECOVER_H
#define ZPM_RUNTIME_LOG_RECOVER_H

struct zpm_inflight;

/* Writes the batch that an earlier process left in the in-flight file, if there
 * is one: the file is cut back to where the batch began, so that none of it is
 * there twice. */
void zpm_log_recover(const char *folder, struct zpm_inflight *inflight);

#endif
