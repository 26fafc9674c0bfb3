#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <uv.h>

#include "core/probe.h"
#include "runtime/closer.h"
#include "runtime/lookup.h"
#include "runtime/services.h"

/* ---- these stand in for those of libuv ---- */

/* What has been asked for and cannot be taken back. */
static struct {
  uv_getaddrinfo_t *request;
  uv_getaddrinfo_cb done;
} asked;

int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request,
                   uv_getaddrinfo_cb done, const char *host,
                   const char *service, const struct addrinfo *hints)
{
  (void)loop;
  (void)host;
  (void)service;
  (void)hints;
  asked.request = request;
  asked.done = done;
  return 0;
}

void uv_freeaddrinfo(struct addrinfo *found)
{
  (void)found;
}

static void answer(void)
{
  asked.done(asked.request, UV_EAI_NONAME, NULL);
}

/* ---- the tests ---- */

struct world {
  struct zpm_services services;
  struct zpm_lookup *lookup;
  struct zpm_closer closer;
  unsigned closed;
  unsigned answers;
  int rc;
};

static void on_closed(void *ctx)
{
  struct world *w = ctx;

  w->closed++;
}

static void on_answer(void *ctx, int rc, const struct zpm_addresses *addresses)
{
  struct world *w = ctx;

  (void)addresses;
  w->answers++;
  w->rc = rc;
}

static void ask(struct world *w)
{
  const struct zpm_endpoint endpoint = {.host = "host.example", .port = 80};

  *w = (struct world){0};
  zpm_closer_init(&w->closer, on_closed, w);
  assert_int_equal(
      zpm_lookup_start(&w->services, &endpoint, on_answer, w, &w->lookup), 0);
}

static void close_all(struct world *w)
{
  zpm_lookups_wait(&w->services.lookups, &w->closer);
  zpm_closer_release(&w->closer);
}

static void an_answer_comes_once(void **state)
{
  struct world w;

  (void)state;
  ask(&w);
  answer();
  assert_int_equal(w.answers, 1);
  assert_int_equal(w.rc, UV_EAI_NONAME);
  close_all(&w);
  assert_int_equal(w.closed, 1);
}

static void who_closes_waits_for_one_that_has_begun(void **state)
{
  struct world w;

  (void)state;
  ask(&w);
  zpm_lookup_cancel(w.lookup);
  close_all(&w);
  assert_int_equal(w.closed, 0);
  answer();
  assert_int_equal(w.closed, 1);
  assert_int_equal(w.answers, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_comes_once),
      cmocka_unit_test(who_closes_waits_for_one_that_has_begun),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
