#include "keeper/words.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { WORDS_MAX = 1024 * 1024 };

static void *pages(size_t size, int flags, int fd)
{
  void *got =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags, fd, 0);

  return got != MAP_FAILED ? got : NULL;
}

static char **split(char *bytes, size_t size)
{
  size_t count = 0;
  char **argv;

  for (size_t i = 0; i < size; i++)
    count += bytes[i] == '\0';
  argv = pages((count + 1) * sizeof(*argv), MAP_ANONYMOUS, -1);
  for (size_t i = 0; argv != NULL && i < count; i++) {
    argv[i] = bytes;
    bytes += strlen(bytes) + 1;
  }
  return argv;
}

char **zpm_words_read(int fd)
{
  struct stat file;
  char *bytes;

  if (fstat(fd, &file) != 0)
    return NULL;
  if (file.st_size > 0 && file.st_size <= WORDS_MAX) {
    bytes = pages((size_t)file.st_size, 0, fd);
    if (bytes == NULL)
      return NULL;
    if (bytes[file.st_size - 1] == '\0')
      return split(bytes, (size_t)file.st_size);
  }
  errno = EBADMSG;
  return NULL;
}

char **zpm_words_join(char *path, char *flag, char *number, char **rest)
{
  char *const first[] = {path, flag, number};
  size_t count = 0;
  char **argv;

  while (rest[count] != NULL)
    count++;
  argv = pages(sizeof(first) + (count + 1) * sizeof(*argv), MAP_ANONYMOUS, -1);
  if (argv == NULL)
    return NULL;
  memcpy(argv, first, sizeof(first));
  memcpy(argv + sizeof(first) / sizeof(*first), rest, count * sizeof(*argv));
  return argv;
}
