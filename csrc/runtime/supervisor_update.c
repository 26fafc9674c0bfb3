#include "runtime/supervisor_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/platform.h"

/*
 * One daemon follows another under running apps.  The old one leaves with the
 * keeper what leads back to it ("@daemon", "@program") and what comes next
 * ("@next"), and ends.  The new one takes over as after any death; when its
 * loop runs and the keeper answers, it makes itself the one that is led back
 * to, and then has the keeper become the one that belongs to it.
 */
enum { WHO_ARE_YOU = 1, BECOME = 2 };

/* ---- the old one ---- */

static int check_program(const char *program, struct zpm_error *err)
{
  struct stat file;

  if (program[0] != '/')
    return zpm_error_set(err, ZPM_EARG,
                         "cannot hand over to '%s': give an absolute path",
                         program);
  if (stat(program, &file) != 0)
    return zpm_error_set(err, -errno, "cannot hand over to %s: %s", program,
                         strerror(errno));
  if (!S_ISREG(file.st_mode) || access(program, X_OK) != 0)
    return zpm_error_set(err, ZPM_EARG,
                         "cannot hand over to %s: it is no program that we may "
                         "run",
                         program);
  return 0;
}

static int put_self(struct zpm_keeper_link *link)
{
  int self = zpm_platform_open_executable();
  int rc = self < 0 ? self : zpm_keeper_link_put(link, ZPM_WIRE_PROGRAM, self);

  if (self >= 0)
    close(self);
  return rc;
}

/* Our own words, but for the program. */
static int put_next(struct zpm_keeper_link *link, const char *program,
                    const struct zpm_str *words)
{
  size_t own = strlen(words->data) + 1;
  struct zpm_str next = {0};
  int rc = zpm_str_append(&next, program, strlen(program) + 1);

  if (rc == 0)
    rc = zpm_str_append(&next, words->data + own, words->len - own);
  if (rc == 0)
    rc = zpm_keeper_link_put_words(link, ZPM_WIRE_NEXT, next.data, next.len);
  zpm_str_deinit(&next);
  return rc;
}

int zpm_supervisor_hand_over(struct zpm_supervisor *supervisor,
                             const char *program, struct zpm_error *err)
{
  struct zpm_keeper_link *link = supervisor->services.link;
  struct zpm_str words = {0};
  int rc = check_program(program, err);

  if (rc != 0)
    return rc;
  rc = zpm_platform_words(&words);
  if (rc == 0)
    rc = put_self(link);
  if (rc == 0)
    rc =
        zpm_keeper_link_put_words(link, ZPM_WIRE_DAEMON, words.data, words.len);
  if (rc == 0)
    rc =
        put_next(link, program, &words); /* the last: now there is a way back */
  zpm_str_deinit(&words);
  if (rc == 0)
    return 0;
  return zpm_error_set(err, rc, "cannot hand over to %s: %s", program,
                       rc <= ZPM_ENOMEM ? zpm_code_text(rc) : strerror(-rc));
}

void zpm_supervisor_part(struct zpm_supervisor *supervisor)
{
  zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_FACTS);
  zpm_supervisor_save_sync(supervisor);
  zpm_keeper_link_drain(supervisor->services.link);
}

/* ---- the new one ---- */

/* There is an older daemon to go back to as long as its program is stored. */
void zpm_supervisor_succeed(struct zpm_supervisor *supervisor,
                            const struct zpm_keeper_table *table)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    if (strcmp(table->fds[i].name, ZPM_WIRE_PROGRAM) == 0)
      supervisor->update.on_trial = true;
  }
  zpm_keeper_link_ping(supervisor->services.link, WHO_ARE_YOU);
}

/* From now on our death leads to us again.  Words whose program has been
 * replaced, as after an update that failed, do not: then the program itself is
 * stored.  Returns whether they do. */
static bool confirm(struct zpm_supervisor *supervisor)
{
  struct zpm_keeper_link *link = supervisor->services.link;
  struct zpm_str words = {0};
  bool leads_to_us = zpm_platform_words(&words) == 0 &&
                     zpm_platform_runs(uv_os_getpid(), words.data);

  if (leads_to_us)
    zpm_keeper_link_del(link, ZPM_WIRE_PROGRAM);
  else
    (void)put_self(link);
  if (words.len > 0)
    (void)zpm_keeper_link_put_words(link, ZPM_WIRE_DAEMON, words.data,
                                    words.len);
  zpm_str_deinit(&words);
  return leads_to_us;
}

/* Whether it has been asked to become the keeper that belongs to us. */
static bool replace_keeper(const struct zpm_supervisor *supervisor)
{
  const struct zpm_keeper_link *link = supervisor->services.link;
  const char *program = supervisor->keeper_path;

  return !zpm_platform_runs(zpm_keeper_link_pid(link), program) &&
         zpm_keeper_link_reexec(supervisor->services.link, BECOME, program) ==
             0;
}

void zpm_supervisor_on_keeper_pong(void *ctx, uint64_t id, const char *version)
{
  struct zpm_supervisor *supervisor = ctx;
  struct zpm_update *update = &supervisor->update;
  bool on_trial = update->on_trial;
  char text[ZPM_WIRE_NAME_MAX + 64];

  if (update->keeper == ZPM_KEEPER_CHANGES && id != BECOME)
    return; /* still the old one */
  snprintf(update->keeper_version, sizeof(update->keeper_version), "%s",
           version);
  if (id == BECOME) {
    snprintf(text, sizeof(text), "zpm-keeper has been replaced: it is %s now",
             version);
    zpm_supervisor_tell_trouble(supervisor, text);
  }
  update->on_trial = false;
  update->keeper = on_trial && confirm(supervisor) && replace_keeper(supervisor)
                       ? ZPM_KEEPER_CHANGES
                       : ZPM_KEEPER_KNOWN;
}

/* It serves as before: that is no reason to trouble anybody. */
void zpm_supervisor_on_keeper_stays(void *ctx, uint64_t id, int error)
{
  struct zpm_supervisor *supervisor = ctx;
  struct zpm_update *update = &supervisor->update;
  const char *version = update->keeper_version;
  struct zpm_error line = {0};

  (void)id;
  update->keeper = ZPM_KEEPER_KNOWN;
  zpm_error_set(&line, ZPM_EKEEPER,
                "zpm-keeper stays as it is (%s), it does not become %s: %s",
                version[0] != '\0' ? version : "of unknown version",
                supervisor->keeper_path, strerror(error));
  zpm_supervisor_tell_trouble(supervisor, line.message);
}

const char *
zpm_supervisor_keeper_version(const struct zpm_supervisor *supervisor)
{
  const struct zpm_update *update = &supervisor->update;

  return update->keeper == ZPM_KEEPER_KNOWN ? update->keeper_version : NULL;
}
