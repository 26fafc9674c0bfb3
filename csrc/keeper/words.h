#ifndef ZPM_KEEPER_WORDS_H
#define ZPM_KEEPER_WORDS_H

/*
 * Reads words (wire.h) as an argv.  For one who is about to become another
 * program: it is never released.  NULL with errno; there is one word at least.
 */
char **zpm_words_read(int fd);

/* `path`, then `flag` with `number`, then `rest` (to its NULL), as an argv of
 * the same kind. */
char **zpm_words_join(char *path, char *flag, char *number, char **rest);

#endif
