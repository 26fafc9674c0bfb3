/* Carries out what startup.c has planned. */
#include "cli/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READABLE = 0644, RUNNABLE = 0755, EXIT_NO_PROGRAM = 127 };

/* ---- the file ---- */

static int cannot(const char *what, const char *path, struct zpm_error *err)
{
  return zpm_error_set(err, -errno, "cannot %s %s: %s", what, path,
                       strerror(errno));
}

/* The folders on the way to `path`; what is there already stays as it is. */
static int make_way(const char *path, struct zpm_error *err)
{
  struct zpm_str way = {0};
  int rc = zpm_str_puts(&way, path);
  char *slash = rc == 0 ? strchr(way.data + 1, '/') : NULL;

  for (; rc == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(way.data, RUNNABLE) != 0 && access(way.data, F_OK) != 0)
      rc = cannot("make the folder", way.data, err);
    *slash = '/';
  }
  zpm_str_deinit(&way);
  return rc;
}

static bool put(int fd, const struct zpm_str *text, mode_t mode)
{
  return write(fd, text->data, text->len) == (ssize_t)text->len &&
         fchmod(fd, mode) == 0 && fsync(fd) == 0;
}

int zpm_startup_write(const struct zpm_startup *startup, struct zpm_error *err)
{
  bool is_script = startup->service.kind == ZPM_SERVICE_OPENRC;
  const char *path = startup->file.data;
  struct zpm_str draft = {0};
  int rc = make_way(path, err);
  int fd;

  if (rc == 0)
    rc = zpm_str_printf(&draft, "%s.draft", path);
  if (rc != 0)
    return rc;
  fd = open(draft.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, READABLE);
  if (fd < 0 || !put(fd, &startup->text, is_script ? RUNNABLE : READABLE) ||
      rename(draft.data, path) != 0)
    rc = cannot("write", path, err);
  if (fd >= 0)
    close(fd);
  if (rc != 0)
    unlink(draft.data);
  zpm_str_deinit(&draft);
  return rc;
}

/* ---- the commands ---- */

static int spawn(const char *const *words, pid_t *pid)
{
  char *argv[ZPM_SERVICE_WORDS_MAX];
  posix_spawn_file_actions_t actions;
  int rc;

  memcpy(argv, words, sizeof(argv));
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  rc = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  return -rc;
}

int zpm_startup_run_command(const char *const *words)
{
  int status = 0;
  pid_t pid;
  int rc = spawn(words, &pid);

  if (rc != 0)
    return rc;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int tell_failure(const struct zpm_service_command *command, int code,
                        struct zpm_error *err)
{
  struct zpm_str line = {0};

  for (size_t i = 0; command->words[i] != NULL; i++)
    zpm_str_printf(&line, "%s%s", i > 0 ? " " : "", command->words[i]);
  if (code < 0)
    zpm_error_set(err, ZPM_EIO, "cannot run `%s`: %s", zpm_str_text(&line),
                  strerror(-code));
  else
    zpm_error_set(err, ZPM_EIO, "`%s` has failed (exit code %d): see above",
                  zpm_str_text(&line), code);
  zpm_str_deinit(&line);
  return ZPM_EIO;
}

int zpm_startup_run(const struct zpm_startup *startup,
                    enum zpm_service_step step, struct zpm_error *err)
{
  struct zpm_service_command commands[ZPM_SERVICE_COMMANDS_MAX];
  size_t count = zpm_service_commands(commands, &startup->service, step,
                                      startup->name.data, startup->file.data);
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < count; i++) {
    int code = zpm_startup_run_command(commands[i].words);

    if (code != 0)
      rc = tell_failure(&commands[i], code, err);
  }
  return rc;
}
