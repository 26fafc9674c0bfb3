#include "runtime/launch.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper/wire.h"
#include "runtime/keeper_spec.h"
#include "runtime/launch_words.h"

struct zpm_launch_words zpm_launch_words(int error)
{
  struct zpm_launch_words words;

  snprintf(words.text, sizeof(words.text), "%s", strerror(error));
  words.text[0] = (char)tolower((unsigned char)words.text[0]);
  return words;
}

/* "as the user 'www'", if it is to run as another one. */
static int other_user(const struct zpm_launch *launch, const char *what,
                      const char *path, int error, struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ESTART,
                       "the user '%s' cannot %s %s: %s. That user needs the "
                       "right to it, and to enter the folders above it",
                       launch->identity.name, what, path,
                       zpm_launch_words(error).text);
}

static bool is_other_user(const struct zpm_launch *launch, int error)
{
  return error == EACCES && launch->identity.name != NULL;
}

/* What has a name of its own among the limits. */
static int limit_failed(const struct zpm_launch *launch, int stage, int error,
                        struct zpm_error *err)
{
  struct zpm_launch_words words = zpm_launch_words(error);
  int kind = zpm_keeper_spec_rlimit_of(stage);

  if (stage == ZPM_STAGE_NICE)
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: its nice value cannot be set: %s. "
                         "Only root can set one below that of zpm",
                         launch->path, words.text);
  return zpm_error_set(err, ZPM_ESTART,
                       "cannot run %s: its limit %s (rlimits) cannot be set: "
                       "%s. Only root can raise the hard one above that of zpm",
                       launch->path, kind >= 0 ? zpm_rlimit_name(kind) : "",
                       words.text);
}

static int exec_failed(const struct zpm_launch *launch, int error,
                       struct zpm_error *err)
{
  struct zpm_launch_words words = zpm_launch_words(error);
  const char *advice = "Check that it can be started by hand";
  const char *path = launch->path;

  if (is_other_user(launch, error))
    return other_user(launch, "run", path, error, err);
  if (error == EACCES && access(path, X_OK) != 0)
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: %s. Make it executable: chmod +x %s",
                         path, words.text, path);
  if (error == EACCES)
    advice = "Its file system may be mounted noexec, or the program that its "
             "first line asks for may not be executed";
  else if (error == ENOENT && access(path, F_OK) == 0)
    advice = "The file is there, but not the program or the loader that it "
             "asks for: it was perhaps built for another system";
  else if (error == ENOENT)
    advice = "It was there a moment ago: start again when it is back";
  else if (error == ENOEXEC)
    advice = "It has no first line such as #!/bin/sh, or was built for another "
             "machine. Add that line, or choose an interpreter";
  else if (error == E2BIG)
    advice = "Its arguments and environment are too long: one string may have "
             "128 KiB";
  else if (error == ETXTBSY)
    advice = "It is being written just now: start again when it is complete";
  else if (error == EAGAIN)
    advice = "Its user has as many processes as it may have (rlimits.nproc, "
             "ulimit -u)";
  return zpm_error_set(err, ZPM_ESTART, "cannot run %s: %s. %s", path,
                       words.text, advice);
}

int zpm_launch_explain(const struct zpm_launch *launch, const char *cwd,
                       int stage, int error, struct zpm_error *err)
{
  struct zpm_launch_words words = zpm_launch_words(error);

  if (stage == ZPM_STAGE_NICE || stage >= ZPM_STAGE_RLIMIT)
    return limit_failed(launch, stage, error, err);
  switch (stage) {
  case ZPM_STAGE_EXEC:
    return exec_failed(launch, error, err);
  case ZPM_STAGE_SCRIPT:
    if (is_other_user(launch, error))
      return other_user(launch, "read", launch->script, error, err);
    return zpm_error_set(err, ZPM_ESTART, "cannot read %s: %s. Check the path",
                         launch->script, words.text);
  case ZPM_STAGE_CWD:
    if (is_other_user(launch, error))
      return other_user(launch, "enter", cwd, error, err);
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot enter the folder %s: %s. Check cwd (--cwd)",
                         cwd, words.text);
  case ZPM_STAGE_USER:
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s as another user: %s. Only root can",
                         launch->path, words.text);
  case ZPM_STAGE_LIMITS:
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: its limits cannot be set: %s",
                         launch->path, words.text);
  case ZPM_STAGE_FDS:
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: its streams cannot be set up: %s. The "
                         "limit of open files (ulimit -Hn) may be too low",
                         launch->path, words.text);
  default:
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: the keeper could not read what to "
                         "start: %s. Restart the daemon",
                         launch->path, words.text);
  }
}
