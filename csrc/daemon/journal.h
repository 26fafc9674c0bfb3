#ifndef ZPM_DAEMON_JOURNAL_H
#define ZPM_DAEMON_JOURNAL_H

/*
 * daemon.log, which is the daemon's stderr: a few plain lines with the time in
 * UTC.  Nothing of an app's environment or output ever goes there.
 */
void zpm_journal_write(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
