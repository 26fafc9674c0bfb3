#include "watch_fixture.h"

#include <fcntl.h>

#include "scarce_memory.h"

/* ---- what counts ---- */

static void a_change_and_a_new_file_lead_to_one_call_each(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/app.js", "one");
  watch_begin(&w);
  put(&w, "tree/app.js", "two");
  expect_call(&w, "tree/app.js");
  put(&w, "tree/new.js", "");
  expect_call(&w, "tree/new.js");
  expect_silence(&w);
  watching_teardown(&w);
}

static void what_lies_there_at_first_is_no_change(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "tree/a");
  make(&w, "tree/a/b");
  put(&w, "tree/a/b/c.js", "");
  watch_begin(&w);
  expect_silence(&w);
  put(&w, "tree/a/b/c.js", "x");
  expect_call(&w, "tree/a/b/c.js");
  watching_teardown(&w);
}

static void a_deletion_alone_does_not_count(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/app.js", "");
  make(&w, "tree/a");
  put(&w, "tree/a/b.js", "");
  watch_begin(&w);
  assert_int_equal(unlink(at(&w, "tree/app.js")), 0);
  assert_int_equal(unlink(at(&w, "tree/a/b.js")), 0);
  assert_int_equal(rmdir(at(&w, "tree/a")), 0);
  expect_silence(&w);
  put(&w, "tree/app.js", "");
  expect_call(&w, "tree/app.js");
  watching_teardown(&w);
}

static void chmod_and_reading_do_not_count(void **state)
{
  struct watching w;
  struct stat stat_of;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/app.js", "one");
  watch_begin(&w);
  assert_int_equal(chmod(at(&w, "tree/app.js"), 0700), 0);
  assert_int_equal(link(at(&w, "tree/app.js"), at(&w, "other")), 0);
  assert_int_equal(stat(at(&w, "tree/app.js"), &stat_of), 0);
  expect_silence(&w);
  watching_teardown(&w);
}

static void what_is_no_file_does_not_count(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_begin(&w);
  assert_int_equal(mkfifo(at(&w, "tree/pipe"), 0600), 0);
  make(&w, "tree/empty");
  expect_silence(&w);
  watching_teardown(&w);
}

static void links_to_folders_are_not_followed(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "elsewhere");
  assert_int_equal(symlink("..", at(&w, "tree/loop")), 0);
  assert_int_equal(symlink("../elsewhere", at(&w, "tree/link")), 0);
  watch_begin(&w);
  put(&w, "elsewhere/a.js", "");
  expect_silence(&w);
  assert_int_equal(w.watch->folders, 1);
  watching_teardown(&w);
}

/* ---- bursts ---- */

static void a_thousand_files_at_once_lead_to_one_call(void **state)
{
  enum { FILES = 1000 };
  char name[64];
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_begin(&w);
  for (int i = 0; i < FILES; i++) {
    if (i % 100 == 0) {
      snprintf(name, sizeof(name), "tree/d%d", i / 100);
      make(&w, name);
    }
    snprintf(name, sizeof(name), "tree/d%d/f%d.js", i / 100, i);
    put(&w, name, "x");
  }
  await_calls(&w, 1);
  expect_silence(&w);
  assert_int_equal(w.watch->files, FILES + 1);
  watching_teardown(&w);
}

static void constant_changes_are_told_all_the_same(void **state)
{
  char text[16];
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_begin(&w);
  for (unsigned i = 0; w.calls < 2 && !w.too_late; i++) {
    snprintf(text, sizeof(text), "%u", i);
    put(&w, "tree/busy.txt", text);
    uv_run(&w.loop, UV_RUN_NOWAIT);
    usleep(1000);
  }
  assert_int_equal(w.calls, 2);
  watching_teardown(&w);
}

/* ---- editors ---- */

