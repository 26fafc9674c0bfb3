/* update: this zpm's daemon and keeper in place of those that run */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/handover_log.h"
#include "platform/paths.h"
#include "platform/platform.h"
#include "zpm/version.h"

enum {
  DEADLINE_MS = 90000, /* a daemon that never serves is ended after 30 s */
  LOOK_EVERY_MS = 20,
  LOG_MAX = 8192,
};

/* What runs at one moment. */
struct look {
  cJSON *hello;
  cJSON *stats; /* the whole reply */
  bool keeper_is_ours;
};

struct update {
  struct zpm_cli *cli;
  struct zpm_str keeper; /* the one that lies beside us; empty: none */
  struct look before;
  struct look after;
  struct zpm_str log; /* path of daemon.log */
  off_t log_end;      /* when we began */
};

/* ---- looking ---- */

static void look_deinit(struct look *look)
{
  cJSON_Delete(look->hello);
  cJSON_Delete(look->stats);
  *look = (struct look){0};
}

static int pid_of(const struct look *look, const char *key)
{
  return (int)zpm_answer_number(look->hello, key, -1);
}

static const char *version_of(const struct look *look)
{
  const char *version = zpm_answer_text(look->hello, "version");

  return version != NULL ? version : "unknown";
}

static int take_a_look(struct update *update, struct zpm_talk *talk,
                       struct look *look, struct zpm_error *err)
{
  int rc = zpm_cli_connect(update->cli, false, talk, err);

