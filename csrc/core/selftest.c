#include "core/selftest.h"

#include <stdio.h>
#include <string.h>

struct step {
  const char *word;
  unsigned needs; /* all of these facts, in any order */
  enum zpm_selftest_todo todo;
  const char *failure;
};

static const struct step STEPS[] = {
    [ZPM_SELFTEST_UNKNOWN] = {NULL, 0, ZPM_SELFTEST_WAIT, ""},
    [ZPM_SELFTEST_ONLINE] = {"online", ZPM_SELFTEST_IS_ONLINE,
                             ZPM_SELFTEST_WAIT,
                             "its worker did not say that it is online"},
    [ZPM_SELFTEST_LISTEN] = {"listen", ZPM_SELFTEST_LISTENS, ZPM_SELFTEST_WAIT,
                             "its worker did not ask for the socket that it "
                             "listens at"},
    [ZPM_SELFTEST_TAKE] = {"take", ZPM_SELFTEST_TOOK | ZPM_SELFTEST_ECHOED,
                           ZPM_SELFTEST_SEND,
                           "its worker did not take a connection that it was "
                           "handed"},
    [ZPM_SELFTEST_SHARE] = {"share", ZPM_SELFTEST_LISTENS,
                            ZPM_SELFTEST_SHARE_NEXT,
                            "its worker did not listen at a socket that it was "
                            "handed"},
    [ZPM_SELFTEST_ACCEPT] = {"accept", ZPM_SELFTEST_ECHOED,
                             ZPM_SELFTEST_SEND_SHARED,
                             "its worker did not accept from a socket that it "
                             "was handed"},
    [ZPM_SELFTEST_PING] = {"ping", ZPM_SELFTEST_PONGED, ZPM_SELFTEST_ASK,
                           "the event loop of its worker did not answer"},
    [ZPM_SELFTEST_LEAVE] = {"leave", ZPM_SELFTEST_LEFT, ZPM_SELFTEST_DISCONNECT,
                            "its worker did not end well when it was told to "
                            "disconnect"},
    [ZPM_SELFTEST_PASSED] = {"passed", 0, ZPM_SELFTEST_WAIT, ""},
    [ZPM_SELFTEST_DOUBTED] = {NULL, 0, ZPM_SELFTEST_WAIT,
                              "a process of it did not say in time that it is "
                              "online"},
};

enum { VERDICTS = sizeof(STEPS) / sizeof(STEPS[0]) };

enum zpm_selftest_todo zpm_selftest_hear(struct zpm_selftest_state *state,
                                         unsigned facts)
{
  unsigned needs = STEPS[state->step].needs;

  state->seen |= facts;
  if (needs == 0 || (state->seen & needs) != needs)
    return ZPM_SELFTEST_WAIT;
  state->seen = 0;
  state->step++;
  return STEPS[state->step].todo;
}

bool zpm_selftest_is_trusted(enum zpm_selftest verdict)
{
  return verdict == ZPM_SELFTEST_UNKNOWN || verdict == ZPM_SELFTEST_PASSED;
}

const char *zpm_selftest_word(enum zpm_selftest verdict)
{
  return STEPS[verdict].word;
}

enum zpm_selftest zpm_selftest_of_word(const char *word, size_t len)
{
  for (int i = 0; i < VERDICTS; i++) {
    if (STEPS[i].word != NULL && strlen(STEPS[i].word) == len &&
        memcmp(STEPS[i].word, word, len) == 0)
      return (enum zpm_selftest)i;
  }
  return ZPM_SELFTEST_UNKNOWN;
}

void zpm_selftest_explain(enum zpm_selftest verdict, const char *path,
                          unsigned port, char *text, size_t size)
{
  const char *failure = STEPS[verdict].failure;

  if (port != 0)
    snprintf(text, size,
             "%s does not speak Node's cluster protocol as zpm knows it (%s): "
             "its processes get a socket that listens at port %u instead, as "
             "from systemd (LISTEN_FDS)",
             path, failure, port);
  else
    snprintf(text, size,
             "%s does not speak Node's cluster protocol as zpm knows it (%s): "
             "each of its processes listens for itself instead (reusePort), "
             "and connections are lost when one ends. Give the app a port "
             "(--port), for a socket that outlives them",
             path, failure);
}
