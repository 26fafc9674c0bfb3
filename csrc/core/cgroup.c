#include "core/cgroup.h"

#include <stdbool.h>
#include <string.h>

#include "zpm/error.h"

/* A piece of the text. */
struct piece {
  const char *at;
  size_t len;
};

static const char *line_end(const char *line)
{
  const char *end = strchr(line, '\n');

  return end != NULL ? end : line + strlen(line);
}

static const char *next_line(const char *line)
{
  const char *end = line_end(line);

  return *end != '\0' ? end + 1 : end;
}

static bool is(struct piece piece, const char *text)
{
  return piece.len == strlen(text) && memcmp(piece.at, text, piece.len) == 0;
}

/* Whether a list like "rw,cpu,memory" has the word. */
static bool lists(struct piece list, const char *word)
{
  const char *end = list.at + list.len;

  while (list.at < end) {
    const char *comma = memchr(list.at, ',', (size_t)(end - list.at));
    const char *stop = comma != NULL ? comma : end;

    if (is((struct piece){list.at, (size_t)(stop - list.at)}, word))
      return true;
    list.at = stop + 1;
  }
  return false;
}

/* The `index`-th word of a line; len 0: there are fewer. */
static struct piece word_of(const char *line, unsigned index)
{
  const char *end = line_end(line);

  while (line < end) {
    const char *space = memchr(line, ' ', (size_t)(end - line));
    const char *stop = space != NULL ? space : end;

    if (index-- == 0)
      return (struct piece){line, (size_t)(stop - line)};
    line = space != NULL ? stop + 1 : end;
  }
  return (struct piece){end, 0};
}

/* ---- the mount ---- */

enum { WORD_ROOT = 3, WORD_MOUNT_POINT = 4 };
enum { WORD_TYPE = 0, WORD_OPTIONS = 2 }; /* behind " - " */

static bool is_mount_of(const char *line, const char *controller)
{
  const char *end = line_end(line);
  const char *rest = strstr(line, " - ");
  struct piece type;

  if (rest == NULL || rest >= end)
    return false;
  type = word_of(rest + 3, WORD_TYPE);
  if (controller == NULL)
    return is(type, "cgroup2");
  return is(type, "cgroup") &&
         lists(word_of(rest + 3, WORD_OPTIONS), controller);
}

/* ---- the group ---- */

/* "0::/path" or "4:cpu,memory:/path": the path, or len 0. */
static struct piece path_in(const char *line, const char *controller)
{
  const char *end = line_end(line);
  const char *first = memchr(line, ':', (size_t)(end - line));
  const char *second =
      first != NULL ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
  struct piece names;

  if (second == NULL)
    return (struct piece){end, 0};
  names = (struct piece){first + 1, (size_t)(second - first - 1)};
  if (controller == NULL ? names.len > 0 : !lists(names, controller))
    return (struct piece){end, 0};
  return (struct piece){second + 1, (size_t)(end - second - 1)};
}

static struct piece own_path(const char *cgroups, const char *controller)
{
  for (; *cgroups != '\0'; cgroups = next_line(cgroups)) {
    struct piece path = path_in(cgroups, controller);

    if (path.len > 0)
      return path;
  }
  return (struct piece){cgroups, 0};
}

/* What remains of the path below the group that is mounted; at NULL: it is not
 * below it. */
static struct piece below(struct piece path, struct piece root)
{
  const struct piece nowhere = {NULL, 0};

  if (is(root, "/"))
    root.len = 0;
  if (is(path, "/"))
    path.len = 0;
  if (path.len < root.len || memcmp(path.at, root.at, root.len) != 0)
    return nowhere;
  path.at += root.len;
  path.len -= root.len;
  if (path.len > 0 && *path.at != '/')
    return nowhere;
  /* The group of a process from outside of our name space: "/../x". */
  if (path.len >= 3 && memcmp(path.at, "/..", 3) == 0)
    return nowhere;
  return path;
}

int zpm_cgroup_folder(const char *mountinfo, const char *cgroups,
                      const char *controller, struct zpm_str *folder)
{
  struct piece own = own_path(cgroups, controller);

  for (; own.len > 0 && *mountinfo != '\0'; mountinfo = next_line(mountinfo)) {
    struct piece point = word_of(mountinfo, WORD_MOUNT_POINT);
    struct piece rest = below(own, word_of(mountinfo, WORD_ROOT));
    int rc;

    /* A blank in it would be written as \040: nobody mounts them there. */
    if (!is_mount_of(mountinfo, controller) || rest.at == NULL ||
        memchr(point.at, '\\', point.len) != NULL)
      continue;
    rc = zpm_str_append(folder, point.at, point.len);
    return rc != 0 ? rc : zpm_str_append(folder, rest.at, rest.len);
  }
  return ZPM_EUNSUPPORTED;
}

/* The next part of a path, without its slash; len 0: there is none. */
static struct piece part_of(struct piece *path)
{
  const char *end = path->at + path->len;
  struct piece part = {end, 0};
  const char *slash;

  if (path->len == 0)
    return part;
  part.at = path->at + 1;
  slash = memchr(part.at, '/', path->len - 1);
  part.len = (size_t)((slash != NULL ? slash : end) - part.at);
  *path = (struct piece){part.at + part.len, path->len - 1 - part.len};
  return part;
}

bool zpm_cgroup_below(const char *cgroups, const char *prefix, char *name,
                      size_t room)
{
  struct piece path = own_path(cgroups, NULL);
  size_t len = strlen(prefix);
  struct piece part;

  do
    part = part_of(&path);
  while (part.len > 0 && (part.len < len || memcmp(part.at, prefix, len) != 0));
  part = part_of(&path);
  if (part.len == 0 || part.len >= room)
    return false;
  memcpy(name, part.at, part.len);
  name[part.len] = '\0';
  return true;
}

/* ---- figures ---- */

uint64_t zpm_cgroup_number(const char *text, const char *key)
{
  size_t len = strlen(key);
  uint64_t number = 0;

  for (; *text != '\0'; text = next_line(text)) {
    if (strncmp(text, key, len) != 0 || text[len] != ' ')
      continue;
    for (text += len + 1; *text >= '0' && *text <= '9'; text++)
      number = number * 10 + (uint64_t)(*text - '0');
    return number;
  }
  return 0;
}