static void vim_saves_once(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/app.js", "one");
  watch_begin(&w);
  put(&w, "tree/.app.js.swp", "swap");
  put(&w, "tree/4913", "");
  unlink(at(&w, "tree/4913"));
  move(&w, "tree/app.js", "tree/app.js~");
  put(&w, "tree/app.js", "two");
  unlink(at(&w, "tree/app.js~"));
  unlink(at(&w, "tree/.app.js.swp"));
  expect_call(&w, "tree/app.js");
  expect_silence(&w);
  watching_teardown(&w);
}

static void a_file_that_is_swapped_in_is_one_change(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/app.js", "one");
  watch_begin(&w);
  for (int i = 0; i < 3; i++) {
    put(&w, "tree/.app.js.tmp", i % 2 == 0 ? "two" : "three");
    move(&w, "tree/.app.js.tmp", "tree/app.js");
    expect_call(&w, "tree/app.js");
  }
  expect_silence(&w);
  watching_teardown(&w);
}

static void writing_in_place_is_one_change(void **state)
{
  struct watching w;
  int fd;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/app.js", "one");
  watch_begin(&w);
  fd = open(at(&w, "tree/app.js"), O_WRONLY | O_TRUNC | O_CLOEXEC);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(write(fd, "piece", 5), 5);
    uv_run(&w.loop, UV_RUN_NOWAIT);
  }
  close(fd);
  expect_call(&w, "tree/app.js");
  expect_silence(&w);
  watching_teardown(&w);
}

static void locks_of_emacs_do_not_count(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/app.js", "one");
  watch_begin(&w);
  assert_int_equal(symlink("me@host.1", at(&w, "tree/.#app.js")), 0);
  put(&w, "tree/#app.js#", "autosave");
  unlink(at(&w, "tree/#app.js#"));
  unlink(at(&w, "tree/.#app.js"));
  expect_silence(&w);
  watching_teardown(&w);
}

/* ---- folders ---- */

static void new_folders_are_watched_with_what_is_in_them(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_begin(&w);
  make(&w, "tree/a");
  make(&w, "tree/a/b");
  put(&w, "tree/a/b/early.js", "");
  expect_call(&w, "tree/a/b/early.js");
  put(&w, "tree/a/b/late.js", "");
  expect_call(&w, "tree/a/b/late.js");
  expect_silence(&w);
  watching_teardown(&w);
}

static void a_folder_that_is_moved_in_is_a_change(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "new");
  make(&w, "new/sub");
  put(&w, "new/sub/a.js", "");
  watch_begin(&w);
  move(&w, "new", "tree/new");
  expect_call(&w, "tree/new/sub/a.js");
  put(&w, "tree/new/sub/a.js", "x");
  expect_call(&w, "tree/new/sub/a.js");
  watching_teardown(&w);
}

static void a_folder_that_is_moved_is_watched_where_it_is(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "tree/old");
  make(&w, "tree/old/sub");
  put(&w, "tree/old/sub/a.js", "");
  watch_begin(&w);
  move(&w, "tree/old", "tree/new");
  expect_call(&w, "tree/new/sub/a.js");
  put(&w, "tree/new/sub/a.js", "x");
  expect_call(&w, "tree/new/sub/a.js");
  move(&w, "tree/new", "gone");
  put(&w, "gone/sub/a.js", "y");
  expect_silence(&w);
  assert_int_equal(w.watch->folders, 1);
  watching_teardown(&w);
}

static void a_folder_that_is_replaced_is_watched_again(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "tree/a");
  make(&w, "tree/a/b");
  watch_begin(&w);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(rmdir(at(&w, "tree/a/b")), 0);
    assert_int_equal(rmdir(at(&w, "tree/a")), 0);
    make(&w, "tree/a");
    make(&w, "tree/a/b");
    expect_silence(&w);
    put(&w, "tree/a/b/c.js", "");
    expect_call(&w, "tree/a/b/c.js");
    assert_int_equal(unlink(at(&w, "tree/a/b/c.js")), 0);
  }
  watching_teardown(&w);
}

/* ---- roots ---- */

