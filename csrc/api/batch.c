#include "api/batch.h"

#include <stdio.h>

#include "api/handlers.h"
#include "api/state.h"
#include "api/wish.h"
#include "base/alloc.h"

struct batch;

/* One of its commands, and how it went. */
struct item {
  struct batch *batch;
  char *name; /* NULL: not known */
  char *text; /* what was said; NULL: there was no memory for it */
  int code;   /* 0: done */
};

struct batch {
  struct zpm_call *call;
  void (*finish)(struct batch *batch); /* answers */
  const char *did;
  size_t pending; /* commands under way, and one for who issues them */
  size_t idle;    /* had nothing to be stopped */
  size_t count;
  struct item items[];
};

static struct batch *create(struct zpm_call *call, size_t count,
                            void (*finish)(struct batch *batch))
{
  struct batch *batch =
      zpm_alloc_zeroed(1, sizeof(*batch) + count * sizeof(struct item));

  if (batch == NULL)
    return NULL;
  batch->call = call;
  batch->finish = finish;
  batch->pending = count + 1;
  batch->count = count;
  for (size_t i = 0; i < count; i++)
    batch->items[i].batch = batch;
  return batch;
}

static void destroy(struct batch *batch)
{
  for (size_t i = 0; i < batch->count; i++) {
    zpm_free(batch->items[i].name);
    zpm_free(batch->items[i].text);
  }
  zpm_free(batch);
}

static void one_less(struct batch *batch)
{
  if (--batch->pending > 0)
    return;
  batch->finish(batch);
  destroy(batch);
}

static void on_item_done(void *ctx, const char *text,
                         const struct zpm_error *err)
{
  struct item *item = ctx;

  item->code = err != NULL ? err->code : 0;
  item->text = zpm_strdup(err != NULL ? err->message : text);
  one_less(item->batch);
}

