#include "runtime/scarce_memory.h"
#include "runtime/supervisor_fixture.h"

#include <dirent.h>

/* Commands that meet, and commands that lack something. */

static const char SLEEPER[] = "exec sleep 1000";

/* ---- commands that meet ---- */

static void a_start_of_a_starting_app_waits_for_the_same_run(void **state)
{
  struct world *w = *state;
  struct outcome first = {0};
  struct outcome second = {0};
  struct zpm_config config = config_of(w, "api", NULL);

  write_script(w, "api", SLEEPER);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &first);
  assert_int_equal(view(w, "api").status, ZPM_STATUS_STARTING);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &second);
  zpm_config_deinit(&config);
  wait_done(w, &first);
  wait_done(w, &second);
  assert_int_equal(second.code, 0);
  assert_string_equal(second.text, first.text);
  assert_int_equal(view(w, "api").total_restarts, 0);
}

static void a_starting_app_keeps_what_it_was_started_with(void **state)
{
  struct world *w = *state;
  struct outcome first = {0};
  struct outcome second = {0};
  struct zpm_config config = config_of(w, "api", NULL);
  struct zpm_config other = config_of(w, "api", "port", "4000", NULL);

  write_script(w, "api", SLEEPER);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &first);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &other},
                       on_done, &second);
  zpm_config_deinit(&config);
  zpm_config_deinit(&other);
  assert_true(second.done);
  assert_int_equal(second.code, 0);
  assert_non_null(strstr(second.text, "already starting"));
  assert_non_null(strstr(second.text, "It runs without your port: "));
  wait_done(w, &first);
  assert_int_equal(view(w, "api").config->port, 0);
}

struct chain {
  struct world *w;
  struct outcome start;
  struct outcome stop;
};

static void then_stop(void *ctx, const char *text, const struct zpm_error *err)
{
  struct chain *chain = ctx;

  on_done(&chain->start, text, err);
  zpm_supervisor_stop(chain->w->supervisor, "api", on_done, &chain->stop);
}

static void who_is_answered_may_give_the_next_command_at_once(void **state)
{
  struct world *w = *state;
  struct chain chain = {.w = w};
  struct outcome second = {0};
  struct outcome third = {0};
  struct zpm_config config = config_of(w, "api", NULL);

  write_script(w, "api", SLEEPER);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       then_stop, &chain);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &second);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &third);
  zpm_config_deinit(&config);
  wait_done(w, &chain.stop);
  assert_int_equal(chain.start.code, 0);
  assert_int_equal(chain.stop.code, 0);
  assert_int_equal(second.code, ZPM_ESUPERSEDED);
  assert_int_equal(third.code, ZPM_ESUPERSEDED);
}

static void then_start_again(void *ctx, const char *text,
                             const struct zpm_error *err)
{
  struct chain *chain = ctx;
  struct zpm_config config = config_of(chain->w, "api", NULL);

  on_done(&chain->stop, text, err);
  zpm_supervisor_start(chain->w->supervisor,
                       &(struct zpm_order){.config = &config}, on_done,
                       &chain->start);
  zpm_config_deinit(&config);
}

static void a_supervisor_that_closes_takes_no_command(void **state)
{
  struct world *w = *state;
  struct chain chain = {.w = w};

  write_script(w, "api", SLEEPER);
  start(w, config_of(w, "api", NULL));
  zpm_supervisor_stop(w->supervisor, "api", then_start_again, &chain);
  close_supervisor(w);
  assert_int_equal(chain.stop.code, ZPM_ECLOSING);
  assert_int_equal(chain.start.code, ZPM_ECLOSING);
  open_supervisor(w);
}

/* ---- what is answered is saved ---- */

struct saved {
  struct world *w;
  bool done;
  bool is_known; /* to state.json, when the answer came */
};

static void note_saved(void *ctx, const char *text, const struct zpm_error *err)
{
  struct saved *saved = ctx;
  char json[4096];
  FILE *f = fopen(in_folder(saved->w, "state.json"), "re");

  (void)text;
  assert_null(err);
  json[f != NULL ? fread(json, 1, sizeof(json) - 1, f) : 0] = '\0';
  if (f != NULL)
    fclose(f);
  saved->is_known = strstr(json, "\"api\"") != NULL;
  saved->done = true;
}

