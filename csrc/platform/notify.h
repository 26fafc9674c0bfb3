#ifndef ZPM_PLATFORM_NOTIFY_H
#define ZPM_PLATFORM_NOTIFY_H

#include <stddef.h>

/*
 * The socket on which a service tells its manager that it is ready: the
 * NOTIFY_SOCKET of sd_notify(3).
 */
enum {
  ZPM_NOTIFY_SOCKET_NAME_SIZE = 108, /* "@..." and its NUL */
  ZPM_NOTIFY_MESSAGE_MAX = 4096,
};

/* A datagram socket, close-on-exec, whose name is in no folder: nothing is left
 * of it.  0 or -errno. */
int zpm_notify_open(int *fd, char name[ZPM_NOTIFY_SOCKET_NAME_SIZE]);

/* The next message, without waiting: its length; 0 for one that does not count
 * (too long, or from a user who is neither ours nor the one of process `pid`);
 * -EAGAIN: there is none; another -errno.  Descriptors that come with it are
 * closed, which is what their sender may be waiting for. */
int zpm_notify_receive(int fd, int pid, char message[ZPM_NOTIFY_MESSAGE_MAX]);

/* Tells our own manager, if NOTIFY_SOCKET names one: "READY=1".  0 also if
 * there is none; -errno: it was not told.  Never waits. */
int zpm_notify_tell(const char *message);

#endif
