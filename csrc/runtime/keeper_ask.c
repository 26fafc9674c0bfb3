/* The requests of keeper_link.h that need nothing but a record. */
#include "runtime/keeper_ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/platform.h"
#include "runtime/keeper_link.h"

void zpm_keeper_name(char name[ZPM_WIRE_NAME_MAX], char kind, uint64_t id)
{
  snprintf(name, ZPM_WIRE_NAME_MAX, "%c/%016" PRIx64, kind, id);
}

static int named(struct zpm_keeper_link *link, enum zpm_wire_type type,
                 const char *name, const int *fd)
{
  struct zpm_wire_record record = {.type = (uint16_t)type};

  if (*name == '\0' || strlen(name) >= sizeof(record.name))
    return ZPM_EARG;
  memcpy(record.name, name, strlen(name));
  return zpm_keeper_link_request(link, record, fd, fd != NULL ? 1 : 0);
}

int zpm_keeper_link_kill(struct zpm_keeper_link *link, uint64_t id, int signal,
                         bool group)
{
  return zpm_keeper_link_request(
      link,
      (struct zpm_wire_record){.type = ZPM_WIRE_KILL,
                               .flags = group ? ZPM_WIRE_GROUP : 0,
                               .id = id,
                               .a = signal},
      NULL, 0);
}

int zpm_keeper_link_ack(struct zpm_keeper_link *link, uint64_t id)
{
  return zpm_keeper_link_request(
      link, (struct zpm_wire_record){.type = ZPM_WIRE_ACK, .id = id}, NULL, 0);
}

int zpm_keeper_link_adopt(struct zpm_keeper_link *link, uint64_t id, int pid,
                          uint64_t start_ticks)
{
  return zpm_keeper_link_request(
      link,
      (struct zpm_wire_record){
          .type = ZPM_WIRE_ADOPT, .id = id, .a = pid, .c = start_ticks},
      NULL, 0);
}

int zpm_keeper_link_put(struct zpm_keeper_link *link, const char *name, int fd)
{
  return named(link, ZPM_WIRE_PUT, name, &fd);
}

int zpm_keeper_link_del(struct zpm_keeper_link *link, const char *name)
{
  return named(link, ZPM_WIRE_DEL, name, NULL);
}

int zpm_keeper_link_quit(struct zpm_keeper_link *link)
{
  int rc = zpm_keeper_link_request(
      link, (struct zpm_wire_record){.type = ZPM_WIRE_QUIT}, NULL, 0);

  zpm_keeper_link_drain(link);
  return rc;
}

int zpm_keeper_link_ping(struct zpm_keeper_link *link, uint64_t id)
{
  return zpm_keeper_link_request(
      link, (struct zpm_wire_record){.type = ZPM_WIRE_PING, .id = id}, NULL, 0);
}

/* Words in a memfd, or a negative code. */
static int open_words(const char *words, size_t len)
{
  int fd = zpm_platform_memfd("zpm-words");

  if (fd < 0 || write(fd, words, len) == (ssize_t)len)
    return fd;
  close(fd);
  return ZPM_ENOMEM;
}

int zpm_keeper_link_put_words(struct zpm_keeper_link *link, const char *name,
                              const char *words, size_t len)
{
  int fd = open_words(words, len);
  int rc = fd < 0 ? fd : zpm_keeper_link_put(link, name, fd);

  if (fd >= 0)
    close(fd);
  return rc;
}

int zpm_keeper_link_reexec(struct zpm_keeper_link *link, uint64_t id,
                           const char *program)
{
  int fd = open_words(program, strlen(program) + 1);
  int rc = fd;

  if (fd < 0)
    return rc;
  rc = zpm_keeper_link_request(
      link, (struct zpm_wire_record){.type = ZPM_WIRE_REEXEC, .id = id}, &fd,
      1);
  close(fd);
  return rc;
}