static void a_root_that_comes_back_is_found(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "deep");
  make(&w, "deep/root");
  put(&w, "deep/root/a.js", "");
  watch_also(&w, "deep/root");
  watch_also(&w, "tree");
  watch_begin(&w);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(scratch_remove(at(&w, "deep")), 0);
    expect_silence(&w);
    make(&w, "deep");
    make(&w, "deep/root");
    put(&w, "deep/root/a.js", "");
    expect_call(&w, "deep/root/a.js");
    put(&w, "deep/root/a.js", "x");
    expect_call(&w, "deep/root/a.js");
  }
  watching_teardown(&w);
}

static void a_root_that_is_swapped_is_followed(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "next");
  put(&w, "next/a.js", "");
  watch_begin(&w);
  move(&w, "tree", "old");
  move(&w, "next", "tree");
  expect_call(&w, "tree/a.js");
  put(&w, "tree/a.js", "x");
  expect_call(&w, "tree/a.js");
  put(&w, "old/b.js", "x");
  expect_silence(&w);
  watching_teardown(&w);
}

static void a_root_that_is_not_there_yet_is_awaited(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_also(&w, "a/b/c");
  watch_also(&w, "tree");
  watch_begin(&w);
  await_trouble(&w, 1);
  assert_non_null(strstr(w.trouble, "/a/b/c"));
  put(&w, "other", "");
  expect_silence(&w);
  make(&w, "a");
  expect_silence(&w);
  make(&w, "a/b");
  expect_silence(&w);
  make(&w, "a/b/c");
  put(&w, "a/b/c/d.js", "");
  expect_call(&w, "a/b/c/d.js");
  assert_int_equal(w.troubles, 1);
  watching_teardown(&w);
}

static void a_single_file_can_be_watched(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, ".env", "A=1");
  watch_also(&w, ".env");
  watch_also(&w, "tree");
  watch_begin(&w);
  put(&w, "beside", "");
  expect_silence(&w);
  put(&w, ".env", "A=22");
  expect_call(&w, ".env");
  put(&w, ".env.new", "A=3");
  move(&w, ".env.new", ".env");
  expect_call(&w, ".env");
  assert_int_equal(unlink(at(&w, ".env")), 0);
  expect_silence(&w);
  put(&w, ".env", "A=4");
  expect_call(&w, ".env");
  expect_silence(&w);
  watching_teardown(&w);
}

/* ---- what is left out ---- */

static void what_is_left_out_without_being_told(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "tree/node_modules");
  make(&w, "tree/node_modules/x");
  make(&w, "tree/.git");
  make(&w, "tree/logs");
  watch_begin(&w);
  put(&w, "tree/node_modules/x/index.js", "");
  put(&w, "tree/.git/HEAD", "");
  put(&w, "tree/.env", "");
  put(&w, "tree/app.log", "");
  put(&w, "tree/logs/out", "");
  expect_silence(&w);
  assert_int_equal(w.watch->folders, 1);
  watching_teardown(&w);
}

static void gitignore_files_count_where_they_lie(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/.gitignore", "*.tmp\n/build/\n");
  make(&w, "tree/a");
  make(&w, "tree/build");
  put(&w, "tree/a/.gitignore", "!keep.tmp\n/local\n");
  watch_begin(&w);
  put(&w, "tree/x.tmp", "");
  put(&w, "tree/build/out.js", "");
  put(&w, "tree/a/x.tmp", "");
  put(&w, "tree/a/local", "");
  expect_silence(&w);
  put(&w, "tree/a/keep.tmp", "");
  expect_call(&w, "tree/a/keep.tmp");
  put(&w, "tree/local", "");
  expect_call(&w, "tree/local");
  watching_teardown(&w);
}

static void a_gitignore_that_changes_is_read_again(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/.gitignore", "/gen/\n");
  make(&w, "tree/gen");
  make(&w, "tree/gen/deep");
  make(&w, "tree/src");
  watch_begin(&w);
  assert_int_equal(w.watch->folders, 2);
  put(&w, "tree/.gitignore", "/src/\n");
  while (w.watch->folders != 3 && !w.too_late)
    uv_run(&w.loop, UV_RUN_ONCE);
  expect_silence(&w);
  put(&w, "tree/src/a.js", "");
  expect_silence(&w);
  put(&w, "tree/gen/deep/a.js", "");
  expect_call(&w, "tree/gen/deep/a.js");
  watching_teardown(&w);
}

