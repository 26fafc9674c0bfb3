#include "api/tail.h"

#include <string.h>

#include "base/alloc.h"
#include "zpm/error.h"

enum { TAIL_MAX = 3 };

struct tail {
  struct zpm_list link;
  int stream;
  size_t len;
  char bytes[TAIL_MAX];
  char app[];
};

static struct tail *find(struct zpm_list *tails, const char *app, int stream)
{
  ZPM_LIST_EACH(it, tails)
  {
    struct tail *tail = ZPM_CONTAINER_OF(it, struct tail, link);

    if (tail->stream == stream && strcmp(tail->app, app) == 0)
      return tail;
  }
  return NULL;
}

static void drop(struct tail *tail)
{
  zpm_list_remove(&tail->link);
  zpm_free(tail);
}

int zpm_tail_take(struct zpm_list *tails, const char *app, int stream,
                  struct zpm_str *joined)
{
  struct tail *tail = find(tails, app, stream);
  int rc;

  if (tail == NULL)
    return 0;
  rc = zpm_str_append(joined, tail->bytes, tail->len);
  drop(tail);
  return rc;
}

int zpm_tail_keep(struct zpm_list *tails, const char *app, int stream,
                  const char *bytes, size_t len)
{
  size_t size = strlen(app) + 1;
  struct tail *tail = zpm_alloc(sizeof(*tail) + size);

  if (tail == NULL)
    return ZPM_ENOMEM;
  *tail = (struct tail){.stream = stream, .len = len};
  memcpy(tail->bytes, bytes, len);
  memcpy(tail->app, app, size);
  zpm_list_append(tails, &tail->link);
  return 0;
}

void zpm_tail_drop_all(struct zpm_list *tails)
{
  while (!zpm_list_empty(tails))
    drop(ZPM_CONTAINER_OF(tails->next, struct tail, link));
}
