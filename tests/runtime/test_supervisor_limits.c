/* An app that uses more than its maxMemory, with real processes. */
#include "runtime/supervisor_fixture.h"

static bool is_restarted(void *ctx)
{
  struct world *w = ctx;

  return view(w, "fat").total_restarts > 0 &&
         view(w, "fat").status == ZPM_STATUS_RUNNING;
}

static void the_whole_tree_counts_and_is_restarted(void **state)
{
  struct world *w = *state;
  int before;

  /* Each shell uses about a megabyte: one is within the limit. */
  write_script(w, "fat",
               "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do\n"
               "  sh -c 'while :; do sleep 1000; done' &\ndone\nwait");
  write_script(w, "thin", "exec sleep 1000");
  assert_int_equal(start(w, config_of(w, "thin", "maxMemory", "8M", NULL)).code,
                   0);
  assert_int_equal(start(w, config_of(w, "fat", "maxMemory", "8M", NULL)).code,
                   0);
  before = view(w, "fat").pid;
  wait_until(w, is_restarted, w);
  assert_int_not_equal(view(w, "fat").pid, before);
  assert_int_equal(view(w, "fat").restart_count, 0); /* it is no crash */
  assert_int_equal(view(w, "thin").total_restarts, 0);
  assert_non_null(strstr(w->trouble, "app 'fat' uses "));
  assert_non_null(strstr(
      w->trouble, " MB, more than its maxMemory of 8 MB: it is restarted\n"));
  assert_int_equal(stop(w, "fat").code, 0);
  assert_int_equal(stop(w, "thin").code, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_whole_tree_counts_and_is_restarted,
                                      set_up, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
