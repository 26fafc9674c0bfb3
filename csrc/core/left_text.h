#ifndef ZPM_CORE_LEFT_TEXT_H
#define ZPM_CORE_LEFT_TEXT_H

#include <stddef.h>

/*
 * What is left of a process tree that does not go away, for people: "pid 4711
 * (node), state D: uninterruptible sleep, and 2 more".
 */
enum { ZPM_LEFT_NAME_SIZE = 32, ZPM_LEFT_SHOWN = 3 };

struct zpm_left {
  int pid;
  char state; /* as in struct zpm_process */
  char name[ZPM_LEFT_NAME_SIZE];
};

/* `shown` of `count` are in `left`. Returns `text`. */
char *zpm_left_text(const struct zpm_left *left, size_t shown, size_t count,
                    char *text, size_t size);

#endif
