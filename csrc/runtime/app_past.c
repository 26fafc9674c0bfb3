#include "runtime/app.h"

#include <string.h>

#include "base/alloc.h"

/* What an app remembers of how its runs ended. */

enum { LINES = 3, LINES_MAX_BYTES = 400 };

static bool is_worth_a_reason(int cause)
{
  return cause == ZPM_CAUSE_RENEWED || cause == ZPM_CAUSE_UNHEALTHY ||
         cause == ZPM_CAUSE_NOT_READY;
}

/* Without the memory for it, it is remembered without its reason. */
void zpm_app_note_exit(struct zpm_app *app, const struct zpm_proc *proc)
{
  const struct zpm_exit *end = &proc->last_exit;
  bool reasoned = is_worth_a_reason(end->cause) && proc->error.code != 0;

  zpm_past_add(&app->record.past, end, NULL,
               reasoned ? zpm_strdup(proc->error.message) : NULL);
}

static bool is_worth_lines(const struct zpm_exit *end)
{
  return end->cause != ZPM_CAUSE_ASKED && end->cause != ZPM_CAUSE_RENEWED &&
         (end->code != 0 || end->signal != 0);
}

/* The last of `text`, whole lines as far as they are of the last `most` bytes.
 */
static const char *last_of(const char *text, size_t len, uint64_t most)
{
  const char *from;
  const char *line;

  if (most > LINES_MAX_BYTES)
    most = LINES_MAX_BYTES;
  if (len <= most)
    return text;
  from = text + len - (size_t)most;
  if (from[-1] == '\n')
    return from;
  line = strchr(from, '\n');
  return line != NULL && line[1] != '\0' ? line + 1 : from;
}

void zpm_app_note_lines(struct zpm_app *app, const struct zpm_proc *proc,
                        const char *logs_folder)
{
  struct zpm_past *past = &app->record.past;
  uint64_t said = zpm_log_total_bytes(proc->recipe->logs[ZPM_STREAM_ERR]) -
                  proc->log_marks[ZPM_STREAM_ERR];
  struct zpm_str text = {0};

  if (past->len == 0 || past->lines[0] != NULL || said == 0 ||
      past->exits[0].at_ms != proc->last_exit.at_ms ||
      !is_worth_lines(&past->exits[0]))
    return;
  if (zpm_logs_tail(logs_folder, app->record.config.name, ZPM_STREAM_ERR, LINES,
                    &text) == 0 &&
      text.len > 0)
    past->lines[0] = zpm_strdup(last_of(text.data, text.len, said));
  zpm_str_deinit(&text);
}
