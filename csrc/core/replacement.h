#ifndef ZPM_CORE_REPLACEMENT_H
#define ZPM_CORE_REPLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One process of an app is replaced by its successor, under its traffic; or
 * goes, and nobody succeeds it.
 *
 *   ASKING     it has been asked for the sockets that it listens at (fork mode;
 *              those of a cluster are not its own).
 *   STARTING   the successor is not ready yet.  Should it end, or not be ready
 *              in time, it is ended, and the old one goes on.
 *   DRAINING   the successor is current.  The old one ends what its clients
 *              keep open.
 *   LEAVING    whoever has to go is told to, and ends.
 *
 * A successor is ready when it is running and, if what it succeeds listens,
 * listens as well.
 */
enum {
  /* An event loop that is busy for so long would not accept either. */
  ZPM_REPLACE_ASK_MS = 2000,
  /* For requests on their way over connections that are kept alive; over as
   * soon as there is none. */
  ZPM_REPLACE_DRAIN_MS = 300,
};

enum zpm_replacement_phase {
  ZPM_REPLACE_IDLE,
  ZPM_REPLACE_ASKING,
  ZPM_REPLACE_STARTING,
  ZPM_REPLACE_DRAINING,
  ZPM_REPLACE_LEAVING,
};

struct zpm_replacement {
  enum zpm_replacement_phase phase;
  uint64_t due_ms;   /* monotonic: the end of its patience; 0: without end */
  uint64_t ready_ms; /* for the successor; 0: without end */
};

enum zpm_replace_sockets {
  ZPM_SOCKETS_ASKED,
  ZPM_SOCKETS_GIVEN,
  ZPM_SOCKETS_NONE, /* it has none, or does not say */
};

enum zpm_replace_successor {
  ZPM_SUCCESSOR_COMES,
  ZPM_SUCCESSOR_RUNS,
  ZPM_SUCCESSOR_ENDED,
  ZPM_SUCCESSOR_OVERTAKEN, /* another command made it something else */
};

/* What is so now; each counts in some phases only. */
struct zpm_replace_facts {
  uint64_t now_ms;
  bool old_lives;
  bool old_listens;
  bool old_drains; /* it will tell when its connections are gone */
  enum zpm_replace_sockets sockets;
  enum zpm_replace_successor successor;
  bool successor_listens;
  bool leaver_lives; /* whoever is to go */
};

/* What is to be done next; the phase is that of after it. */
enum zpm_replace_act {
  ZPM_REPLACE_WAIT,    /* nothing: look again when something changes, or when
                          it is due */
  ZPM_REPLACE_START,   /* the successor */
  ZPM_REPLACE_REFUSE,  /* it cannot be replaced so */
  ZPM_REPLACE_PROMOTE, /* the successor; and the old one drains */
  ZPM_REPLACE_ABANDON, /* the successor, which has ended */
  ZPM_REPLACE_EXPIRE,  /* the successor: it is not ready in time */
  ZPM_REPLACE_YIELD,   /* to the other command */
  ZPM_REPLACE_DISMISS, /* the old one */
  ZPM_REPLACE_FINISH,  /* nothing is left to do */
};

/* Begins with one of ASKING, STARTING (the successor is started) and DRAINING
 * (nobody succeeds the old one, which drains). */
void zpm_replacement_begin(struct zpm_replacement *replacement,
                           enum zpm_replacement_phase phase, uint64_t now_ms);
enum zpm_replace_act
zpm_replacement_step(struct zpm_replacement *replacement,
                     const struct zpm_replace_facts *facts);

#endif
