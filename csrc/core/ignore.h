#ifndef ZPM_CORE_IGNORE_H
#define ZPM_CORE_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Which files and folders are not watched.
 *
 * A list of rules belongs to one folder: a .gitignore file to the one it lies
 * in, the globs of the user to a root.  Paths are relative to that folder, with
 * no slash at either end.  Who asks goes from the top down and never into what
 * is ignored, so a rule need not be asked about what lies above a path.
 *
 * All zero is an empty list.
 */
struct zpm_ignore_rule {
  char *glob;
  bool again;        /* "!": not ignored after all */
  bool folders_only; /* "x/" */
  bool anchored;     /* has a slash: the whole path is meant, not the name */
};

struct zpm_ignore {
  struct zpm_ignore_rule *rules;
  size_t len;
};

enum {
  ZPM_IGNORE_GLOB_MAX = 1024,  /* longer patterns are passed over */
  ZPM_IGNORE_RULES_MAX = 2048, /* further ones are not taken */
};

enum zpm_ignore_verdict {
  ZPM_IGNORE_SILENT, /* no rule is about it */
  ZPM_IGNORE_YES,
  ZPM_IGNORE_NO, /* a rule with "!" is */
};

/* Adds the rules of a .gitignore file. 0 or ZPM_ENOMEM. */
int zpm_ignore_read(struct zpm_ignore *ignore, const char *text, size_t len);
/* Adds one glob of the user: what .gitignore may say, and {a,b}, "./x", and
 * absolute ones below `base`, the folder of this list. */
int zpm_ignore_add_glob(struct zpm_ignore *ignore, const char *base,
                        const char *glob);
void zpm_ignore_deinit(struct zpm_ignore *ignore);

/* The last rule that is about the path decides. */
enum zpm_ignore_verdict zpm_ignore_judge(const struct zpm_ignore *ignore,
                                         const char *path, bool is_folder);

/* Without any rule: node_modules, __pycache__, what begins with a dot, logs,
 * and what editors put beside the file they write. */
bool zpm_ignore_always(const char *name);

#endif
