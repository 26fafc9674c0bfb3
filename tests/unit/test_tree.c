#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/tree.h"

enum { KEEPER = 10, LEADER = 100, MOST = 32 };

/* Who carries the app's marker, and who was asked. */
struct world {
  int marked[MOST];
  size_t marked_count;
  int asked[MOST];
  size_t asked_count;
};

static bool has_marker(void *ctx, int pid)
{
  struct world *world = ctx;

  world->asked[world->asked_count++] = pid;
  for (size_t i = 0; i < world->marked_count; i++) {
    if (world->marked[i] == pid)
      return true;
  }
  return false;
}

static size_t find_members(struct zpm_process *items, size_t len,
                           struct world *world, size_t *members)
{
  struct zpm_process_table table = {.items = items, .len = len};
  struct zpm_tree_query query = {.leader = LEADER,
                                 .keeper = KEEPER,
                                 .has_marker = has_marker,
                                 .ctx = world};

  return zpm_tree_members(&table, &query, members);
}

/* The members must be exactly the pids that follow, in this order. */
#define assert_members(items, world, ...)                                      \
  do {                                                                         \
    const int wanted_[] = {__VA_ARGS__};                                       \
    size_t members_[MOST];                                                     \
    size_t count_ = find_members(items, sizeof(items) / sizeof(items[0]),      \
                                 world, members_);                             \
                                                                               \
    assert_int_equal(count_, sizeof(wanted_) / sizeof(wanted_[0]));            \
    for (size_t i_ = 0; i_ < count_; i_++)                                     \
      assert_int_equal((items)[members_[i_]].pid, wanted_[i_]);                \
  } while (0)

static void a_tree_is_the_leader_and_all_its_descendants(void **state)
{
  struct zpm_process items[] = {
      {.pid = 1, .state = 'S'},
      {.pid = KEEPER, .ppid = 1, .pgid = KEEPER, .state = 'S'},
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 101, .ppid = LEADER, .pgid = LEADER, .state = 'R'},
      {.pid = 102, .ppid = 101, .pgid = LEADER, .state = 'T'},
      {.pid = 103, .ppid = 1, .pgid = 103, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, LEADER, 101, 102);
}

static void a_child_that_called_setsid_belongs_to_the_tree(void **state)
{
  struct zpm_process items[] = {
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 101, .ppid = LEADER, .pgid = 101, .state = 'S'},
      {.pid = 102, .ppid = 101, .pgid = 101, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, LEADER, 101, 102);
}

static void
a_member_of_the_leaders_group_belongs_whoever_its_parent(void **state)
{
  struct zpm_process items[] = {
      {.pid = 90, .ppid = 1, .pgid = LEADER, .state = 'S'},
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 101, .ppid = 90, .pgid = 101, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, 90, LEADER, 101);
}

static void the_group_belongs_when_the_leader_is_gone(void **state)
{
  struct zpm_process items[] = {
      {.pid = KEEPER, .ppid = 1, .pgid = KEEPER, .state = 'S'},
      {.pid = 101, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 102, .ppid = 101, .pgid = 102, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, 101, 102);
}

static void an_orphan_with_the_marker_belongs_with_its_descendants(void **state)
{
  struct zpm_process items[] = {
      {.pid = KEEPER, .ppid = 1, .pgid = KEEPER, .state = 'S'},
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 105, .ppid = KEEPER, .pgid = 105, .state = 'S'},
      {.pid = 106, .ppid = 105, .pgid = 106, .state = 'S'},
      {.pid = 107, .ppid = 106, .pgid = 107, .state = 'S'},
  };
  struct world world = {.marked = {105}, .marked_count = 1};

  (void)state;
  assert_members(items, &world, LEADER, 105, 106, 107);
}

static void an_orphan_without_the_marker_is_left_alone(void **state)
{
  struct zpm_process items[] = {
      {.pid = KEEPER, .ppid = 1, .pgid = KEEPER, .state = 'S'},
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 105, .ppid = KEEPER, .pgid = 105, .state = 'S'},
      {.pid = 106, .ppid = 105, .pgid = 106, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, LEADER);
}

