#ifndef ZPM_CLI_INTERRUPT_H
#define ZPM_CLI_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/*
 * Ctrl-C as something that is waited for, instead of the end of the program.
 * Between _begin() and _end() it is held back but while _wait() waits.
 */
struct zpm_interrupt {
  sigset_t mask_before;
  struct sigaction action_before;
};

void zpm_interrupt_begin(struct zpm_interrupt *interrupt);
void zpm_interrupt_end(const struct zpm_interrupt *interrupt);

/* Whether it came while it was held back. */
bool zpm_interrupt_came(void);

/* Waits until there is something to read (false), or for Ctrl-C (true). */
bool zpm_interrupt_wait(const struct zpm_interrupt *interrupt, int fd);

#endif
