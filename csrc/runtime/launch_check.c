#include "runtime/launch_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/interpreter.h"
#include "runtime/launch_words.h"

static int no_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

static int cwd_error(const char *cwd)
{
  struct stat folder;

  if (stat(cwd, &folder) == 0 && !S_ISDIR(folder.st_mode))
    return ENOTDIR;
  return access(cwd, X_OK) == 0 ? 0 : errno;
}

int zpm_launch_check_cwd(const char *cwd, struct zpm_error *err)
{
  int error = cwd_error(cwd);

  if (error == 0)
    return 0;
  return zpm_error_set(err, ZPM_ESTART,
                       "cannot enter the folder %s: %s. Check cwd (--cwd)", cwd,
                       zpm_launch_words(error).text);
}

/* ---- the script ---- */

static bool is_file(const char *path)
{
  struct stat file;

  return stat(path, &file) == 0 && S_ISREG(file.st_mode);
}

/* "server" where there is a server.js. */
static bool has_sibling(const char *path, struct zpm_str *sibling)
{
  static const char *const EXTENSIONS[] = {".js",  ".mjs", ".cjs", ".ts",
                                           ".mts", ".cts", ".py",  ".sh"};

  for (size_t i = 0; i < sizeof(EXTENSIONS) / sizeof(EXTENSIONS[0]); i++) {
    zpm_str_clear(sibling);
    if (zpm_str_printf(sibling, "%s%s", path, EXTENSIONS[i]) != 0)
      return false;
    if (is_file(sibling->data))
      return true;
  }
  return false;
}

static int missing_path(const char *path, int error, struct zpm_error *err)
{
  struct zpm_launch_words words = zpm_launch_words(error);
  struct zpm_str sibling = {0};
  struct stat link;
  int rc;

  if (error == ENOENT && lstat(path, &link) == 0 && S_ISLNK(link.st_mode))
    rc = zpm_error_set(err, ZPM_ESTART,
                       "cannot run %s: it is a symbolic link to something that "
                       "does not exist. Mend the link",
                       path);
  else if (error == ENOENT && has_sibling(path, &sibling))
    rc = zpm_error_set(err, ZPM_ESTART, "cannot run %s: %s. Did you mean %s?",
                       path, words.text, sibling.data);
  else
    rc = zpm_error_set(err, ZPM_ESTART, "cannot run %s: %s. Check the path",
                       path, words.text);
  zpm_str_deinit(&sibling);
  return rc;
}

static int missing_command(const struct zpm_finder *finder, const char *name,
                           const char *as_path, struct zpm_error *err)
{
  struct zpm_str sibling = {0};
  int rc;

  if (has_sibling(as_path, &sibling))
    rc = zpm_error_set(err, ZPM_ESTART,
                       "cannot run %s: no such file or command. Did you mean "
                       "%s?",
                       name, sibling.data);
  else
    rc = zpm_error_set(err, ZPM_ESTART,
                       "cannot run %s: there is no such file in %s, and no "
                       "such command in node_modules/.bin or PATH. Check the "
                       "name, or give a path",
                       name, finder->cwd);
  zpm_str_deinit(&sibling);
  return rc;
}

static int check_found(const char *path, const struct stat *file,
                       struct zpm_error *err)
{
  if (S_ISDIR(file->st_mode))
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: it is a folder. Give the script in it",
                         path);
  if (!S_ISREG(file->st_mode))
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: it is not a regular file", path);
  return 0;
}

static void note_build(struct zpm_build *build, const struct stat *file)
{
  *build = (struct zpm_build){
      .mtime_ns = (uint64_t)file->st_mtim.tv_sec * 1000000000 +
                  (uint64_t)file->st_mtim.tv_nsec,
      .size = (uint64_t)file->st_size,
  };
}

static int found_not_executable(const char *path, struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ESTART,
                       "cannot run %s: permission denied. Make it executable: "
                       "chmod +x %s",
                       path, path);
}

/* A name without '/' that is no file in cwd. */
static int find_bare(const struct zpm_finder *finder, const char *name,
                     struct zpm_str *out, struct zpm_error *err)
{
  struct zpm_str found = {0};
  int rc = zpm_find_command(finder, name, &found);

  if (rc == 0) {
    zpm_str_deinit(out);
    *out = found;
    return 0;
  }
  if (rc == ZPM_ENOMEM)
    no_memory(err);
  else if (rc == -EACCES)
    rc = found_not_executable(found.data, err);
  else
    rc = missing_command(finder, name, out->data, err);
  zpm_str_deinit(&found);
  return rc;
}

int zpm_launch_find_script(const struct zpm_finder *finder, const char *name,
                           struct zpm_str *out, struct zpm_build *build,
                           struct zpm_error *err)
{
  bool bare = strchr(name, '/') == NULL;
  struct stat file;
  int rc = name[0] == '/' ? zpm_str_puts(out, name)
                          : zpm_str_printf(out, "%s/%s", finder->cwd, name);