static void
the_marker_is_asked_of_living_orphans_of_the_keeper_only(void **state)
{
  struct zpm_process items[] = {
      {.pid = KEEPER, .ppid = 1, .pgid = KEEPER, .state = 'S'},
      {.pid = 50, .ppid = 1, .pgid = 50, .state = 'S'},
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 101, .ppid = LEADER, .pgid = 101, .state = 'S'},
      {.pid = 105, .ppid = KEEPER, .pgid = 105, .state = 'Z'},
      {.pid = 106, .ppid = KEEPER, .pgid = 106, .state = 'S'},
  };
  struct world world = {.marked = {50, 106}, .marked_count = 2};

  (void)state;
  assert_members(items, &world, LEADER, 101, 106);
  assert_int_equal(world.asked_count, 1);
  assert_int_equal(world.asked[0], 106);
}

static void without_a_keeper_there_are_no_orphans(void **state)
{
  struct zpm_process items[] = {
      {.pid = 1, .ppid = 0, .pgid = 0, .state = 'S'},
      {.pid = LEADER, .ppid = 1, .pgid = LEADER, .state = 'S'},
  };
  struct zpm_process_table table = {.items = items, .len = 2};
  struct zpm_tree_query query = {.leader = LEADER};
  size_t members[2];

  (void)state;
  assert_int_equal(zpm_tree_members(&table, &query, members), 1);
  assert_int_equal(members[0], 1);
}

static void no_leader_means_no_group_of_kernel_threads(void **state)
{
  struct zpm_process items[] = {
      {.pid = 2, .ppid = 0, .pgid = 0, .state = 'S'},
      {.pid = 3, .ppid = 2, .pgid = 0, .state = 'I'},
  };
  struct zpm_process_table table = {.items = items, .len = 2};
  struct zpm_tree_query query = {.leader = 0};
  size_t members[2];

  (void)state;
  assert_int_equal(zpm_tree_members(&table, &query, members), 0);
}

static void zombies_are_left_out_but_not_what_hangs_on_them(void **state)
{
  struct zpm_process items[] = {
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'Z'},
      {.pid = 101, .ppid = LEADER, .pgid = 101, .state = 'S'},
      {.pid = 102, .ppid = 101, .pgid = 101, .state = 'X'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, 101);
}

static void a_child_with_a_smaller_pid_than_its_parent_is_found(void **state)
{
  struct zpm_process items[] = {
      {.pid = 20, .ppid = 30, .pgid = 20, .state = 'S'},
      {.pid = 30, .ppid = 40, .pgid = 30, .state = 'S'},
      {.pid = 40, .ppid = LEADER, .pgid = 40, .state = 'S'},
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, 20, 30, 40, LEADER);
}

static void the_keeper_is_never_a_member(void **state)
{
  struct zpm_process items[] = {
      {.pid = KEEPER, .ppid = LEADER, .pgid = LEADER, .state = 'S'},
      {.pid = 50, .ppid = KEEPER, .pgid = 50, .state = 'S'},
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, LEADER);
}