static bool is_answered(void *ctx)
{
  return ((struct saved *)ctx)->done;
}

static void what_is_added_or_deleted_is_saved_before_the_answer(void **state)
{
  struct world *w = *state;
  struct saved saved = {.w = w};
  struct zpm_config config = config_of(w, "api", "killTimeout", "150", NULL);

  write_script(w, "api", "trap '' TERM\nexec sleep 1000");
  zpm_supervisor_add(w->supervisor, &(struct zpm_order){.config = &config},
                     note_saved, &saved);
  assert_true(saved.done);
  assert_true(saved.is_known);
  assert_int_equal(start(w, config).code, 0);
  /* It takes its time, so that the wish is saved long before the deed. */
  saved = (struct saved){.w = w};
  zpm_supervisor_delete(w->supervisor, "api", note_saved, &saved);
  wait_until(w, is_answered, &saved);
  assert_false(saved.is_known);
}

static bool is_saved(void *ctx)
{
  struct saved saved = {.w = ctx};

  note_saved(&saved, "", NULL);
  return saved.is_known;
}

static void what_could_not_be_saved_is_saved_later(void **state)
{
  struct world *w = *state;

  write_script(w, "api", SLEEPER);
  assert_int_equal(mkdir(in_folder(w, "state.json.new"), 0700), 0);
  assert_int_equal(start(w, config_of(w, "api", NULL)).code, 0);
  assert_false(is_saved(w));
  assert_int_equal(rmdir(in_folder(w, "state.json.new")), 0);
  wait_until(w, is_saved, w);
}

static bool has_keeper(void *ctx)
{
  return zpm_supervisor_keeper_pid(((struct world *)ctx)->supervisor) != 0;
}

/* ---- too little memory ---- */

static int count_fds(int pid)
{
  char path[32];
  DIR *folder;
  int count = 0;

  snprintf(path, sizeof(path), "/proc/%d/fd", pid);
  folder = opendir(path);
  while (folder != NULL && readdir(folder) != NULL)
    count++;
  if (folder != NULL)
    closedir(folder);
  assert_true(count > 0);
  return count;
}

struct fd_count {
  int pid;
  int wanted;
};

static bool has_that_many(void *ctx)
{
  const struct fd_count *count = ctx;

  return count_fds(count->pid) == count->wanted;
}

static void remove_app(struct world *w, const char *name)
{
  struct outcome outcome = {0};

  if (zpm_supervisor_find(w->supervisor, name) == NULL)
    return;
  zpm_supervisor_delete(w->supervisor, name, on_done, &outcome);
  wait_done(w, &outcome);
  assert_int_equal(outcome.code, 0);
}

static void a_start_without_memory_leaves_nothing_behind(void **state)
{
  struct world *w = *state;
  struct zpm_config config = config_of(w, "api", NULL);
  struct fd_count before;
  struct outcome outcome = {.code = -1};

  write_script(w, "api", SLEEPER);
  wait_until(w, has_keeper, w);
  before.pid = zpm_supervisor_keeper_pid(w->supervisor);
  before.wanted = count_fds(before.pid);
  for (long left = 0; outcome.code != 0; left++) {
    outcome = (struct outcome){0};
    allocations_left = left;
    zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                         on_done, &outcome);
    allocations_left = -1;
    wait_done(w, &outcome);
    remove_app(w, "api");
    wait_until(w, has_that_many, &before);
  }
  zpm_config_deinit(&config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_start_of_a_starting_app_waits_for_the_same_run),
      TEST(a_starting_app_keeps_what_it_was_started_with),
      TEST(who_is_answered_may_give_the_next_command_at_once),
      TEST(a_supervisor_that_closes_takes_no_command),
      TEST(what_is_added_or_deleted_is_saved_before_the_answer),
      TEST(what_could_not_be_saved_is_saved_later),
      TEST(a_start_without_memory_leaves_nothing_behind),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