static void a_gitignore_above_counts_up_to_the_repository(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, ".git");
  make(&w, "tree/src");
  put(&w, ".gitignore", "*.tmp\n/tree/src/gen\n");
  watch_also(&w, "tree/src");
  watch_also(&w, "tree/sentinel");
  watch_begin(&w);
  put(&w, "tree/src/a.tmp", "");
  put(&w, "tree/src/gen", "");
  expect_silence(&w);
  put(&w, "tree/src/a.js", "");
  expect_call(&w, "tree/src/a.js");
  watching_teardown(&w);
}

static void what_shall_be_watched_is_though_git_ignores_it(void **state)
{
  static const char *const RULES[] = {"dist/", "/tree/dist", "tree/dist/*",
                                      "**/dist/**", "/tree"};

  (void)state;
  for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
    struct watching w;

    watching_setup(&w);
    make(&w, ".git");
    make(&w, "tree/dist");
    put(&w, ".gitignore", RULES[i]);
    watch_also(&w, "tree/dist");
    watch_begin(&w);
    put(&w, "tree/dist/a.js", "");
    expect_call(&w, "tree/dist/a.js");
    watching_teardown(&w);
  }
}

static void the_user_has_the_last_word(void **state)
{
  char absolute[SCRATCH_MAX + 32];
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/.gitignore", "*.json\n");
  make(&w, "tree/public");
  snprintf(absolute, sizeof(absolute), "%s/abs/**", w.folder);
  zpm_strv_push(&w.ignore, "public/**");
  zpm_strv_push(&w.ignore, "*.{css,html}");
  zpm_strv_push(&w.ignore, absolute);
  zpm_strv_push(&w.ignore, "!.env");
  zpm_strv_push(&w.ignore, "!data.json");
  watch_begin(&w);
  put(&w, "tree/public/a.js", "");
  put(&w, "tree/a.css", "");
  make(&w, "tree/abs");
  put(&w, "tree/abs/a.js", "");
  put(&w, "tree/other.json", "");
  expect_silence(&w);
  put(&w, "tree/.env", "");
  expect_call(&w, "tree/.env");
  put(&w, "tree/data.json", "");
  expect_call(&w, "tree/data.json");
  watching_teardown(&w);
}

/* ---- builds and starts ---- */

static void build(struct watching *w, const char *built)
{
  char text[32];

  zpm_watch_build_began(w->watch);
  snprintf(text, sizeof(text), "build %u", w->calls);
  put(w, built, text);
  uv_run(&w->loop, UV_RUN_NOWAIT);
  put(w, built, "built");
  zpm_watch_build_ended(w->watch);
  while (zpm_outputs_build_over_ms(&w->watch->outputs, uv_now(&w->loop)) != 0) {
    uv_run(&w->loop, UV_RUN_NOWAIT);
    usleep(1000);
  }
}

/* Each call builds; returns how often until it is quiet. */
static unsigned builds_after(struct watching *w, const char *edited,
                             const char *built)
{
  unsigned builds = 0;
  unsigned before;
  char text[32];

  snprintf(text, sizeof(text), "%u edit", w->calls);
  put(w, edited, text);
  expect_call(w, edited);
  do {
    before = w->calls;
    build(w, built);
    builds++;
    if (w->watch->debounce.pending)
      await_calls(w, before + 1);
  } while (w->calls > before);
  expect_silence(w);
  return builds;
}

static void a_build_that_writes_into_the_tree_does_not_loop(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  make(&w, "tree/src");
  make(&w, "tree/dist");
  put(&w, "tree/src/a.ts", "");
  watch_begin(&w);
  assert_int_equal(builds_after(&w, "tree/src/a.ts", "tree/dist/a.js"), 2);
  assert_int_equal(builds_after(&w, "tree/src/a.ts", "tree/dist/a.js"), 1);
  assert_int_equal(builds_after(&w, "tree/src/a.ts", "tree/dist/a.js"), 1);
  watching_teardown(&w);
}

