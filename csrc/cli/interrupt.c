#include "cli/interrupt.h"

#include <errno.h>
#include <stddef.h>
#include <sys/select.h>

/* That it came is told by the EINTR of pselect(). */
static void on_interrupt(int signal)
{
  (void)signal;
}

void zpm_interrupt_begin(struct zpm_interrupt *interrupt)
{
  struct sigaction action = {.sa_handler = on_interrupt};
  sigset_t held;

  sigemptyset(&action.sa_mask);
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigprocmask(SIG_BLOCK, &held, &interrupt->mask_before);
  sigaction(SIGINT, &action, &interrupt->action_before);
}

/* The handler goes last: one that is pending now has been answered as well. */
void zpm_interrupt_end(const struct zpm_interrupt *interrupt)
{
  sigprocmask(SIG_SETMASK, &interrupt->mask_before, NULL);
  sigaction(SIGINT, &interrupt->action_before, NULL);
}

bool zpm_interrupt_came(void)
{
  sigset_t pending;

  return sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 1;
}

bool zpm_interrupt_wait(const struct zpm_interrupt *interrupt, int fd)
{
  fd_set reading;

  FD_ZERO(&reading);
  FD_SET(fd, &reading);
  return pselect(fd + 1, &reading, NULL, NULL, NULL, &interrupt->mask_before) <
             0 &&
         errno == EINTR;
}
