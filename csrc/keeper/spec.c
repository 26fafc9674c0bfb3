#include "keeper/spec.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are used in place");

enum { SPEC_MAX = 64 * 1024 * 1024, GROUPS_MAX = 65536, RLIMITS_MAX = 32 };

struct reader {
  char *at;
  char *end;
};

static int malformed(void)
{
  errno = EBADMSG;
  return -1;
}

static int map(int fd, struct reader *reader)
{
  struct stat file;
  char *bytes;

  if (fstat(fd, &file) != 0)
    return -1;
  if (file.st_size < (off_t)sizeof(struct zpm_spawn_spec) ||
      file.st_size > SPEC_MAX)
    return malformed();
  /* Writable and private: argv is `char *` by tradition. */
  bytes = mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
               fd, 0);
  if (bytes == MAP_FAILED)
    return -1;
  *reader = (struct reader){bytes, bytes + file.st_size};
  return 0;
}

/* The lists behind the head. */
static size_t lists_size(const struct zpm_spawn_spec *head)
{
  return head->rlimit_count * sizeof(struct zpm_spec_rlimit) +
         head->group_count * sizeof(gid_t);
}

/* Every string takes a byte at least, which bounds the counts. */
static int read_head(struct zpm_spec *spec, struct reader *reader)
{
  size_t left = (size_t)(reader->end - reader->at);
  const struct zpm_spawn_spec *head = &spec->head;

  memcpy(&spec->head, reader->at, sizeof(spec->head));
  if (head->magic != ZPM_SPEC_MAGIC || head->size != left ||
      reader->end[-1] != '\0')
    return malformed();
  if (head->argc == 0 || head->argc > left || head->envc > left ||
      head->group_count > GROUPS_MAX || head->rlimit_count > RLIMITS_MAX ||
      lists_size(head) > left - sizeof(spec->head))
    return malformed();
  reader->at += sizeof(spec->head);
  spec->rlimits = (const struct zpm_spec_rlimit *)(const void *)reader->at;
  reader->at += head->rlimit_count * sizeof(*spec->rlimits);
  spec->groups = (const gid_t *)(const void *)reader->at;
  reader->at += head->group_count * sizeof(gid_t);
  return 0;
}

/* The last byte is NUL, so each string that begins before it also ends. */
static char *next_string(struct reader *reader)
{
  char *text = reader->at;

  if (text >= reader->end)
    return NULL;
  reader->at += strlen(text) + 1;
  return text;
}

static int read_list(char **list, uint32_t count, struct reader *reader)
{
  for (uint32_t i = 0; i < count; i++) {
    list[i] = next_string(reader);
    if (list[i] == NULL)
      return malformed();
  }
  list[count] = NULL;
  return 0;
}

int zpm_spec_read(struct zpm_spec *spec, int fd)
{
  struct reader reader;
  size_t pointers;
  char **lists;

  if (map(fd, &reader) != 0 || read_head(spec, &reader) != 0)
    return -1;
  spec->path = next_string(&reader);
  spec->cwd = next_string(&reader);
  spec->script = next_string(&reader);
  if (spec->path == NULL || spec->cwd == NULL || spec->script == NULL)
    return malformed();
  pointers = (size_t)spec->head.argc + spec->head.envc + 2;
  lists = mmap(NULL, pointers * sizeof(*lists), PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (lists == MAP_FAILED)
    return -1;
  spec->argv = lists;
  spec->envp = lists + spec->head.argc + 1;
  if (read_list(spec->argv, spec->head.argc, &reader) != 0)
    return -1;
  return read_list(spec->envp, spec->head.envc, &reader);
}