static void an_edit_during_a_build_is_told_when_it_has_ended(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  put(&w, "tree/a.ts", "");
  watch_begin(&w);
  for (int i = 0; i < 3; i++) {
    zpm_watch_build_began(w.watch);
    put(&w, "tree/a.ts", "during");
    while (!w.watch->debounce.pending && !w.too_late)
      uv_run(&w.loop, UV_RUN_ONCE);
    assert_false(uv_is_active((uv_handle_t *)&w.watch->burst));
    zpm_watch_build_ended(w.watch);
    expect_call(&w, "tree/a.ts");
    put(&w, "tree/a.ts", "and after");
    expect_call(&w, "tree/a.ts");
  }
  watching_teardown(&w);
}

static void what_an_app_writes_at_each_start_is_passed_over(void **state)
{
  char text[16];
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_begin(&w);
  for (int i = 0; i + 1 < ZPM_OUTPUTS_STARTS; i++) {
    zpm_watch_app_started(w.watch);
    snprintf(text, sizeof(text), "start %u", (unsigned)i % 10);
    put(&w, "tree/state.json", text);
    expect_call(&w, "tree/state.json");
  }
  zpm_watch_app_started(w.watch);
  put(&w, "tree/state.json", "once too often");
  await_trouble(&w, 1);
  assert_non_null(strstr(w.trouble, "state.json"));
  assert_non_null(strstr(w.trouble, "ignoreWatch"));
  zpm_watch_app_started(w.watch);
  put(&w, "tree/state.json", "and again");
  expect_silence(&w);
  assert_int_equal(w.troubles, 1);
  watching_teardown(&w);
}

/* ---- bounds ---- */

static void out_of_watches_it_polls(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  w.limits.os_watches = 2;
  w.limits.poll_ms = 20;
  w.limits.entries = 3; /* many slices */
  make(&w, "tree/a");
  make(&w, "tree/b");
  make(&w, "tree/b/c");
  put(&w, "tree/b/c/x.js", "");
  for (char name[] = "tree/f0"; name[6] <= '9'; name[6]++)
    put(&w, name, "");
  watch_begin(&w);
  await_trouble(&w, 1);
  assert_non_null(strstr(w.trouble, "fs.inotify.max_user_watches"));
  assert_int_equal(w.watch->os_watches, 0);
  expect_silence(&w);
  put(&w, "tree/b/c/x.js", "changed");
  expect_call(&w, "tree/b/c/x.js");
  make(&w, "tree/new");
  put(&w, "tree/new/y.js", "");
  expect_call(&w, "tree/new/y.js");
  assert_int_equal(unlink(at(&w, "tree/new/y.js")), 0);
  assert_int_equal(rmdir(at(&w, "tree/new")), 0);
  expect_silence(&w);
  assert_int_equal(scratch_remove(w.folder), 0);
  while (w.watch->folders > 0 && !w.too_late)
    uv_run(&w.loop, UV_RUN_ONCE);
  make(&w, "tree");
  put(&w, "tree/back.js", "");
  expect_call(&w, "tree/back.js");
  assert_int_equal(w.troubles, 1);
  watching_teardown(&w);
}

static void out_of_instances_it_polls(void **state)
{
  enum { MOST = 1024 };
  static uv_loop_t loops[MOST];
  static uv_fs_event_t events[MOST];
  struct watching w;
  int used = 0;
  int rc = 0;

  (void)state;
  watching_setup(&w);
  w.limits.poll_ms = 20;
  while (rc == 0 && used < MOST) {
    assert_int_equal(uv_loop_init(&loops[used]), 0);
    uv_fs_event_init(&loops[used], &events[used]);
    rc = uv_fs_event_start(&events[used], NULL, "/", 0);
    used++;
  }
  watch_begin(&w);
  if (rc != 0) { /* the limit may be out of reach here */
    await_trouble(&w, 1);
    assert_non_null(strstr(w.trouble, "fs.inotify.max_user_instances"));
  }
  put(&w, "tree/a.js", "");
  expect_call(&w, "tree/a.js");
  while (used-- > 0) {
    uv_close((uv_handle_t *)&events[used], NULL);
    uv_run(&loops[used], UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loops[used]), 0);
  }
  watching_teardown(&w);
}

