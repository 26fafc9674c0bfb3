#include "core/record.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

struct zpm_environment *zpm_environment_create(void)
{
  struct zpm_environment *env = zpm_alloc_zeroed(1, sizeof(*env));

  return zpm_environment_ref(env);
}

struct zpm_environment *zpm_environment_ref(struct zpm_environment *env)
{
  if (env != NULL)
    env->references++;
  return env;
}

void zpm_environment_unref(struct zpm_environment *env)
{
  if (env == NULL || --env->references > 0)
    return;
  zpm_strv_deinit(&env->vars);
  zpm_free(env);
}

void zpm_record_init(struct zpm_record *record)
{
  *record = (struct zpm_record){0};
  zpm_config_init(&record->config);
}

void zpm_record_deinit(struct zpm_record *record)
{
  zpm_config_deinit(&record->config);
  zpm_environment_unref(record->environment);
  zpm_past_deinit(&record->past);
  for (size_t i = 0; i < record->life_count; i++)
    zpm_free(record->lives[i].last_error);
  zpm_free(record->lives);
  *record = (struct zpm_record){0};
}

unsigned zpm_seat_instance(zpm_seat seat)
{
  return seat % ZPM_SEAT_OTHER;
}

struct zpm_life *zpm_record_life(const struct zpm_record *record, zpm_seat seat)
{
  for (size_t i = 0; i < record->life_count; i++) {
    if (record->lives[i].seat == seat)
      return &record->lives[i];
  }
  return NULL;
}

struct zpm_life *zpm_record_add_life(struct zpm_record *record, zpm_seat seat)
{
  struct zpm_life *life = zpm_record_life(record, seat);
  struct zpm_life *lives;

  if (life != NULL)
    return life;
  lives = zpm_realloc(record->lives, (record->life_count + 1) * sizeof(*lives));
  if (lives == NULL)
    return NULL;
  record->lives = lives;
  life = &lives[record->life_count++];
  *life = (struct zpm_life){.seat = seat};
  return life;
}

void zpm_record_drop_life(struct zpm_record *record, zpm_seat seat)
{
  struct zpm_life *life = zpm_record_life(record, seat);

  if (life == NULL)
    return;
  zpm_free(life->last_error);
  *life = record->lives[--record->life_count];
}

void zpm_records_sort_by_start(struct zpm_record **records, size_t count)
{
  for (size_t i = 1; i < count; i++) {
    struct zpm_record *record = records[i];
    size_t at = i;

    for (; at > 0 && records[at - 1]->start_order > record->start_order; at--)
      records[at] = records[at - 1];
    records[at] = record;
  }
}

void zpm_roster_deinit(struct zpm_roster *roster)
{
  for (size_t i = 0; i < roster->len; i++)
    zpm_record_deinit(&roster->items[i]);
  zpm_free(roster->items);
  *roster = (struct zpm_roster){0};
}

struct zpm_record *zpm_roster_add(struct zpm_roster *roster)
{
  struct zpm_record *items =
      zpm_realloc(roster->items, (roster->len + 1) * sizeof(*items));

  if (items == NULL)
    return NULL;
  roster->items = items;
  zpm_record_init(&items[roster->len]);
  return &items[roster->len++];
}

/* ---- exits ---- */

static const char *const CAUSES[ZPM_CAUSES] = {
    [ZPM_CAUSE_ITSELF] = "itself",       [ZPM_CAUSE_ASKED] = "asked",
    [ZPM_CAUSE_RENEWED] = "renewed",     [ZPM_CAUSE_UNHEALTHY] = "unhealthy",
    [ZPM_CAUSE_NOT_READY] = "not-ready", [ZPM_CAUSE_OOM] = "out-of-memory",
};

const char *zpm_cause_name(int cause)
{
  return CAUSES[cause >= 0 && cause < ZPM_CAUSES ? cause : ZPM_CAUSE_ITSELF];
}

int zpm_cause_of_name(const char *name)
{
  for (int i = 0; i < ZPM_CAUSES; i++) {
    if (strcmp(CAUSES[i], name) == 0)
      return i;
  }
  return ZPM_CAUSE_ITSELF;
}

void zpm_past_add(struct zpm_past *past, const struct zpm_exit *end,
                  char *lines, char *reason)
{
  size_t kept = past->len < ZPM_PAST_MAX ? past->len : ZPM_PAST_MAX - 1;

  if (past->len == ZPM_PAST_MAX) {
    zpm_free(past->lines[kept]);
    zpm_free(past->reasons[kept]);
  }
  for (size_t i = kept; i > 0; i--) {
    past->exits[i] = past->exits[i - 1];
    past->lines[i] = past->lines[i - 1];
    past->reasons[i] = past->reasons[i - 1];
  }
  past->exits[0] = *end;
  past->lines[0] = lines;
  past->reasons[0] = reason;
  past->len = kept + 1;
}

void zpm_past_deinit(struct zpm_past *past)
{
  for (size_t i = 0; i < past->len; i++) {
    zpm_free(past->lines[i]);
    zpm_free(past->reasons[i]);
  }
  *past = (struct zpm_past){0};
}

enum { SECOND_MS = 1000, MINUTE_MS = 60000, HOUR_MS = 3600000 };

static void put_duration(char *text, size_t size, uint64_t ms)
{
  unsigned long long n = ms;

  if (ms < SECOND_MS)
    snprintf(text, size, "%llu ms", n);
  else if (ms < MINUTE_MS)
    snprintf(text, size, "%llu.%llu s", n / SECOND_MS, n % SECOND_MS / 100);
  else if (ms < HOUR_MS)
    snprintf(text, size, "%llu min", n / MINUTE_MS);
  else
    snprintf(text, size, "%llu h %llu min", n / HOUR_MS,
             n % HOUR_MS / MINUTE_MS);
}

const char *zpm_exit_text(const struct zpm_exit *end,
                          char text[ZPM_EXIT_TEXT_SIZE])
{
  const char *signal = zpm_signal_name(end->signal);
  const char *why = end->cause == ZPM_CAUSE_OOM ? ", out of memory," : "";
  char after[32];

  put_duration(after, sizeof(after), end->uptime_ms);
  if (!end->known)
    snprintf(text, ZPM_EXIT_TEXT_SIZE, "exit ? (nobody could tell) after %s",
             after);
  else if (end->signal != 0)
    snprintf(text, ZPM_EXIT_TEXT_SIZE, "%s (%d)%s after %s",
             signal != NULL ? signal : "signal", end->signal, why, after);
  else
    snprintf(text, ZPM_EXIT_TEXT_SIZE, "exit code %d%s after %s", end->code,
             why, after);
  return text;
}

int zpm_exit_shell_code(const struct zpm_exit *end)
{
  enum { UNKNOWN = 1, BY_SIGNAL = 128 };

  if (!end->known)
    return UNKNOWN;
  return end->signal != 0 ? BY_SIGNAL + end->signal : end->code;
}
