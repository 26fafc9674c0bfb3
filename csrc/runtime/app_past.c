#include "runtime/app.h"

#include <string.h>

#include "base/alloc.h"
#include "core/last_line.h"
#include "core/telling.h"
#include "runtime/proc_exit.h"

/* What an app remembers of how its runs ended. */

enum { LINES = 40, LINES_MAX_BYTES = 4000, TOLD_MAX_BYTES = 400 };

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

/* Lines that are too long leave room for the last ones. */
static char *told(const char *text)
{
  struct zpm_str lines = {0};
  char *copy = NULL;

  if (zpm_telling_lines(text, strlen(text), &lines) == 0 && lines.len > 0)
    copy = zpm_strdup(last_of(lines.data, lines.len, TOLD_MAX_BYTES));
  zpm_str_deinit(&lines);
  return copy;
}

/* It says why it is held: in its own words, too. */
static void explain(struct zpm_proc *proc, const char *lines)
{
  struct zpm_last_line clean = {0};
  const char *line;
  size_t len;

  if (proc->machine.next != ZPM_HELD ||
      proc->last_exit.cause != ZPM_CAUSE_ITSELF)
    return;
  line = zpm_telling_line(lines, &len);
  if (line == NULL)
    return;
  zpm_last_line_feed(&clean, line, len);
  zpm_last_line_feed(&clean, "\n", 1);
  zpm_proc_exit_explain_hold(proc, clean.text);
}

void zpm_app_note_lines(struct zpm_app *app, struct zpm_proc *proc,
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
    past->lines[0] = told(last_of(text.data, text.len, said));
  if (past->lines[0] != NULL)
    explain(proc, past->lines[0]);
  zpm_str_deinit(&text);
}
