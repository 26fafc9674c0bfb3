#include "api/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "api/batch.h"
#include "api/state.h"

/* What is asked of apps in cluster mode. */

/* ---- reload ---- */

static void reload_one_by_one(struct zpm_supervisor *supervisor,
                              const char *name, zpm_done_cb *done, void *ctx)
{
  zpm_supervisor_reload(supervisor, name, 1, done, ctx);
}

static void refuse_parallel(struct zpm_call *call)
{
  struct zpm_error err;

  zpm_error_set(&err, ZPM_EARG,
                "'reload' of all apps takes no 'parallel': name the app");
  zpm_call_answer_error(call, &err);
}

void zpm_cluster_reload(struct zpm_call *call)
{
  struct zpm_supervisor *supervisor = call->api->supervisor;
  const char *name = zpm_request_string(&call->request, "name");
  double parallel = zpm_request_number(&call->request, "parallel", 0);

  if (strcmp(name, "all") != 0 && zpm_supervisor_find(supervisor, name) == NULL)
    zpm_call_answer_no_app(call, name);
  else if (strcmp(name, "all") != 0)
    zpm_supervisor_reload(supervisor, name, (unsigned)parallel, zpm_call_done,
                          call);
  else if (parallel > 0)
    refuse_parallel(call);
  else
    zpm_batch_all(call, reload_one_by_one, "reloaded");
}

/* ---- scale ---- */

enum { DIGITS_MAX = 4 };

/* "4", "+2" or "-1" of `before`; -1: it is none of these. */
static int read_count(const char *text, unsigned before)
{
  int sign = text[0] == '-' ? -1 : 1;
  bool relative = text[0] == '+' || text[0] == '-';
  const char *digits = text + relative;
  size_t len = strlen(digits);
  int count;

  if (len == 0 || len > DIGITS_MAX || strspn(digits, "0123456789") != len)
    return -1;
  count = (int)strtol(digits, NULL, 10);
  if (relative)
    count = (int)before + sign * count;
  return count >= 0 ? count : 0;
}

static void refuse_count(struct zpm_call *call, const char *text)
{
  struct zpm_error err;

  zpm_error_set(&err, ZPM_EARG,
                "'%.40s' is no number of processes: 4, +2 (more) or -1 (less)",
                text);
  zpm_call_answer_error(call, &err);
}

void zpm_cluster_scale(struct zpm_call *call)
{
  struct zpm_supervisor *supervisor = call->api->supervisor;
  const char *name = zpm_request_string(&call->request, "name");
  const char *text = zpm_request_string(&call->request, "instances");
  const struct zpm_app *app = zpm_supervisor_find(supervisor, name);
  struct zpm_app_view view;
  int count;

  if (app == NULL) {
    zpm_call_answer_no_app(call, name);
    return;
  }
  zpm_app_view(app, &view);
  count = read_count(text, view.instances);
  if (count < 0)
    refuse_count(call, text);
  else
    zpm_supervisor_scale(supervisor, name, (unsigned)count, zpm_call_done,
                         call);
}
