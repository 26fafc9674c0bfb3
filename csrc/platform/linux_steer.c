/* Which socket of an SO_REUSEPORT group gets a connection: a program of classic
 * BPF, for which no privilege is needed, and which can be replaced at any time.
 * man 7 socket, SO_ATTACH_REUSEPORT_CBPF; index = order of listen(). */
#include "platform/platform.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/alloc.h"

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

/* Of a program: for the sample, and for each socket. */
enum { SAMPLE_STEPS = 4, SPREAD_STEPS = 3, STEPS_EACH = 2 };

static struct sock_filter load_random(void)
{
  return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                      (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
}

static struct sock_filter choose(uint32_t index)
{
  return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, index);
}

/* Goes to the next but one step unless the value is this. */
static struct sock_filter if_equal(uint32_t value)
{
  return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
}

static struct sock_filter compute(uint16_t what, uint32_t value)
{
  return (struct sock_filter)BPF_STMT((uint16_t)(BPF_ALU | BPF_K) | what,
                                      value);
}

static size_t write_program(struct sock_filter *steps,
                            const struct zpm_steer *steer)
{
  size_t len = 0;

  if (steer->count > 0 && steer->sample > 1) {
    steps[len++] = load_random();
    steps[len++] = compute(BPF_AND, steer->sample - 1);
    steps[len++] = if_equal(0);
    steps[len++] = choose(0);
  }
  if (steer->count > 0) {
    steps[len++] = load_random();
    steps[len++] = compute(BPF_MOD, (uint32_t)steer->count);
  }
  for (size_t i = 0; i < steer->count; i++) {
    steps[len++] = if_equal((uint32_t)i);
    steps[len++] = choose(steer->indexes[i]);
  }
  steps[len++] = choose(0);
  return len;
}

int zpm_platform_steer(int fd, const struct zpm_steer *steer)
{
  size_t room = SAMPLE_STEPS + SPREAD_STEPS + steer->count * STEPS_EACH;
  struct sock_filter *steps = zpm_alloc(room * sizeof(*steps));
  struct sock_fprog program = {.filter = steps};
  int rc = 0;

  if (steps == NULL)
    return -ENOMEM;
  program.len = (unsigned short)write_program(steps, steer);
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
                 sizeof(program)) != 0)
    rc = -errno;
  zpm_free(steps);
  return rc;
}