  if (rc != 0)
    return no_memory(err);
  if (bare && !is_file(out->data)) {
    bool folder = stat(out->data, &file) == 0;
    rc = find_bare(finder, name, out, err);
    if (rc == ZPM_ESTART && folder)
      return check_found(out->data, &file, err);
    if (rc != 0)
      return rc;
  }
  if (stat(out->data, &file) != 0)
    return missing_path(out->data, errno, err);
  note_build(build, &file);
  return check_found(out->data, &file, err);
}

int zpm_launch_check_readable(const char *script, struct zpm_error *err)
{
  if (access(script, R_OK) == 0)
    return 0;
  return zpm_error_set(err, ZPM_ESTART,
                       "cannot read %s: %s. Its owner must allow reading: "
                       "chmod +r %s",
                       script, zpm_launch_words(errno).text, script);
}

/* ---- a script that is executed itself ---- */

static size_t read_start(const char *path, char start[ZPM_SHEBANG_MAX])
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  ssize_t len;

  if (fd < 0)
    return 0; /* executable, but not readable: legal for a binary */
  len = read(fd, start, ZPM_SHEBANG_MAX);
  close(fd);
  return len > 0 ? (size_t)len : 0;
}

static int bad_shebang(const char *script, const struct zpm_shebang *shebang,
                       const char *program, int error, struct zpm_error *err)
{
  if (shebang->carriage_return)
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: its first line has a Windows line end "
                         "(CRLF), which the system takes for a part of the "
                         "program's name. Save it with Unix line ends",
                         script);
  return zpm_error_set(err, ZPM_ESTART,
                       "cannot run %s: its first line asks for %s: %s. Install "
                       "that, mend the line, or choose an interpreter",
                       script, program, zpm_launch_words(error).text);
}

static int check_shebang(const struct zpm_finder *finder, const char *script,
                         const struct zpm_shebang *shebang, bool *is_node,
                         struct zpm_error *err)
{
  char command[ZPM_SHEBANG_MAX];
  struct zpm_str found = {0};
  bool options = shebang->argument[0] != '\0';
  int rc;

  if (shebang->carriage_return)
    return bad_shebang(script, shebang, NULL, 0, err);
  if (shebang->program[0] == '/' && access(shebang->program, X_OK) != 0)
    return bad_shebang(script, shebang, shebang->program, errno, err);
  if (!zpm_interpreter_env_command(shebang, command, &options)) {
    *is_node = zpm_interpreter_is_node(shebang->program) && !options;
    return 0;
  }
  *is_node = zpm_interpreter_is_node(command) && !options;
  rc = strchr(command, '/') != NULL ? 0 /* unusual: left to env itself */
                                    : zpm_find_in_path(finder, command, &found);
  zpm_str_deinit(&found);
  if (rc == ZPM_ENOMEM)
    return no_memory(err);
  if (rc == -ENOENT)
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: its first line asks for %s, which is "
                         "not in PATH. Install that, or choose an interpreter",
                         script, command);
  return rc == 0 ? 0 : bad_shebang(script, shebang, command, -rc, err);
}

int zpm_launch_check_executable(const struct zpm_finder *finder,
                                const char *script, bool *is_node,
                                struct zpm_error *err)
{
  struct zpm_shebang shebang;
  char start[ZPM_SHEBANG_MAX];
  size_t len;

  *is_node = false;
  if (access(script, X_OK) != 0)
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: %s. Make it executable (chmod +x), or "
                         "choose an interpreter: its name does not tell one",
                         script, zpm_launch_words(errno).text);
  len = read_start(script, start);
  if (!zpm_interpreter_shebang(start, len, &shebang))
    return 0;
  return check_shebang(finder, script, &shebang, is_node, err);
}

/* ---- the interpreter ---- */

int zpm_launch_find_interpreter(const struct zpm_finder *finder,
                                const char *script, const char *interpreter,
                                struct zpm_str *out, struct zpm_error *err)
{
  int rc = zpm_find_program(finder, interpreter, out);

  if (rc == 0)
    return 0;
  if (rc == ZPM_ENOMEM)
    return no_memory(err);
  if (rc == -EACCES)
    return found_not_executable(out->data, err);
  if (strchr(interpreter, '/') != NULL)
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: its interpreter %s: no such file. "
                         "Check interpreterCommand",
                         script, out->data);
  if (strchr(interpreter, ' ') != NULL)
    return zpm_error_set(err, ZPM_ESTART,
                         "cannot run %s: there is no command '%s'. Arguments "
                         "of the interpreter go into interpreterArgs",
                         script, interpreter);
  return zpm_error_set(err, ZPM_ESTART,
                       "cannot run %s: its interpreter %s is in neither "
                       "node_modules/.bin nor PATH. Install it, or give its "
                       "path as interpreterCommand",
                       script, interpreter);
}