static void too_many_folders_are_told_once(void **state)
{
  char name[32];
  struct watching w;

  (void)state;
  watching_setup(&w);
  w.limits.folders = 5;
  for (int i = 0; i < 10; i++) {
    snprintf(name, sizeof(name), "tree/d%d", i);
    make(&w, name);
  }
  watch_begin(&w);
  await_trouble(&w, 1);
  make(&w, "tree/more");
  expect_silence(&w);
  assert_int_equal(w.watch->folders, 5);
  assert_int_equal(w.troubles, 1);
  watching_teardown(&w);
}

static void too_deep_and_too_many_files_are_told(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  w.limits.depth = 2;
  make(&w, "tree/1");
  make(&w, "tree/1/2");
  make(&w, "tree/1/2/3");
  watch_begin(&w);
  await_trouble(&w, 1);
  put(&w, "tree/1/2/3/a.js", "");
  expect_silence(&w);
  put(&w, "tree/1/2/a.js", "");
  expect_call(&w, "tree/1/2/a.js");
  w.limits.files = 2;
  watching_teardown(&w);

  watching_setup(&w);
  w.limits.files = 2;
  w.limits.poll_ms = 20;
  w.limits.os_watches = 1;
  put(&w, "tree/a.js", "");
  put(&w, "tree/b.js", "");
  make(&w, "tree/c");
  put(&w, "tree/c/c.js", "");
  watch_begin(&w);
  await_trouble(&w, 2);
  put(&w, "tree/a.js", "x");
  put(&w, "tree/b.js", "x");
  await_calls(&w, 1);
  watching_teardown(&w);
}

static void a_tree_is_looked_at_in_slices(void **state)
{
  enum { FILES = 500 };
  char name[64];
  struct watching w;

  (void)state;
  watching_setup(&w);
  w.limits.entries = 16;
  for (int i = 0; i < FILES; i++) {
    if (i % 10 == 0) {
      snprintf(name, sizeof(name), "tree/d%d", i / 10);
      make(&w, name);
    }
    snprintf(name, sizeof(name), "tree/d%d/f%d", i / 10, i);
    put(&w, name, "");
  }
  watch_begin(&w);
  assert_true(w.watch->files < FILES);
  while (w.watch->files < FILES && !w.too_late)
    uv_run(&w.loop, UV_RUN_ONCE);
  expect_silence(&w);
  put(&w, "tree/d49/f499", "x");
  expect_call(&w, "tree/d49/f499");
  watching_teardown(&w);
}

/* ---- the loop ---- */

static void a_watch_does_not_keep_the_loop_alive(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_also(&w, "tree");
  watch_also(&w, "missing");
  watch_begin(&w);
  uv_unref((uv_handle_t *)&w.deadline);
  assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
  watching_teardown(&w);
}

static void close_inside(void *ctx, const char *path)
{
  struct watching *w = ctx;

  (void)path;
  w->calls++;
  zpm_watch_close(w->watch);
  w->watch = NULL;
}

static void a_watch_may_be_closed_inside_its_call(void **state)
{
  struct watching w;

  (void)state;
  watching_setup(&w);
  watch_begin(&w);
  w.watch->options.changed = close_inside;
  put(&w, "tree/a", "");
  await_calls(&w, 1);
  watching_teardown(&w);

  watching_setup(&w);
  watch_also(&w, "missing");
  watch_also(&w, "missing, too");
  watch_begin(&w);
  w.watch->options.trouble = close_inside;
  await_calls(&w, 1);
  watching_teardown(&w);
}

/* Whenever it ends: an error from open or a watch that does what it still can,
 * and all is released. */