static void answer_no_memory(struct zpm_call *call)
{
  struct zpm_error err;

  zpm_error_set(&err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  zpm_call_answer_error(call, &err);
}

static const char *text_of(const struct item *item)
{
  return item->text != NULL ? item->text : zpm_code_text(ZPM_ENOMEM);
}

/* ---- one command for all apps ---- */

static void answer_failures(struct batch *batch, const struct item *first,
                            size_t failed)
{
  struct zpm_error err;

  if (batch->count == 1)
    zpm_error_set(&err, first->code, "%s", text_of(first));
  else
    zpm_error_set(&err, first->code,
                  "%s %zu of %zu apps; the others failed, the first: %s",
                  batch->did, batch->count - failed, batch->count,
                  text_of(first));
  zpm_call_answer_error(batch->call, &err);
}

static void put_count(const struct batch *batch, char *text, size_t size)
{
  size_t done = batch->count - batch->idle;
  int used = snprintf(text, size, "%s %zu app%s", batch->did, done,
                      done == 1 ? "" : "s");

  if (batch->idle > 0)
    snprintf(text + used, size - (size_t)used, "; %zu %s not running",
             batch->idle, batch->idle == 1 ? "was" : "were");
}

static void answer_count(struct batch *batch)
{
  const struct item *first = NULL;
  size_t failed = 0;
  char text[128];

  for (size_t i = 0; i < batch->count; i++) {
    if (batch->items[i].code == 0)
      continue;
    failed++;
    first = first != NULL ? first : &batch->items[i];
  }
  if (first != NULL) {
    answer_failures(batch, first, failed);
    return;
  }
  put_count(batch, text, sizeof(text));
  zpm_call_answer_text(batch->call,
                       batch->count > 0 ? text : "there are no apps");
}

/* Names first: a command may change the list of apps. */
static int copy_names(const struct zpm_supervisor *supervisor,
                      struct batch *batch)
{
  for (size_t i = 0; i < batch->count; i++) {
    struct zpm_app_view view;

    zpm_app_view(zpm_supervisor_app(supervisor, i), &view);
    batch->items[i].name = zpm_strdup(view.name);
    batch->idle += view.status == ZPM_STATUS_STOPPED;
    if (batch->items[i].name == NULL)
      return ZPM_ENOMEM;
  }
  return 0;
}

void zpm_batch_all(struct zpm_call *call, zpm_batch_command *command,
                   const char *did)
{
  struct zpm_supervisor *supervisor = call->api->supervisor;
  struct batch *batch =
      create(call, zpm_supervisor_count(supervisor), answer_count);

  if (batch == NULL || copy_names(supervisor, batch) != 0) {
    if (batch != NULL)
      destroy(batch);
    answer_no_memory(call);
    return;
  }
  batch->did = did;
  if (command != zpm_supervisor_stop)
    batch->idle = 0;
  for (size_t i = 0; i < batch->count; i++)
    command(supervisor, batch->items[i].name, on_item_done, &batch->items[i]);
  one_less(batch);
}

/* ---- start-many ---- */

static void put_item(struct zpm_writer *w, const struct item *item)
{
  zpm_writer_begin_object(w);
  zpm_writer_key(w, "name");
  zpm_writer_text(w, item->name);
  zpm_writer_key(w, "ok");
  zpm_writer_bool(w, item->code == 0);
  zpm_writer_key(w, item->code == 0 ? "message" : "error");
  zpm_writer_text(w, text_of(item));
  if (item->code != 0) {
    zpm_writer_key(w, "code");
    zpm_writer_text(w, zpm_code_name(item->code));
  }
  zpm_writer_end_object(w);
}

static void answer_items(struct batch *batch)
{
  struct zpm_writer w;

  zpm_call_begin(batch->call, &w);
  zpm_writer_begin_array(&w);
  for (size_t i = 0; i < batch->count; i++)
    put_item(&w, &batch->items[i]);
  zpm_writer_end_array(&w);
  zpm_call_end(batch->call, &w);
}

/* A config without a name gets it from its script: the answer tells which.
 * What else is wrong with it is the supervisor's to say. */
static void settle_name(struct item *item, struct zpm_config *config)
{
  if (config->name == NULL && config->script_path != NULL)
    (void)zpm_config_validate(config, NULL);
  if (config->name != NULL)
    item->name = zpm_strdup(config->name);
}

static void start_item(struct item *item, struct zpm_environment *environment,
                       const cJSON *json)
{
  struct zpm_supervisor *supervisor = item->batch->call->api->supervisor;
  struct zpm_order order;
  struct zpm_wish wish;
  struct zpm_error err = {0};
  int rc = zpm_wish_read(&wish, NULL, json, NULL, &err);

  settle_name(item, &wish.config);
  order = (struct zpm_order){
      .config = &wish.config,
      .environment = environment,
      .until_ready =
          zpm_request_bool(&item->batch->call->request, "wait", false),
  };
  if (rc == 0)
    rc = zpm_wish_check_start(&wish, supervisor, &err);
  if (rc == 0)
    zpm_supervisor_start(supervisor, &order, on_item_done, item);
  else
    on_item_done(item, NULL, &err);
  zpm_wish_deinit(&wish);
}

void zpm_batch_start(struct zpm_call *call)
{
  const cJSON *configs = zpm_request_item(&call->request, "configs");
  struct batch *batch =
      create(call, (size_t)cJSON_GetArraySize(configs), answer_items);
  struct zpm_wish shared;
  struct zpm_error err = {0};
  size_t i = 0;
  const cJSON *json;

  if (batch == NULL) {
    answer_no_memory(call);
    return;
  }
  if (zpm_wish_read(&shared, &call->request, NULL, NULL, &err) != 0) {
    destroy(batch);
    zpm_call_answer_error(call, &err);
  } else {
    for (json = configs->child; json != NULL; json = json->next)
      start_item(&batch->items[i++], shared.environment, json);
    one_less(batch);
  }
  zpm_wish_deinit(&shared);
}
