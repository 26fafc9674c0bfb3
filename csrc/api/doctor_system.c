#include "api/doctor.h"

#include <stdio.h>
#include <unistd.h>

#include "api/state.h"
#include "platform/platform.h"

enum { WATCHES_MIN = 8192, WATCHERS_MIN = 128 };

static void put_text(struct zpm_writer *w, const char *key, const char *text)
{
  zpm_writer_key(w, key);
  zpm_writer_text(w, text);
}

static void put_finding(struct zpm_doctor *doctor,
                        const struct zpm_finding *finding, const char *advice)
{
  struct zpm_writer *w = doctor->w;

  zpm_writer_begin_object(w);
  put_text(w, "check", finding->check);
  zpm_writer_key(w, "ok");
  zpm_writer_bool(w, finding->ok);
  put_text(w, "text", finding->text);
  if (advice != NULL)
    put_text(w, "advice", advice);
  zpm_writer_end_object(w);
}

void zpm_doctor_report(struct zpm_doctor *doctor,
                       const struct zpm_finding *finding)
{
  put_finding(doctor, finding, finding->ok ? NULL : finding->advice);
}

/* Nothing is wrong; the advice (or NULL) says what would be better still. */
static void tell(struct zpm_doctor *doctor, const char *check, const char *text,
                 const char *advice)
{
  const struct zpm_finding finding = {check, true, text, NULL};

  put_finding(doctor, &finding, advice);
}

static void tell_kill_guarantee(struct zpm_doctor *doctor)
{
  const char *lack = zpm_supervisor_may_escape(doctor->api->supervisor);
  char text[640];

  if (lack == NULL) {
    tell(doctor, "kill guarantee",
         "a stop reaches every process of an app, whatever it does: each run "
         "has a control group of its own (cgroup v2)",
         NULL);
    return;
  }
  snprintf(
      text, sizeof(text),
      "a stop reaches the process group, all descendants, and orphans that "
      "carry the app's marker, again and again until none is left. What "
      "leaves all of these on purpose escapes: %s",
      lack);
  tell(doctor, "kill guarantee", text,
       "where zpm may make control groups (cgroup v2), nothing escapes: as a "
       "systemd service with Delegate=yes, or as root with a writable "
       "/sys/fs/cgroup");
}

static void check_watches(struct zpm_doctor *doctor)
{
  uint64_t folders = 0;
  uint64_t watchers = 0;
  bool known = zpm_platform_watch_limits(&folders, &watchers) == 0;
  char text[128];

  snprintf(text, sizeof(text),
           "%llu folders may be watched for changes, by %llu watchers at once",
           (unsigned long long)folders, (unsigned long long)watchers);
  zpm_doctor_report(
      doctor,
      &(struct zpm_finding){
          "file watches",
          !known || (folders >= WATCHES_MIN && watchers >= WATCHERS_MIN),
          known ? text : "this system does not say how much may be watched",
          "dev mode of a big tree falls back to looking every 2 s. Raise it: "
          "sysctl fs.inotify.max_user_watches=524288 "
          "fs.inotify.max_user_instances=512"});
}

/* Root sees and may do everything of these; anybody else his own. */
static void tell_ports(struct zpm_doctor *doctor, bool root)
{
  if (root)
    tell(doctor, "port owners",
         "who holds the port of an app is seen, whoever it is", NULL);
  else
    tell(doctor, "port owners",
         "who holds the port of an app is seen, and ended, if it is a process "
         "of this user",
         "a port that another user holds can only be said to be held");
}

static void tell_identity(struct zpm_doctor *doctor, bool root)
{
  char text[64];

  snprintf(text, sizeof(text), "apps run as this user (uid %u)",
           (unsigned)geteuid());
  if (root)
    tell(doctor, "identity",
         "zpm runs as root: apps can be run as any user, and are run as root "
         "unless told otherwise",
         "give apps a user that may do less: --user <name>");
  else
    tell(doctor, "identity", text,
         "to run apps as other users, run the daemon as root");
}

void zpm_doctor_look_at_system(struct zpm_doctor *doctor)
{
  bool root = geteuid() == 0;

  tell_kill_guarantee(doctor);
  check_watches(doctor);
  tell_ports(doctor, root);
  tell_identity(doctor, root);
}
