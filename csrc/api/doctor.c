#include "api/doctor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/handlers.h"
#include "api/state.h"
#include "platform/platform.h"

/*
 * doctor: what may be wrong around zpm on this machine, and what to do about
 * it.
 */

static const uint64_t MIB = 1048576;

enum {
  FREE_MIB_MIN = 100,
  DESCRIPTORS_MIN = 1024,
  DESCRIPTORS_PER_APP = 8,
};

/* ---- the checks ---- */

static void check_keeper(struct zpm_doctor *doctor)
{
  const struct zpm_supervisor *supervisor = doctor->api->supervisor;
  const char *version = zpm_supervisor_keeper_version(supervisor);
  int pid = zpm_supervisor_keeper_pid(supervisor);
  bool ok = pid > 0 && kill(pid, 0) == 0;
  char text[128];

  snprintf(text, sizeof(text), "zpm-keeper %s runs (pid %d)",
           version != NULL ? version : "", pid);
  zpm_doctor_report(
      doctor, &(struct zpm_finding){
                  "keeper", ok, ok ? text : "zpm-keeper does not answer",
                  "stop the daemon and start it again: zpm restart-daemon"});
}

/* Only for a daemon: an embedded supervisor has no folder of its own. */
static void check_folder(struct zpm_doctor *doctor)
{
  const struct zpm_api *api = doctor->api;
  char path[1024];
  char text[1200];
  struct stat info;
  bool exists;
  bool ok;

  if (api->on_shutdown == NULL)
    return;
  snprintf(path, sizeof(path), "%s/%s", api->home, api->namespace_name);
  exists = stat(path, &info) == 0;
  ok = exists && (info.st_mode & 0077) == 0 && access(path, W_OK) == 0;
  if (!exists)
    snprintf(text, sizeof(text), "%s is not there", path);
  else
    snprintf(text, sizeof(text), "%s is %s, mode %03o", path,
             access(path, W_OK) == 0 ? "writable" : "not writable",
             (unsigned)info.st_mode & 0777);
  zpm_doctor_report(
      doctor,
      &(struct zpm_finding){"state folder", ok, text,
                            "it must be yours alone: chmod 700 that folder"});
}

static void check_space(struct zpm_doctor *doctor)
{
  const char *folder = zpm_supervisor_logs_folder(doctor->api->supervisor);
  char text[1200];
  uint64_t mib = 0;
  uv_fs_t req;
  bool known = uv_fs_statfs(NULL, &req, folder, NULL) == 0;

  if (known) {
    const uv_statfs_t *info = req.ptr;

    mib = info->f_bavail * info->f_bsize / MIB;
    snprintf(text, sizeof(text), "%llu MiB free for logs in %s",
             (unsigned long long)mib, folder);
  } else {
    snprintf(text, sizeof(text), "%s cannot be looked at", folder);
  }
  uv_fs_req_cleanup(&req);
  zpm_doctor_report(doctor,
                    &(struct zpm_finding){
                        "log space", known && mib >= FREE_MIB_MIN, text,
                        "make room on that disk: a full one costs log lines"});
}

/* Where PATH has an executable of this name; false: nowhere. */
static bool find_program(const char *program, char *path, size_t size)
{
  const char *at = getenv("PATH");

  while (at != NULL && *at != '\0') {
    size_t len = strcspn(at, ":");

    snprintf(path, size, "%.*s/%s", (int)len, at, program);
    if (len > 0 && access(path, X_OK) == 0)
      return true;
    at += len + (at[len] == ':');
  }
  return false;
}

static void check_node(struct zpm_doctor *doctor)
{
  char path[1024];
  char text[1100];
  bool ok = find_program("node", path, sizeof(path));

  snprintf(text, sizeof(text), "node is %s", path);
  zpm_doctor_report(
      doctor,
      &(struct zpm_finding){
          "node", ok, ok ? text : "node is not in the PATH of this process",
          "JavaScript apps need it: install Node.js, or start apps with "
          "--interpreter-command /path/to/node"});
}

static void check_descriptors(struct zpm_doctor *doctor)
{
  size_t apps = zpm_supervisor_count(doctor->api->supervisor);
  rlim_t needed = DESCRIPTORS_MIN + DESCRIPTORS_PER_APP * (rlim_t)apps;
  struct rlimit limit = {0};
  char text[96];

  getrlimit(RLIMIT_NOFILE, &limit);
  snprintf(text, sizeof(text), "%llu files may be open at once",
           (unsigned long long)limit.rlim_cur);
  zpm_doctor_report(
      doctor,
      &(struct zpm_finding){"file descriptors", limit.rlim_cur >= needed, text,
                            "raise it before zpm starts: ulimit -n 65536"});
}

static void check_pidfd(struct zpm_doctor *doctor)
{
  bool ok = zpm_platform_has_pidfd();

  zpm_doctor_report(doctor,
                    &(struct zpm_finding){
                        "kernel", ok,
                        ok ? "signals cannot reach a wrong process (pidfd)"
                           : "this kernel has no pidfd, or a sandbox hides it",
                        "a stray child is then signalled by its pid and start "
                        "time; Linux 5.3 or later closes that gap"});
}

void zpm_doctor_run(struct zpm_call *call)
{
  struct zpm_writer w;
  struct zpm_doctor doctor = {call->api, &w};

  zpm_call_begin(call, &w);
  zpm_writer_begin_array(&w);
  check_keeper(&doctor);
  check_folder(&doctor);
  check_space(&doctor);
  check_node(&doctor);
  check_descriptors(&doctor);
  check_pidfd(&doctor);
  zpm_doctor_look_at_system(&doctor);
  zpm_writer_end_array(&w);
  zpm_call_end(call, &w);
}
