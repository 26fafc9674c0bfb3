#ifndef ZPM_PLATFORM_LINUX_SOCKETS_H
#define ZPM_PLATFORM_LINUX_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's tables of listening TCP sockets. */
struct zpm_socket {
  uint64_t inode;
  int uid;   /* who opened it */
  bool seen; /* a process was found that has it open */
};

struct zpm_sockets {
  struct zpm_socket *items;
  size_t len;
  size_t cap;
};

/* Those that listen on `port`, IPv4 and IPv6, at any address. */
int zpm_sockets_listening(uint16_t port, struct zpm_sockets *sockets);
void zpm_sockets_deinit(struct zpm_sockets *sockets);

/* The two ways to ask; the second for where a sandbox refuses the first. */
int zpm_sockets_ask_netlink(uint16_t port, struct zpm_sockets *sockets);
int zpm_sockets_read_proc(uint16_t port, struct zpm_sockets *sockets);

#endif
