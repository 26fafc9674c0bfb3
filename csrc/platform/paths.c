#include "platform/paths.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"

enum { NAME_MAX_LEN = 64, PASSWD_ROOM = 4096, CWD_MAX = 4096 };

static const char DEFAULT_NAME[] = "zuz-pm";
static const char DEFAULT_HOME[] = ".zpm";

/* ---- where ---- */

static const char *env_or_null(const char *name)
{
  const char *value = getenv(name);

  return value != NULL && value[0] != '\0' ? value : NULL;
}

static int no_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
}

/* What a relative path, given by the variable `name`, is relative to. */
static int put_cwd(struct zpm_str *out, const char *name, struct zpm_error *err)
{
  char cwd[CWD_MAX];

  if (getcwd(cwd, sizeof(cwd)) == NULL)
    return zpm_error_set(err, -errno,
                         "%s is a relative path, and the current folder cannot "
                         "be told: %s. Use an absolute path.",
                         name, strerror(errno));
  if (zpm_str_printf(out, "%s/", cwd) != 0)
    return no_memory(err);
  return 0;
}

static int put_given(struct zpm_str *out, const char *path, const char *name,
                     struct zpm_error *err)
{
  int rc = path[0] != '/' ? put_cwd(out, name, err) : 0;

  if (rc == 0 && zpm_str_puts(out, path) != 0)
    rc = no_memory(err);
  return rc;
}

static int put_user_home(struct zpm_str *out, struct zpm_error *err)
{
  const char *home = env_or_null("HOME");
  char room[PASSWD_ROOM];
  struct passwd entry;
  struct passwd *found = NULL;

  if (home == NULL &&
      getpwuid_r(geteuid(), &entry, room, sizeof(room), &found) == 0 &&
      found != NULL)
    home = entry.pw_dir;
  if (home == NULL || home[0] == '\0')
    return zpm_error_set(err, ZPM_EARG,
                         "no home folder: HOME is not set and user %u has "
                         "none. Set ZPM_HOME.",
                         (unsigned)geteuid());
  return put_given(out, home, "HOME", err);
}

static int put_home(struct zpm_str *out, const char *home,
                    struct zpm_error *err)
{
  int rc = 0;

  if (home == NULL || home[0] == '\0')
    home = env_or_null("ZPM_HOME");
  if (home == NULL) {
    rc = put_user_home(out, err);
    if (rc == 0 && zpm_str_printf(out, "/%s", DEFAULT_HOME) != 0)
      rc = no_memory(err);
  } else {
    rc = put_given(out, home, "ZPM_HOME", err);
  }
  if (rc != 0)
    return rc;
  while (out->len > 1 && out->data[out->len - 1] == '/')
    out->data[--out->len] = '\0';
  return 0;
}

static bool is_fit_name(const char *name)
{
  size_t len = strlen(name);

  if (len == 0 || len > NAME_MAX_LEN || name[0] == ' ' ||
      name[len - 1] == ' ' || strcmp(name, ".") == 0 ||
      strcmp(name, "..") == 0 || strcmp(name, "all") == 0)
    return false;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)name[i];

    if (c >= 0x80 || (!isalnum(c) && strchr("._-@+ ", c) == NULL))
      return false;
  }
  return true;
}

static int choose_name(const char **name, struct zpm_error *err)
{
  if (*name == NULL || (*name)[0] == '\0')
    *name = env_or_null("ZPM_NAMESPACE");
  if (*name == NULL)
    *name = DEFAULT_NAME;
  if (is_fit_name(*name))
    return 0;
  return zpm_error_set(err, ZPM_EARG,
                       "namespace '%.80s': a name has 1 to 64 letters, digits "
                       "and . _ - @ +, and is not '.', '..' or 'all'. Choose "
                       "another.",
                       *name);
}

/* ---- the socket ---- */