static void memory_may_end_at_any_time(void **state)
{
  enum { MOST = 120 };

  (void)state;
  for (long n = 0; n < MOST; n++) {
    struct zpm_watch_options options = {.changed = on_changed,
                                        .trouble = on_watch_trouble};
    struct watching w;

    watching_setup(&w);
    make(&w, "tree/a");
    put(&w, "tree/a/b.js", "");
    put(&w, "tree/.gitignore", "x\n!y\n");
    watch_also(&w, "tree");
    watch_also(&w, "missing/x");
    zpm_strv_push(&w.ignore, "*.{a,b}");
    options.roots = &w.roots;
    options.ignore = &w.ignore;
    options.ctx = &w;
    allocations_left = n;
    if (zpm_watch_open(&w.loop, &options, &w.watch, NULL) != 0)
      assert_null(w.watch);
    put(&w, "tree/a/b.js", "x");
    make(&w, "tree/new");
    put(&w, "tree/new/c.js", "");
    for (int i = 0; i < 3; i++)
      uv_run(&w.loop, UV_RUN_NOWAIT);
    allocations_left = -1;
    watching_teardown(&w);
  }
}

static void nothing_to_watch_is_an_error(void **state)
{
  struct zpm_strv none = {0};
  struct zpm_watch_options options = {.roots = &none};
  struct zpm_watch *watch = NULL;

  (void)state;
  assert_int_equal(zpm_watch_open(NULL, &options, &watch, NULL), ZPM_EARG);
  zpm_watch_close(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_change_and_a_new_file_lead_to_one_call_each),
      cmocka_unit_test(what_lies_there_at_first_is_no_change),
      cmocka_unit_test(a_deletion_alone_does_not_count),
      cmocka_unit_test(chmod_and_reading_do_not_count),
      cmocka_unit_test(what_is_no_file_does_not_count),
      cmocka_unit_test(links_to_folders_are_not_followed),
      cmocka_unit_test(a_thousand_files_at_once_lead_to_one_call),
      cmocka_unit_test(constant_changes_are_told_all_the_same),
      cmocka_unit_test(vim_saves_once),
      cmocka_unit_test(a_file_that_is_swapped_in_is_one_change),
      cmocka_unit_test(writing_in_place_is_one_change),
      cmocka_unit_test(locks_of_emacs_do_not_count),
      cmocka_unit_test(new_folders_are_watched_with_what_is_in_them),
      cmocka_unit_test(a_folder_that_is_moved_in_is_a_change),
      cmocka_unit_test(a_folder_that_is_moved_is_watched_where_it_is),
      cmocka_unit_test(a_folder_that_is_replaced_is_watched_again),
      cmocka_unit_test(a_root_that_comes_back_is_found),
      cmocka_unit_test(a_root_that_is_swapped_is_followed),
      cmocka_unit_test(a_root_that_is_not_there_yet_is_awaited),
      cmocka_unit_test(a_single_file_can_be_watched),
      cmocka_unit_test(what_is_left_out_without_being_told),
      cmocka_unit_test(gitignore_files_count_where_they_lie),
      cmocka_unit_test(a_gitignore_that_changes_is_read_again),
      cmocka_unit_test(a_gitignore_above_counts_up_to_the_repository),
      cmocka_unit_test(what_shall_be_watched_is_though_git_ignores_it),
      cmocka_unit_test(the_user_has_the_last_word),
      cmocka_unit_test(a_build_that_writes_into_the_tree_does_not_loop),
      cmocka_unit_test(an_edit_during_a_build_is_told_when_it_has_ended),
      cmocka_unit_test(what_an_app_writes_at_each_start_is_passed_over),
      cmocka_unit_test(out_of_watches_it_polls),
      cmocka_unit_test(out_of_instances_it_polls),
      cmocka_unit_test(too_many_folders_are_told_once),
      cmocka_unit_test(too_deep_and_too_many_files_are_told),
      cmocka_unit_test(a_tree_is_looked_at_in_slices),
      cmocka_unit_test(a_watch_does_not_keep_the_loop_alive),
      cmocka_unit_test(a_watch_may_be_closed_inside_its_call),
      cmocka_unit_test(memory_may_end_at_any_time),
      cmocka_unit_test(nothing_to_watch_is_an_error),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
