#include "core/config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct entry {
  int number;
  const char *name;
};

static const struct entry SIGNALS[] = {
    {SIGHUP, "SIGHUP"},       {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"},
    {SIGILL, "SIGILL"},       {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"},
    {SIGBUS, "SIGBUS"},       {SIGFPE, "SIGFPE"},   {SIGKILL, "SIGKILL"},
    {SIGUSR1, "SIGUSR1"},     {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"},
    {SIGPIPE, "SIGPIPE"},     {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"},
    {SIGCHLD, "SIGCHLD"},     {SIGCONT, "SIGCONT"}, {SIGSTOP, "SIGSTOP"},
    {SIGTSTP, "SIGTSTP"},     {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"},
    {SIGURG, "SIGURG"},       {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"},
    {SIGVTALRM, "SIGVTALRM"}, {SIGPROF, "SIGPROF"}, {SIGWINCH, "SIGWINCH"},
    {SIGIO, "SIGIO"},         {SIGSYS, "SIGSYS"},
#ifdef SIGPWR
    {SIGPWR, "SIGPWR"},
#endif
#ifdef SIGSTKFLT
    {SIGSTKFLT, "SIGSTKFLT"},
#endif
};

enum { SIGNAL_COUNT = sizeof(SIGNALS) / sizeof(SIGNALS[0]), MAX_NUMBER = 64 };

const char *zpm_signal_name(int number)
{
  for (size_t i = 0; i < SIGNAL_COUNT; i++) {
    if (SIGNALS[i].number == number)
      return SIGNALS[i].name;
  }
  return NULL;
}

static int from_digits(const char *text)
{
  char *end;
  long number = strtol(text, &end, 10);

  return *end == '\0' && number >= 1 && number <= MAX_NUMBER ? (int)number : -1;
}

int zpm_signal_number(const char *name)
{
  const char *bare = strncasecmp(name, "SIG", 3) == 0 ? name + 3 : name;

  if (name[0] >= '0' && name[0] <= '9')
    return from_digits(name);
  for (size_t i = 0; i < SIGNAL_COUNT; i++) {
    if (strcasecmp(SIGNALS[i].name + 3, bare) == 0)
      return SIGNALS[i].number;
  }
  return -1;
}
