#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/snapshots.h"

enum { SLOT_SIZE = 1024 };

static struct zpm_snapshot running(uint64_t run)
{
  struct zpm_snapshot snapshot;

  memset(&snapshot, 0, sizeof(snapshot));
  snapshot.machine.state = ZPM_RUNNING;
  snapshot.run = run;
  return snapshot;
}

static void write_one(struct zpm_snapshots *snapshots, zpm_place *place,
                      const char *app, uint64_t run)
{
  struct zpm_snapshot snapshot = running(run);

  zpm_snapshots_write(snapshots, place, app, 0, &snapshot);
}

/* As the next daemon gets it: the same file, another descriptor. */
static void succeed(struct zpm_snapshots *snapshots)
{
  int fd = dup(snapshots->fd);

  zpm_snapshots_close(snapshots);
  zpm_snapshots_open(snapshots, fd);
}

static uint64_t run_of(struct zpm_snapshots *snapshots, const char *app)
{
  struct zpm_snapshot found;

  return zpm_snapshots_find(snapshots, app, 0, &found) != 0 ? found.run : 0;
}

static void the_next_one_finds_the_last_of_each(void **state)
{
  struct zpm_snapshots snapshots;
  zpm_place api = 0;
  zpm_place web = 0;
  struct zpm_snapshot found;

  (void)state;
  zpm_snapshots_open(&snapshots, -1);
  assert_int_equal(run_of(&snapshots, "api"), 0);
  write_one(&snapshots, &api, "api", 1);
  write_one(&snapshots, &web, "web", 2);
  write_one(&snapshots, &api, "api", 3);
  assert_int_not_equal(api, web);
  succeed(&snapshots);
  assert_int_equal(zpm_snapshots_find(&snapshots, "api", 1, &found), 0);
  assert_int_equal(zpm_snapshots_find(&snapshots, "api", 0, &found), api);
  assert_int_equal(found.run, 3);
  assert_int_equal(found.machine.state, ZPM_RUNNING);
  assert_int_equal(run_of(&snapshots, "web"), 2);
  zpm_snapshots_close(&snapshots);
}

static void a_cleared_place_is_used_again(void **state)
{
  struct zpm_snapshots snapshots;
  zpm_place first = 0;
  zpm_place second = 0;
  zpm_place third = 0;

  (void)state;
  zpm_snapshots_open(&snapshots, -1);
  write_one(&snapshots, &first, "a", 1);
  write_one(&snapshots, &second, "b", 2);
  zpm_snapshots_clear(&snapshots, &first);
  assert_int_equal(first, 0);
  write_one(&snapshots, &third, "c", 3);
  assert_int_equal(third, 1);
  succeed(&snapshots);
  assert_int_equal(run_of(&snapshots, "a"), 0);
  assert_int_equal(run_of(&snapshots, "b"), 2);
  assert_int_equal(run_of(&snapshots, "c"), 3);
  zpm_snapshots_close(&snapshots);
}

static void what_nobody_finds_is_swept(void **state)
{
  struct zpm_snapshots snapshots;
  zpm_place place = 0;
  zpm_place other = 0;

  (void)state;
  zpm_snapshots_open(&snapshots, -1);
  write_one(&snapshots, &place, "gone", 1);
  write_one(&snapshots, &other, "there", 2);
  succeed(&snapshots);
  assert_int_equal(run_of(&snapshots, "there"), 2);
  zpm_snapshots_sweep(&snapshots);
  succeed(&snapshots);
  assert_int_equal(run_of(&snapshots, "gone"), 0);
  assert_int_equal(run_of(&snapshots, "there"), 2);
  zpm_snapshots_close(&snapshots);
}

static void many_fit_and_none_is_mapped(void **state)
{
  struct zpm_snapshots snapshots;
  char name[32];

  (void)state;
  zpm_snapshots_open(&snapshots, -1);
  for (unsigned i = 1; i <= 600; i++) {
    zpm_place place = 0;

    snprintf(name, sizeof(name), "app-%u", i);
    write_one(&snapshots, &place, name, i);
  }
  succeed(&snapshots);
  for (unsigned i = 1; i <= 600; i++) {
    snprintf(name, sizeof(name), "app-%u", i);
    assert_int_equal(run_of(&snapshots, name), i);
  }
  zpm_snapshots_close(&snapshots);
}

static void a_torn_one_is_none(void **state)
{
  struct zpm_snapshots snapshots;
  zpm_place place = 0;
  zpm_place other = 0;

  (void)state;
  for (off_t at = 0; at < (off_t)sizeof(struct zpm_snapshot); at += 13) {
    char byte;

    place = other = 0;
    zpm_snapshots_open(&snapshots, -1);
    write_one(&snapshots, &place, "torn", 0x0101010101010101);
    write_one(&snapshots, &other, "whole", 2);
    assert_int_equal(pread(snapshots.fd, &byte, 1, SLOT_SIZE + at), 1);
    byte = (char)(byte ^ 0x55);
    assert_int_equal(pwrite(snapshots.fd, &byte, 1, SLOT_SIZE + at), 1);
    succeed(&snapshots);
    assert_int_equal(run_of(&snapshots, "torn"), 0);
    assert_int_equal(run_of(&snapshots, "whole"), 2);
    zpm_snapshots_close(&snapshots);
  }
}

static void a_file_of_another_version_is_let_go(void **state)
{
  struct zpm_snapshots snapshots;
  zpm_place place = 0;
  uint64_t magic = 0x7a706d736e6170ff;
  struct stat before;
  struct stat after;

  (void)state;
  zpm_snapshots_open(&snapshots, -1);
  write_one(&snapshots, &place, "api", 1);
  assert_int_equal(pwrite(snapshots.fd, &magic, sizeof(magic), 0), 8);
  assert_int_equal(fstat(snapshots.fd, &before), 0);
  succeed(&snapshots);
  assert_int_equal(fstat(snapshots.fd, &after), 0);
  assert_int_not_equal(before.st_ino, after.st_ino);
  assert_int_equal(run_of(&snapshots, "api"), 0);
  place = 0;
  write_one(&snapshots, &place, "api", 2);
  succeed(&snapshots);
  assert_int_equal(run_of(&snapshots, "api"), 2);
  zpm_snapshots_close(&snapshots);
}

static void without_a_file_nothing_is_kept(void **state)
{
  struct zpm_snapshots snapshots = {.fd = -1};
  zpm_place place = 0;

  (void)state;
  write_one(&snapshots, &place, "api", 1);
  assert_int_equal(place, 0);
  zpm_snapshots_clear(&snapshots, &place);
  zpm_snapshots_close(&snapshots);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_next_one_finds_the_last_of_each),
      cmocka_unit_test(a_cleared_place_is_used_again),
      cmocka_unit_test(what_nobody_finds_is_swept),
      cmocka_unit_test(many_fit_and_none_is_mapped),
      cmocka_unit_test(a_torn_one_is_none),
      cmocka_unit_test(a_file_of_another_version_is_let_go),
      cmocka_unit_test(without_a_file_nothing_is_kept),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
