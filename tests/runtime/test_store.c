#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#include "runtime/scratch.h"
#include "runtime/store.h"

struct place {
  char folder[SCRATCH_MAX];
  char path[SCRATCH_MAX + 16];
};

static int set_up(void **state)
{
  struct place *place = calloc(1, sizeof(*place));

  if (place == NULL || scratch_create(place->folder) == NULL)
    return -1;
  snprintf(place->path, sizeof(place->path), "%s/state.json", place->folder);
  *state = place;
  return 0;
}

static int tear_down(void **state)
{
  struct place *place = *state;
  int rc;

  chmod(place->folder, S_IRWXU);
  rc = scratch_remove(place->folder);
  free(place);
  return rc;
}

static void write_text(const struct place *place, const char *text)
{
  struct zpm_error err = {0};

  assert_int_equal(zpm_store_write(place->path, text, strlen(text), &err), 0);
}

static void assert_holds(const struct place *place, const char *text)
{
  struct zpm_str read = {0};

  assert_int_equal(zpm_store_read(place->path, &read, NULL), 0);
  assert_string_equal(zpm_str_text(&read), text);
  zpm_str_deinit(&read);
}

static size_t count_files(const char *folder)
{
  DIR *open = opendir(folder);
  size_t count = 0;

  assert_non_null(open);
  for (struct dirent *entry; (entry = readdir(open)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(open);
  return count;
}

static void what_was_written_is_read_again(void **state)
{
  struct place *place = *state;

  write_text(place, "one");
  assert_holds(place, "one");
  write_text(place, "");
  assert_holds(place, "");
  write_text(place, "a longer text than before");
  assert_holds(place, "a longer text than before");
  assert_int_equal(count_files(place->folder), 1);
}

static void only_the_owner_may_read_it_whatever_it_was(void **state)
{
  struct place *place = *state;
  struct stat found;

  write_text(place, "old");
  chmod(place->path, 0666);
  write_text(place, "new");
  assert_int_equal(stat(place->path, &found), 0);
  assert_int_equal(found.st_mode & 07777, 0600);
}

static void a_large_text_comes_back_whole(void **state)
{
  enum { SIZE = 3 * 1024 * 1024 + 7 };
  struct place *place = *state;
  struct zpm_str read = {0};
  char *text = malloc(SIZE);

  for (size_t i = 0; i < SIZE; i++)
    text[i] = (char)(i * 31 >> 3);
  assert_int_equal(zpm_store_write(place->path, text, SIZE, NULL), 0);
  assert_int_equal(zpm_store_read(place->path, &read, NULL), 0);
  assert_int_equal(read.len, SIZE);
  assert_memory_equal(read.data, text, SIZE);
  zpm_str_deinit(&read);
  free(text);
}

static void reading_appends_to_what_is_there(void **state)
{
  struct place *place = *state;
  struct zpm_str read = {0};

  write_text(place, "two");
  assert_int_equal(zpm_str_puts(&read, "one "), 0);
  assert_int_equal(zpm_store_read(place->path, &read, NULL), 0);
  assert_string_equal(read.data, "one two");
  zpm_str_deinit(&read);
}

static void no_file_is_told_by_the_code_alone(void **state)
{
  struct place *place = *state;
  struct zpm_error err = {0};
  struct zpm_str read = {0};

  assert_int_equal(zpm_store_read(place->path, &read, &err), UV_ENOENT);
  assert_string_equal(err.message, "");
  assert_int_equal(read.len, 0);
}

static void
a_folder_of_that_name_is_an_error_and_nothing_is_appended(void **state)
{
  struct place *place = *state;
  struct zpm_error err = {0};
  struct zpm_str read = {0};

  assert_int_equal(zpm_str_puts(&read, "kept"), 0);
  assert_int_equal(mkdir(place->path, S_IRWXU), 0);
  assert_int_equal(zpm_store_read(place->path, &read, &err), UV_EISDIR);
  assert_non_null(strstr(err.message, place->path));
  assert_string_equal(read.data, "kept");
  assert_true(zpm_store_write(place->path, "x", 1, &err) < 0);
  assert_int_equal(count_files(place->folder), 1);
  zpm_str_deinit(&read);
}

static void a_pipe_of_that_name_does_not_hang_the_reader(void **state)
{
  struct place *place = *state;
  struct zpm_str read = {0};

  assert_int_equal(mkfifo(place->path, S_IRWXU), 0);
  assert_int_equal(zpm_store_read(place->path, &read, NULL), UV_EINVAL);
}

/* Runs `attempt` in a child: limits and user changes stay there. */
static int in_a_child(int (*attempt)(const struct place *),
                      const struct place *place)
{
  int status = 0;
  pid_t pid = fork();

  if (pid == 0)
    _exit(attempt(place));
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* A write that stops half-way: what a full disk does. */
static int write_past_the_limit(const struct place *place)
{
  enum { LIMIT = 4096 };
  const struct rlimit limit = {.rlim_cur = LIMIT, .rlim_max = LIMIT};
  struct zpm_error err = {0};
  char text[2 * LIMIT] = "new";

  signal(SIGXFSZ, SIG_IGN);
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
    return 1;
  if (zpm_store_write(place->path, text, sizeof(text), &err) != UV_EFBIG)
    return 2;
  return strstr(err.message, place->path) != NULL ? 0 : 3;
}

static void a_write_that_fails_half_way_leaves_the_old_contents(void **state)
{
  struct place *place = *state;

  write_text(place, "old");
  assert_int_equal(in_a_child(write_past_the_limit, place), 0);
  assert_holds(place, "old");
  assert_int_equal(count_files(place->folder), 1);
}

static int write_as_nobody(const struct place *place)
{
  enum { NOBODY = 65534 };
  struct zpm_error err = {0};

  if (geteuid() == 0 && setuid(NOBODY) != 0)
    return 1;
  return zpm_store_write(place->path, "new", 3, &err) == UV_EACCES ? 0 : 2;
}

static void a_read_only_folder_leaves_the_old_contents(void **state)
{
  struct place *place = *state;

  write_text(place, "old");
  chmod(place->folder,
        S_IRUSR | S_IXUSR | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
  assert_int_equal(in_a_child(write_as_nobody, place), 0);
  assert_holds(place, "old");
}

static void the_cause_is_told_in_words(void **state)
{
  struct place *place = *state;
  struct zpm_error err = {0};

  snprintf(place->path, sizeof(place->path), "/dev/null/state.json");
  assert_int_equal(zpm_store_write(place->path, "x", 1, &err), UV_ENOTDIR);
  assert_non_null(strstr(err.message, "ot a directory"));
}

static void what_a_crash_left_behind_is_replaced(void **state)
{
  struct place *place = *state;
  char temp[sizeof(place->path) + 8];
  FILE *file;

  snprintf(temp, sizeof(temp), "%s.new", place->path);
  file = fopen(temp, "w");
  assert_non_null(file);
  fputs("half of a te", file);
  fclose(file);
  write_text(place, "new");
  assert_holds(place, "new");
  assert_int_equal(count_files(place->folder), 1);
}

static void a_synced_text_is_kept_as_the_old_generation(void **state)
{
  const struct place *place = *state;
  struct place old = *place;

  snprintf(old.path, sizeof(old.path), "%s/state.json.old", place->folder);
  write_text(place, "one");
  assert_int_equal(zpm_store_sync(place->path, NULL), 0);
  assert_int_equal(zpm_store_sync(place->path, NULL), 0);
  write_text(place, "two");
  assert_holds(place, "two");
  assert_holds(&old, "one");
  assert_int_equal(zpm_store_sync(place->path, NULL), 0);
  assert_holds(&old, "two");
}

static void syncing_what_is_not_there_says_so(void **state)
{
  const struct place *place = *state;
  struct zpm_error err = {0};

  assert_int_equal(zpm_store_sync(place->path, &err), UV_ENOENT);
  assert_non_null(strstr(err.message, "state.json"));
}

static void a_path_without_a_folder_lies_here(void **state)
{
  struct place *place = *state;
  char before[4096];

  assert_non_null(getcwd(before, sizeof(before)));
  assert_int_equal(chdir(place->folder), 0);
  assert_int_equal(zpm_store_write("state.json", "here", 4, NULL), 0);
  assert_int_equal(chdir(before), 0);
  assert_holds(place, "here");
}

#define in_a_place(test)                                                       \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      in_a_place(what_was_written_is_read_again),
      in_a_place(only_the_owner_may_read_it_whatever_it_was),
      in_a_place(a_large_text_comes_back_whole),
      in_a_place(reading_appends_to_what_is_there),
      in_a_place(no_file_is_told_by_the_code_alone),
      in_a_place(a_folder_of_that_name_is_an_error_and_nothing_is_appended),
      in_a_place(a_pipe_of_that_name_does_not_hang_the_reader),
      in_a_place(a_write_that_fails_half_way_leaves_the_old_contents),
      in_a_place(a_read_only_folder_leaves_the_old_contents),
      in_a_place(the_cause_is_told_in_words),
      in_a_place(what_a_crash_left_behind_is_replaced),
      in_a_place(a_synced_text_is_kept_as_the_old_generation),
      in_a_place(syncing_what_is_not_there_says_so),
      in_a_place(a_path_without_a_folder_lies_here),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
