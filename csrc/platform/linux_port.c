/* Who has a listening socket open: the kernel tells its inode, and the links in
 * /proc/PID/fd tell which processes have that. */
#include "platform/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/linux_sockets.h"
#include "platform/linux_stat.h"

enum {
  LINK_MAX_SIZE = 64,
  STATUS_MAX = 1024,
  ARGS_MAX = 512,
  CGROUP_MAX = 2048,
  COMM_MAX = 64,
  PASSWD_ROOM = 4096,
  TRIES = 3,
};

static const char SOCKET_LINK[] = "socket:[";

/* ---- which sockets a process has open ---- */

static uint64_t inode_of_link(int folder, const char *name)
{
  char link[LINK_MAX_SIZE];
  ssize_t len = readlinkat(folder, name, link, sizeof(link) - 1);

  if (len < 0)
    return 0;
  link[len] = '\0';
  if (strncmp(link, SOCKET_LINK, sizeof(SOCKET_LINK) - 1) != 0)
    return 0;
  return strtoull(link + sizeof(SOCKET_LINK) - 1, NULL, 10);
}

static bool mark_seen(struct zpm_sockets *sockets, uint64_t inode)
{
  for (size_t i = 0; i < sockets->len; i++) {
    if (sockets->items[i].inode == inode) {
      sockets->items[i].seen = true;
      return true;
    }
  }
  return false;
}

/* 1 if it has any of them, 0 or negative. */
static int has_open(int pid, struct zpm_sockets *sockets)
{
  char path[ZPM_PROC_PATH_MAX];
  DIR *folder = opendir(zpm_proc_path(path, "/proc/", pid, "/fd"));
  struct dirent *entry;
  int has = 0;

  if (folder == NULL)
    return errno == ENOENT ? -ESRCH : -errno;
  while ((entry = readdir(folder)) != NULL) {
    uint64_t inode = inode_of_link(dirfd(folder), entry->d_name);

    if (inode != 0 && mark_seen(sockets, inode))
      has = 1;
  }
  closedir(folder);
  return has;
}

/* ---- what it is ---- */

/* Reads the beginning of /proc/PID/`what`; the text is always ended. */
static size_t read_start(int pid, const char *what, char *text, size_t room)
{
  char path[ZPM_PROC_PATH_MAX];
  int fd = open(zpm_proc_path(path, "/proc/", pid, what), O_RDONLY | O_CLOEXEC);
  ssize_t got = fd >= 0 ? read(fd, text, room - 1) : -1;

  if (fd >= 0)
    close(fd);
  text[got > 0 ? got : 0] = '\0';
  return got > 0 ? (size_t)got : 0;
}

/* Its real user, or the one it acts as if only that is not ours. */
static int uid_of(int pid)
{
  char status[STATUS_MAX];
  const char *line;
  char *end = NULL;
  int uid;

  read_start(pid, "/status", status, sizeof(status));
  line = strstr(status, "\nUid:");
  if (line == NULL)
    return -1;
  uid = (int)strtoul(line + strlen("\nUid:"), &end, 10);
  return uid == (int)geteuid() ? (int)strtoul(end, NULL, 10) : uid;
}

static void name_user(struct zpm_port_owner *owner)
{
  char room[PASSWD_ROOM];
  struct passwd entry;
  struct passwd *found = NULL;

  if (owner->uid >= 0 &&
      getpwuid_r((uid_t)owner->uid, &entry, room, sizeof(room), &found) == 0 &&
      found != NULL)
    snprintf(owner->user, sizeof(owner->user), "%s", entry.pw_name);
  else
    snprintf(owner->user, sizeof(owner->user), "%d", owner->uid);
}

static void read_comm(int pid, char comm[COMM_MAX])
{
  size_t len = read_start(pid, "/comm", comm, COMM_MAX);

  if (len > 0 && comm[len - 1] == '\n')
    comm[len - 1] = '\0';
}

bool zpm_platform_is_called(int pid, const char *name)
{
  char comm[COMM_MAX];

  read_comm(pid, comm);
  return strcmp(comm, name) == 0;
}

