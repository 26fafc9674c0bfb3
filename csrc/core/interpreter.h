#ifndef ZPM_CORE_INTERPRETER_H
#define ZPM_CORE_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"

/* What a script's name and first line say about who runs it. */

/* By extension; ZPM_INTERPRETER_AUTO when that tells nothing: such a file is
 * executed itself. */
enum zpm_interpreter zpm_interpreter_of_path(const char *path);

/* "node", "python3", "bash"; NULL for AUTO and CUSTOM. Static. */
const char *zpm_interpreter_command(enum zpm_interpreter interpreter);

/* Whether a program of this name or path is Node.js. */
bool zpm_interpreter_is_node(const char *command);

/* By extension: .ts, .mts, .cts. */
bool zpm_interpreter_is_typescript(const char *path);

enum { ZPM_SHEBANG_MAX = 256 }; /* what the kernel looks at */

/* "#!program argument", as the kernel reads it: one argument at most, inner
 * blanks and all. */
struct zpm_shebang {
  char program[ZPM_SHEBANG_MAX];
  char argument[ZPM_SHEBANG_MAX]; /* "" if there is none */
  bool carriage_return; /* a Windows line end, cut off here but not there */
};

/* False if the file does not begin with a shebang line that names a program. */
bool zpm_interpreter_shebang(const char *bytes, size_t len,
                             struct zpm_shebang *shebang);

/* The command that "#!/usr/bin/env command" or "... -S command options" looks
 * up in PATH, into `command`; `options` tells whether it gets any.  False for
 * any other shebang. */
bool zpm_interpreter_env_command(const struct zpm_shebang *shebang,
                                 char command[ZPM_SHEBANG_MAX], bool *options);

/* The next folder of a PATH; an empty one means the working directory and has
 * length 0.  Begin with *rest = PATH; false at the end (*rest is NULL). */
bool zpm_interpreter_next_folder(const char **rest, const char **folder,
                                 size_t *len);

#endif
