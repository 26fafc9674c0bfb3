#include "runtime/keeper_start.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "runtime/keeper_link.h"

enum {
  KEEPER_FD = 3, /* what the socket is in the keeper */
  OUT_OF_THE_WAY = 10,
};

/* ---- inherited ---- */

static int no_keeper(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_EKEEPER,
                       "the daemon was not started by zpm-keeper. Any zpm "
                       "command starts it the right way, 'zpm ping' for one");
}

/* A descriptor of the given file type that a variable names, or -1.  A number
 * that leaked into the environment from elsewhere is not believed. */
static int fd_of_variable(const char *variable, mode_t type)
{
  const char *text = getenv(variable);
  struct stat file;
  char *end;
  long fd;

  if (text == NULL || *text == '\0')
    return -1;
  fd = strtol(text, &end, 10);
  if (*end != '\0' || fd <= STDERR_FILENO || fd > INT32_MAX)
    return -1;
  if (fstat((int)fd, &file) != 0 || (file.st_mode & S_IFMT) != type)
    return -1;
  fcntl((int)fd, F_SETFD, FD_CLOEXEC);
  return (int)fd;
}

static void add(struct zpm_keeper_table *table,
                const struct zpm_wire_record *record)
{
  struct zpm_keeper_fd *fd;

  if (record->type == ZPM_WIRE_CHILD) {
    table->children[table->child_count++] = (struct zpm_keeper_child){
        .id = record->id,
        .pid = record->a,
        .wait_status = record->b,
        .exited = (record->flags & ZPM_WIRE_EXITED) != 0,
        .foreign = (record->flags & ZPM_WIRE_FOREIGN) != 0,
        .start_ticks = record->c,
    };
  } else if (record->type == ZPM_WIRE_FD) {
    fd = &table->fds[table->fd_count++];
    memcpy(fd->name, record->name, sizeof(fd->name));
    fd->name[sizeof(fd->name) - 1] = '\0';
    fd->fd = record->a;
    fcntl(fd->fd, F_SETFD, FD_CLOEXEC);
  }
}

/* Room for each record in both lists: the table is short and soon gone. */
static int fill(struct zpm_keeper_table *table, int file)
{
  struct zpm_wire_record record;
  struct stat stat;
  size_t count;

  if (fstat(file, &stat) != 0)
    return -errno;
  count = (size_t)stat.st_size / sizeof(record);
  table->children = zpm_alloc_zeroed(count + 1, sizeof(*table->children));
  table->fds = zpm_alloc_zeroed(count + 1, sizeof(*table->fds));
  if (table->children == NULL || table->fds == NULL)
    return ZPM_ENOMEM;
  for (size_t i = 0; i < count; i++) {
    off_t at = (off_t)(i * sizeof(record));
    if (pread(file, &record, sizeof(record), at) != (ssize_t)sizeof(record) ||
        record.magic != ZPM_WIRE_MAGIC)
      return ZPM_EKEEPER;
    add(table, &record);
  }
  return 0;
}

void zpm_keeper_table_deinit(struct zpm_keeper_table *table)
{
  zpm_free(table->children);
  zpm_free(table->fds);
  *table = (struct zpm_keeper_table){0};
}

int zpm_keeper_start_inherited(struct zpm_keeper_table *table,
                               struct zpm_error *err)
{
  int ctl = fd_of_variable(ZPM_WIRE_ENV_CTL, S_IFSOCK);
  int file = fd_of_variable(ZPM_WIRE_ENV_TABLE, S_IFREG);
  int rc;

  *table = (struct zpm_keeper_table){0};
  if (ctl < 0 || file < 0)
    return no_keeper(err);
  rc = fill(table, file);
  close(file);
  if (rc == 0)
    return ctl;
  zpm_keeper_table_deinit(table);
  return zpm_error_set(err, rc,
                       "the table of zpm-keeper cannot be read. The keeper is "
                       "perhaps of another version: 'zpm kill-daemon', then "
                       "start again");
}

/* ---- a new one ---- */

/* That of a daemon goes on to write to its log, and to hold its lock. */
static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *how,
                   int socket, bool owned)
{
  int last = owned ? STDERR_FILENO : STDOUT_FILENO;
  sigset_t none;
  int rc = 0;

  sigemptyset(&none);
  posix_spawnattr_setsigmask(how, &none);
  posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGMASK);
  for (int fd = 0; fd <= last && rc == 0; fd++)
    rc = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
  if (rc == 0)
    rc = posix_spawn_file_actions_adddup2(actions, socket, KEEPER_FD);
  return rc;
}

static int make_argv(struct zpm_strv *argv, char *const *daemon)
{
  int rc = zpm_strv_push(argv, "zpm-keeper");

  if (rc == 0 && daemon == NULL)
    rc = zpm_strv_push(argv, "--owned");
  if (rc == 0)
    rc = zpm_strv_push(argv, "--ctl");
  if (rc == 0)
    rc = zpm_strv_push(argv, "3");
  if (rc == 0 && daemon != NULL)
    rc = zpm_strv_push(argv, "--");
  for (; rc == 0 && daemon != NULL && *daemon != NULL; daemon++)
    rc = zpm_strv_push(argv, *daemon);
  return rc;
}

/* posix_spawn, as a fork costs milliseconds in a big host. 0 or an errno. */
static int spawn(const char *program, char *const *daemon, int socket,
                 pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t how;
  struct zpm_strv argv = {0};
  int rc = make_argv(&argv, daemon) == 0 ? 0 : ENOMEM;

  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&how);
  if (rc == 0)
    rc = prepare(&actions, &how, socket, daemon == NULL);
  if (rc == 0)
    rc = posix_spawn(pid, program, &actions, &how, argv.items, environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&actions);
  zpm_strv_deinit(&argv);
  return rc;
}

/* The program forks and its first process ends at once: that is waited for, so
 * that the host is left with neither a child nor a zombie. */
static bool has_left(pid_t pid)
{
  int status = 0;

  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int cannot_start(struct zpm_error *err, const char *program,
                        const char *why)
{
  return zpm_error_set(err, ZPM_EKEEPER,
                       "cannot start %s: %s. It belongs to @zuzjs/pm: "
                       "reinstall that if it is missing",
                       program, why);
}

int zpm_keeper_start(const char *program, char *const *daemon,
                     struct zpm_error *err)
{
  int pair[2];
  int theirs;
  pid_t pid = -1;
  int rc;

  /* Not every posix_spawn can tell that the exec failed. */
  if (access(program, X_OK) != 0)
    return cannot_start(err, program, strerror(errno));
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return cannot_start(err, program, strerror(errno));
  theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
  rc = theirs >= 0 ? spawn(program, daemon, theirs, &pid) : errno;
  close(pair[1]);
  if (theirs >= 0)
    close(theirs);
  if (rc == 0 && has_left(pid))
    return pair[0];
  close(pair[0]);
  return cannot_start(err, program,
                      rc != 0 ? strerror(rc) : "it ended at once");
}