static bool fits_a_socket(const char *path)
{
  return strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

/* FNV-1a: no secret, only the same short name for the same folder. */
static uint64_t hash(const char *text)
{
  uint64_t value = 0xcbf29ce484222325u;

  for (; *text != '\0'; text++)
    value = (value ^ (unsigned char)*text) * 0x100000001b3u;
  return value;
}

static int put_socket(struct zpm_str *out, const char *folder)
{
  const char *base = env_or_null("XDG_RUNTIME_DIR");
  int rc = zpm_str_printf(out, "%s/zpm.sock", folder);

  if (rc != 0 || fits_a_socket(out->data))
    return rc;
  for (int i = 0; i < 2 && rc == 0; i++, base = "/tmp") {
    if (base == NULL || base[0] != '/')
      continue;
    zpm_str_clear(out);
    rc = zpm_str_printf(out, "%s/zpm-%u-%016llx/zpm.sock", base,
                        (unsigned)geteuid(), (unsigned long long)hash(folder));
    if (rc == 0 && fits_a_socket(out->data))
      break;
  }
  return rc;
}

/* ---- all paths ---- */

static char *joined(const char *folder, const char *name)
{
  struct zpm_str path = {0};

  if (zpm_str_printf(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
                     name) != 0)
    zpm_str_deinit(&path);
  return path.data;
}

static int fill(struct zpm_paths *paths)
{
  struct zpm_str socket = {0};

  paths->folder = joined(paths->home, paths->name);
  if (paths->folder == NULL)
    return ZPM_ENOMEM;
  if (put_socket(&socket, paths->folder) != 0) {
    zpm_str_deinit(&socket);
    return ZPM_ENOMEM;
  }
  paths->socket = socket.data;
  paths->lock = joined(paths->folder, "lock");
  paths->start_lock = joined(paths->folder, "start.lock");
  paths->log = joined(paths->folder, "daemon.log");
  paths->state = joined(paths->folder, "state.json");
  paths->inflight = joined(paths->folder, "inflight");
  paths->logs = joined(paths->folder, "logs");
  return paths->lock != NULL && paths->start_lock != NULL &&
                 paths->log != NULL && paths->state != NULL &&
                 paths->inflight != NULL && paths->logs != NULL
             ? 0
             : ZPM_ENOMEM;
}

int zpm_paths_init(struct zpm_paths *paths, const char *home, const char *name,
                   struct zpm_error *err)
{
  struct zpm_str absolute = {0};
  int rc;

  *paths = (struct zpm_paths){0};
  rc = choose_name(&name, err);
  if (rc == 0)
    rc = put_home(&absolute, home, err);
  if (rc != 0) {
    zpm_str_deinit(&absolute);
    return rc;
  }
  paths->home = absolute.data;
  paths->name = zpm_strdup(name);
  if (paths->name == NULL || fill(paths) != 0) {
    zpm_paths_deinit(paths);
    return no_memory(err);
  }
  return 0;
}

void zpm_paths_deinit(struct zpm_paths *paths)
{
  zpm_free(paths->home);
  zpm_free(paths->name);
  zpm_free(paths->folder);
  zpm_free(paths->socket);
  zpm_free(paths->lock);
  zpm_free(paths->start_lock);
  zpm_free(paths->log);
  zpm_free(paths->state);
  zpm_free(paths->inflight);
  zpm_free(paths->logs);
  *paths = (struct zpm_paths){0};
}

/* ---- programs ---- */

static int put_beside(struct zpm_str *out, const char *of, const char *program,
                      struct zpm_error *err)
{
  const char *slash = strrchr(of, '/');
  int len = slash != NULL ? (int)(slash - of) : 0;

  if (zpm_str_printf(out, "%.*s/%s", len, of, program) != 0)
    return no_memory(err);
  return 0;
}

int zpm_paths_sibling(struct zpm_str *out, const char *of, const char *program,
                      const char *override_env, struct zpm_error *err)
{
  const char *given = override_env != NULL ? env_or_null(override_env) : NULL;
  int rc;

  zpm_str_clear(out);
  rc = given != NULL ? put_given(out, given, override_env, err)
                     : put_beside(out, of, program, err);
  if (rc != 0)
    return rc;
  if (access(out->data, F_OK) != 0)
    return zpm_error_set(
        err, -errno, "cannot find %s: %s. Install zpm again%s%s.", out->data,
        strerror(errno), override_env != NULL ? ", or say where it is by " : "",
        override_env != NULL ? override_env : "");
  return 0;
}

int zpm_paths_agent(struct zpm_str *out, const char *of)
{
  static const char *const PLACES[] = {"agent.cjs", "../dist/agent.cjs",
                                       "../../dist/agent.cjs"};
  int rc = ZPM_EIO;

  for (size_t i = 0; rc != 0 && i < sizeof(PLACES) / sizeof(*PLACES); i++)
    rc = zpm_paths_sibling(out, of, PLACES[i], "ZPM_AGENT", NULL);
  return rc;
}