static void a_cycle_in_a_torn_table_ends(void **state)
{
  struct zpm_process items[] = {
      {.pid = LEADER, .ppid = 102, .pgid = LEADER, .state = 'S'},
      {.pid = 101, .ppid = LEADER, .pgid = 101, .state = 'S'},
      {.pid = 102, .ppid = 101, .pgid = 102, .state = 'S'},
      {.pid = 200, .ppid = 201, .pgid = 200, .state = 'S'},
      {.pid = 201, .ppid = 200, .pgid = 201, .state = 'S'},
      {.pid = 202, .ppid = 202, .pgid = 202, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, LEADER, 101, 102);
}

static void a_pid_that_was_read_twice_does_no_harm(void **state)
{
  struct zpm_process items[] = {
      {.pid = LEADER, .ppid = KEEPER, .pgid = LEADER, .state = 'S'},
      {.pid = 101, .ppid = LEADER, .pgid = 101, .state = 'S'},
      {.pid = 101, .ppid = 1, .pgid = 101, .state = 'S'},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, LEADER, 101);
}

static void a_stranger_under_a_used_again_pid_is_no_parent(void **state)
{
  struct zpm_process items[] = {
      {.pid = LEADER,
       .ppid = KEEPER,
       .pgid = LEADER,
       .state = 'S',
       .start_ticks = 500},
      /* Read while its parent, an earlier owner of that pid, still lived. */
      {.pid = 101, .ppid = LEADER, .pgid = 99, .state = 'S', .start_ticks = 7},
      {.pid = 102,
       .ppid = LEADER,
       .pgid = 102,
       .state = 'S',
       .start_ticks = 500},
  };
  struct world world = {0};

  (void)state;
  assert_members(items, &world, LEADER, 102);
}

static void an_empty_table_has_no_members(void **state)
{
  struct zpm_process_table table = {0};
  struct zpm_tree_query query = {.leader = LEADER, .keeper = KEEPER};
  size_t members[1];

  (void)state;
  assert_int_equal(zpm_tree_members(&table, &query, members), 0);
}

static void a_process_is_found_by_its_pid(void **state)
{
  struct zpm_process items[] = {{.pid = 1}, {.pid = 7}, {.pid = 9}};
  struct zpm_process_table table = {.items = items, .len = 3};

  (void)state;
  for (size_t i = 0; i < 3; i++)
    assert_ptr_equal(zpm_process_find(&table, items[i].pid), &items[i]);
  assert_null(zpm_process_find(&table, 0));
  assert_null(zpm_process_find(&table, 8));
  assert_null(zpm_process_find(&table, 10));
  table.len = 0;
  assert_null(zpm_process_find(&table, 1));
}

static void a_parent_is_older_than_its_child(void **state)
{
  struct zpm_process items[] = {
      {.pid = 5, .ppid = 1, .start_ticks = 50},
      {.pid = 7, .ppid = 5, .start_ticks = 50},
      {.pid = 8, .ppid = 5, .start_ticks = 49}, /* 5 was somebody else then */
  };
  struct zpm_process_table table = {.items = items, .len = 3};

  (void)state;
  assert_ptr_equal(zpm_process_parent(&table, &items[1]), &items[0]);
  assert_null(zpm_process_parent(&table, &items[2]));
  assert_null(zpm_process_parent(&table, &items[0]));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_tree_is_the_leader_and_all_its_descendants),
      cmocka_unit_test(a_child_that_called_setsid_belongs_to_the_tree),
      cmocka_unit_test(
          a_member_of_the_leaders_group_belongs_whoever_its_parent),
      cmocka_unit_test(the_group_belongs_when_the_leader_is_gone),
      cmocka_unit_test(an_orphan_with_the_marker_belongs_with_its_descendants),
      cmocka_unit_test(an_orphan_without_the_marker_is_left_alone),
      cmocka_unit_test(
          the_marker_is_asked_of_living_orphans_of_the_keeper_only),
      cmocka_unit_test(without_a_keeper_there_are_no_orphans),
      cmocka_unit_test(no_leader_means_no_group_of_kernel_threads),
      cmocka_unit_test(zombies_are_left_out_but_not_what_hangs_on_them),
      cmocka_unit_test(a_child_with_a_smaller_pid_than_its_parent_is_found),
      cmocka_unit_test(the_keeper_is_never_a_member),
      cmocka_unit_test(a_cycle_in_a_torn_table_ends),
      cmocka_unit_test(a_pid_that_was_read_twice_does_no_harm),
      cmocka_unit_test(a_stranger_under_a_used_again_pid_is_no_parent),
      cmocka_unit_test(an_empty_table_has_no_members),
      cmocka_unit_test(a_process_is_found_by_its_pid),
      cmocka_unit_test(a_parent_is_older_than_its_child),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
