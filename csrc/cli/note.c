#include "cli/note.h"

#include <string.h>

#include "cli/text.h"

static bool is(const struct zpm_row *row, const char *status)
{
  return strcmp(row->status, status) == 0;
}

static const char *ending_of(unsigned long long n)
{
  if (n % 100 >= 11 && n % 100 <= 13)
    return "th";
  if (n % 10 == 1)
    return "st";
  if (n % 10 == 2)
    return "nd";
  return n % 10 == 3 ? "rd" : "th";
}

/* "4th crash, exit 1" */
static int put_crash(struct zpm_str *out, const struct zpm_row *row)
{
  unsigned long long n =
      row->crashes > 0 ? (unsigned long long)row->crashes : 0;
  int rc = n > 0 ? zpm_str_printf(out, "%llu%s crash", n, ending_of(n))
                 : zpm_str_puts(out, "crash");

  if (rc == 0 && row->exit_signal != NULL)
    rc = zpm_str_printf(out, ", %s", row->exit_signal);
  else if (rc == 0 && row->exit_code >= 0)
    rc = zpm_str_printf(out, ", exit %.0f", row->exit_code);
  return rc;
}

static int put_crashed(struct zpm_str *out, const struct zpm_row *row)
{
  int rc = zpm_str_puts(out, "crashed");

  if (rc == 0 && row->next_try_ms >= 0)
    rc = zpm_str_puts(out, ", next try in ");
  if (rc == 0 && row->next_try_ms >= 0)
    rc = zpm_text_duration(out, row->next_try_ms);
  if (rc == 0)
    rc = zpm_str_puts(out, " (");
  if (rc == 0)
    rc = put_crash(out, row);
  if (rc == 0)
    rc = zpm_str_puts(out, ")");
  if (rc == 0 && row->last_error != NULL)
    rc = zpm_str_printf(out, ": %s", row->last_error);
  return rc;
}

static int put_stuck(struct zpm_str *out, const struct zpm_row *row)
{
  int rc = zpm_str_puts(out, "stuck: ");

  if (rc == 0 && row->pid > 0)
    rc = zpm_str_printf(out, "pid %.0f", row->pid);
  else if (rc == 0)
    rc = zpm_str_puts(out, "a process of it");
  return rc != 0
             ? rc
             : zpm_str_puts(out, " survives SIGKILL. State D: it waits inside "
                                 "the kernel, often for a disk or a network "
                                 "file system; it ends when that answers");
}

int zpm_note_put(struct zpm_str *out, const struct zpm_row *row)
{
  if (row->stuck)
    return put_stuck(out, row);
  if (is(row, "crashed"))
    return put_crashed(out, row);
  if (is(row, "errored"))
    return zpm_str_puts(out, row->last_error != NULL ? row->last_error
                                                     : row->status);
  if (is(row, "starting") && row->pending != NULL)
    return zpm_str_printf(out, "not ready yet: %s", row->pending);
  if (is(row, "running") && row->probe_failures > 0)
    return zpm_str_printf(
        out, "its liveness probe has failed %.0f time%s in a row",
        row->probe_failures, row->probe_failures < 2 ? "" : "s");
  return 0;
}