static void name_command(struct zpm_port_owner *owner)
{
  char comm[COMM_MAX];
  char args[ARGS_MAX];
  size_t len;

  read_comm(owner->pid, comm);
  len = read_start(owner->pid, "/cmdline", args, sizeof(args));
  zpm_port_command(comm, args, len, owner->command);
}

static void read_service(int pid, char service[ZPM_PORT_SERVICE_MAX])
{
  char cgroup[CGROUP_MAX];

  read_start(pid, "/cgroup", cgroup, sizeof(cgroup));
  zpm_port_service(cgroup, service);
}

static void name_service(struct zpm_port_owner *owner)
{
  char ours[ZPM_PORT_SERVICE_MAX];

  read_service(getpid(), ours);
  read_service(owner->pid, owner->service);
  if (strcmp(owner->service, ours) == 0)
    owner->service[0] = '\0';
}

/* ---- all of it ---- */

static int add_process(const struct zpm_process *process,
                       struct zpm_port_owners *owners)
{
  struct zpm_port_owner *owner = zpm_port_owners_add(owners);

  if (owner == NULL)
    return ZPM_ENOMEM;
  owner->pid = process->pid;
  owner->start_ticks = process->start_ticks;
  owner->uid = uid_of(process->pid);
  name_user(owner);
  name_command(owner);
  name_service(owner);
  return 0;
}

static int add_unseen(const struct zpm_socket *socket,
                      struct zpm_port_owners *owners)
{
  struct zpm_port_owner *owner = zpm_port_owners_add(owners);

  if (owner == NULL)
    return ZPM_ENOMEM;
  owner->uid = socket->uid;
  name_user(owner);
  return 0;
}

/* Then whose a socket is would be a guess. */
static bool is_failure(int rc)
{
  return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM;
}

static int find_owners(struct zpm_sockets *sockets,
                       struct zpm_process_table *table,
                       struct zpm_port_owners *owners)
{
  int rc = zpm_platform_processes(table);

  for (size_t i = 0; rc == 0 && i < table->len; i++) {
    int has = has_open(table->items[i].pid, sockets);

    if (has == 1)
      rc = add_process(&table->items[i], owners);
    else if (is_failure(has))
      rc = has;
  }
  return rc;
}

static bool all_seen(const struct zpm_sockets *sockets)
{
  for (size_t i = 0; i < sockets->len; i++) {
    if (!sockets->items[i].seen)
      return false;
  }
  return true;
}

static int add_all_unseen(const struct zpm_sockets *sockets,
                          struct zpm_port_owners *owners)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < sockets->len; i++) {
    if (!sockets->items[i].seen)
      rc = add_unseen(&sockets->items[i], owners);
  }
  return rc;
}

int zpm_platform_port_owners(uint16_t port, struct zpm_process_table *table,
                             struct zpm_port_owners *owners)
{
  struct zpm_sockets sockets = {0};
  int rc = 0;

  /* Again if one has no owner: it may have ended between the two looks. */
  for (int i = 0; i < TRIES; i++) {
    owners->len = 0;
    rc = zpm_sockets_listening(port, &sockets);
    if (rc == 0 && sockets.len > 0)
      rc = find_owners(&sockets, table, owners);
    if (rc != 0 || all_seen(&sockets))
      break;
  }
  if (rc == 0)
    rc = add_all_unseen(&sockets, owners);
  zpm_sockets_deinit(&sockets);
  return rc;
}

int zpm_platform_listens(uint16_t port, const int *pids, size_t count)
{
  struct zpm_sockets sockets = {0};
  int rc = zpm_sockets_listening(port, &sockets);
  int found = 0;

  for (size_t i = 0; rc == 0 && sockets.len > 0 && found != 1 && i < count;
       i++) {
    int has = has_open(pids[i], &sockets);

    if (has == 1 || (has < 0 && has != -ESRCH))
      found = has;
  }
  zpm_sockets_deinit(&sockets);
  return rc != 0 ? rc : found;
}