  look_deinit(look);
  talk->replaces = true;
  if (rc == 0)
    rc = zpm_talk_ask(talk, "stats", NULL, &look->stats, err);
  if (rc != 0)
    return rc;
  look->hello = cJSON_Duplicate(talk->hello, true);
  if (look->hello == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  look->keeper_is_ours = zpm_platform_runs(pid_of(look, "keeperPid"),
                                           zpm_str_text(&update->keeper));
  return 0;
}

static bool is_ours(const struct update *update, const struct look *look)
{
  if (zpm_platform_runs(pid_of(look, "pid"), update->cli->path.data))
    return true;
  /* Where /proc tells nothing about others. */
  return strcmp(version_of(look), ZPM_VERSION) == 0 &&
         strcmp(version_of(&update->before), ZPM_VERSION) != 0;
}

/* ---- the log ---- */

static void mark_log(struct update *update)
{
  int fd = open(zpm_str_text(&update->log), O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  update->log_end = lseek(fd, 0, SEEK_END);
  close(fd);
}

static void read_cause(const struct update *update, struct zpm_str *cause)
{
  char text[LOG_MAX];
  int fd = open(zpm_str_text(&update->log), O_RDONLY | O_CLOEXEC);
  ssize_t len =
      fd >= 0 ? pread(fd, text, sizeof(text) - 1, update->log_end) : 0;

  if (fd >= 0)
    close(fd);
  text[len > 0 ? len : 0] = '\0';
  (void)zpm_handover_log_cause(cause, text);
}

/* ---- handing over ---- */

static long long now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int ask(struct update *update, struct zpm_talk *talk,
               struct zpm_error *err)
{
  const char *line;
  cJSON *reply = NULL;
  int rc;

  zpm_talk_begin(talk, "update");
  zpm_writer_key(&talk->writer, "zpm");
  zpm_writer_text(&talk->writer, update->cli->path.data);
  zpm_talk_end(talk);
  rc = zpm_talk_flush(talk, err);
  line = rc == 0 ? zpm_talk_receive(talk, err) : NULL;
  rc = line != NULL ? zpm_answer_parse(line, &reply, err) : err->code;
  cJSON_Delete(reply);
  if (rc == ZPM_ECOMMAND)
    zpm_error_set(err, rc,
                  "the daemon (%s) is too old to be replaced under running "
                  "apps. To stop them and start them again with the new one: "
                  "zpm restart-daemon",
                  version_of(&update->before));
  return rc;
}

static void wait_for_end(int process)
{
  struct pollfd poll_fd = {.fd = process, .events = POLLIN};

  if (process < 0)
    return;
  while (poll(&poll_fd, 1, DEADLINE_MS) < 0 && errno == EINTR)
    continue;
  close(process);
}

/* One that is on trial, or whose keeper is about to be replaced, may not be
 * what stays. */
static bool is_settled(const struct update *update)
{
  const struct look *after = &update->after;

  return pid_of(after, "pid") != pid_of(&update->before, "pid") &&
         !cJSON_IsNull(
             cJSON_GetObjectItemCaseSensitive(after->hello, "keeperVersion"));
}

static int await_successor(struct update *update, struct zpm_error *err)
{
  const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
  long long deadline = now_ms() + DEADLINE_MS;
  struct zpm_talk talk;
  int rc;

  for (;;) {
    *err = (struct zpm_error){0};
    rc = take_a_look(update, &talk, &update->after, err);
    zpm_talk_close(&talk);
    if (rc == 0 && is_settled(update))
      return 0;
    if (now_ms() > deadline)
      break;
    nanosleep(&pause, NULL);
  }
  return rc != 0 ? rc
                 : zpm_error_set(err, ZPM_EDAEMON,
                                 "the daemon did not get ready in time. See %s",
                                 zpm_str_text(&update->log));
}

/* ---- the outcome ---- */

static int did_not_start(const struct update *update, struct zpm_error *err)
{
  struct zpm_str cause = {0};

  read_cause(update, &cause);
  zpm_error_set(err, ZPM_EDAEMON,
                "the new daemon (%s) did not start: %s. The old one goes on "
                "(%s, pid %d); no app noticed",
                ZPM_VERSION, cause.len > 0 ? cause.data : "see daemon.log",
                version_of(&update->after), pid_of(&update->after, "pid"));
  zpm_str_deinit(&cause);
  return err->code;
}

static double pid_in(const cJSON *stats, const char *name)
{
  const cJSON *app;

  cJSON_ArrayForEach(app, zpm_answer_data(stats))
  {
    const char *its = zpm_answer_text(app, "name");

    if (its != NULL && strcmp(its, name) == 0)
      return zpm_answer_number(app, "pid", 0);
  }
  return 0;
}

/* How many apps ran before, and of those how many do as the same process. */
static void count_apps(const struct update *update, int *ran, int *kept)
{
  const cJSON *app;

  *ran = 0;
  *kept = 0;
  cJSON_ArrayForEach(app, zpm_answer_data(update->before.stats))
  {
    const char *name = zpm_answer_text(app, "name");
    double pid = zpm_answer_number(app, "pid", 0);

    if (name == NULL || pid <= 0)
      continue;
    *ran += 1;
    *kept += pid_in(update->after.stats, name) == pid;
  }
}

static const char *keeper_text(const struct update *update)
{
  if (update->before.keeper_is_ours)
    return "keeper is up to date";
  return update->after.keeper_is_ours
             ? "keeper replaced"
             : "keeper could not be replaced (see daemon.log)";
}

static void show_sentence(const struct update *update, int ran, int kept)
{
  struct zpm_screen *screen = &update->cli->screen;

  zpm_screen_print(screen, "updated: daemon ");
  zpm_screen_text(screen, ZPM_TONE_PLAIN, version_of(&update->before));
  zpm_screen_print(screen, " -> ");
  zpm_screen_text(screen, ZPM_TONE_PLAIN, version_of(&update->after));
  zpm_screen_print(screen, " (pid %d -> %d), %s, %d app%s kept running",
                   pid_of(&update->before, "pid"),
                   pid_of(&update->after, "pid"), keeper_text(update), kept,
                   kept == 1 ? "" : "s");
  if (kept < ran)
    zpm_screen_print(screen, ", %d ended meanwhile by %s", ran - kept,
                     ran - kept == 1 ? "itself" : "themselves");
  zpm_screen_print(screen, "\n");
}

static void put_daemon(struct zpm_writer *writer, const char *key,
                       const struct look *look)
{
  zpm_writer_key(writer, key);
  zpm_writer_begin_object(writer);
  zpm_writer_key(writer, "version");
  zpm_writer_text(writer, version_of(look));
  zpm_writer_key(writer, "pid");
  zpm_writer_int(writer, pid_of(look, "pid"));
  zpm_writer_end_object(writer);
}

static void show_json(const struct update *update, int ran, int kept)
{
  struct zpm_screen *screen = &update->cli->screen;
  struct zpm_writer writer = {.out = &screen->text};

  zpm_writer_begin_object(&writer);
  zpm_writer_key(&writer, "ok");
  zpm_writer_bool(&writer, true);
  put_daemon(&writer, "from", &update->before);
  put_daemon(&writer, "to", &update->after);
  zpm_writer_key(&writer, "keeper");
  zpm_writer_text(&writer, keeper_text(update));
  zpm_writer_key(&writer, "appsRunning");
  zpm_writer_int(&writer, ran);
  zpm_writer_key(&writer, "appsKept");
  zpm_writer_int(&writer, kept);
  zpm_writer_end_object(&writer);
  zpm_screen_print(screen, "\n");
}

static void show_outcome(const struct update *update)
{
  int ran;
  int kept;

  count_apps(update, &ran, &kept);
  if (update->cli->json)
    show_json(update, ran, kept);
  else
    show_sentence(update, ran, kept);
}

/* ---- the command ---- */

static int hand_over(struct update *update, struct zpm_talk *talk,
                     struct zpm_error *err)
{
  int process = zpm_platform_watch(pid_of(&update->before, "pid"));
  int rc;

  mark_log(update);
  rc = ask(update, talk, err);
  if (rc != 0) {
    if (process >= 0)
      close(process);
    return rc;
  }
  wait_for_end(process);
  rc = await_successor(update, err);
  if (rc == 0 && !is_ours(update, &update->after))
    rc = did_not_start(update, err);
  if (rc == 0)
    show_outcome(update);
  return rc;
}

static int run(struct update *update, struct zpm_error *err)
{
  struct zpm_talk talk = {0};
  int rc = take_a_look(update, &talk, &update->before, err);
  const char *home = zpm_answer_text(update->before.hello, "home");
  const char *name = zpm_answer_text(update->before.hello, "namespace");

  if (rc == 0 && home != NULL && name != NULL &&
      zpm_str_printf(&update->log, "%s/%s/daemon.log", home, name) != 0)
    rc = zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc == 0 &&
      zpm_platform_runs(pid_of(&update->before, "pid"),
                        update->cli->path.data) &&
      (update->before.keeper_is_ours || update->keeper.len == 0))
    zpm_cli_show_message(
        update->cli,
        "daemon and keeper are those of this zpm already (" ZPM_VERSION ")");
  else if (rc == 0)
    rc = hand_over(update, &talk, err);
  zpm_talk_close(&talk);
  return rc;
}

int zpm_cmd_update(struct zpm_cli *cli, struct zpm_error *err)
{
  struct update update = {.cli = cli};
  struct zpm_client_options options = {
      .namespace_name = zpm_args_value(&cli->args, "namespace")};
  int rc;

  if (!zpm_client_daemon_runs(&options)) {
    zpm_cli_show_message(cli, "no daemon runs: the next command starts that "
                              "of this zpm (" ZPM_VERSION ")");
    return ZPM_CLI_DONE;
  }
  rc = zpm_cli_find_self(cli, err);
  if (rc == 0 && zpm_paths_sibling(&update.keeper, cli->path.data, "zpm-keeper",
                                   "ZPM_KEEPER", NULL) != 0)
    zpm_str_clear(&update.keeper);
  if (rc == 0)
    rc = run(&update, err);
  look_deinit(&update.before);
  look_deinit(&update.after);
  zpm_str_deinit(&update.keeper);
  zpm_str_deinit(&update.log);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}
