#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netdb.h>

#include <uv.h>

#include "core/probe.h"
#include "runtime/closer.h"
#include "runtime/lookup.h"
#include "runtime/services.h"

/* ---- a name server that answers when it is told to ---- */

static struct {
  uv_sem_t asked;
  uv_sem_t may_answer;
} server;

int getaddrinfo(const char *host, const char *service,
                const struct addrinfo *hints, struct addrinfo **found)
{
  (void)host;
  (void)service;
  (void)hints;
  (void)found;
  uv_sem_post(&server.asked);
  uv_sem_wait(&server.may_answer);
  return EAI_NONAME;
}

/* ---- the tests ---- */

struct world {
  uv_loop_t loop;
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

  *w = (struct world){.services = {.loop = &w->loop}};
  assert_int_equal(uv_sem_init(&server.asked, 0), 0);
  assert_int_equal(uv_sem_init(&server.may_answer, 0), 0);
  assert_int_equal(uv_loop_init(&w->loop), 0);
  zpm_closer_init(&w->closer, on_closed, w);
  assert_int_equal(
      zpm_lookup_start(&w->services, &endpoint, on_answer, w, &w->lookup), 0);
  uv_sem_wait(&server.asked);
}

static void leave(struct world *w)
{
  assert_int_equal(w->closed, 1);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  uv_sem_destroy(&server.asked);
  uv_sem_destroy(&server.may_answer);
}

static void an_answer_comes_once(void **state)
{
  struct world w;

  (void)state;
  ask(&w);
  uv_sem_post(&server.may_answer);
  uv_run(&w.loop, UV_RUN_DEFAULT);
  assert_int_equal(w.answers, 1);
  assert_int_equal(w.rc, UV_EAI_NONAME);
  zpm_lookups_wait(&w.services.lookups, &w.closer);
  zpm_closer_release(&w.closer);
  leave(&w);
}

static void who_closes_waits_for_one_that_has_begun(void **state)
{
  struct world w;

  (void)state;
  ask(&w);
  zpm_lookup_cancel(w.lookup);
  zpm_lookups_wait(&w.services.lookups, &w.closer);
  zpm_closer_release(&w.closer);
  uv_run(&w.loop, UV_RUN_NOWAIT);
  assert_int_equal(w.closed, 0);
  uv_sem_post(&server.may_answer);
  while (w.closed == 0)
    uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(w.answers, 0);
  leave(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_comes_once),
      cmocka_unit_test(who_closes_waits_for_one_that_has_begun),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
