#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#include "base/str.h"
#include "runtime/channel.h"

enum { DEADLINE_MS = 30000 };

/* A channel, the app's end of it, and what came of it. */
struct talk {
  uv_loop_t loop;
  struct zpm_channel *channel;
  int app;
  uint64_t used;
  unsigned answers;
  struct zpm_str said; /* messages, each ended by '|' */
  unsigned pongs;
  unsigned ended;
  int64_t lost; /* token of the last handle that was */
  unsigned sockets;
  unsigned lent; /* how often they were all */
  bool close_at_message;
  bool listen_at_message;
};

static void on_heap(void *ctx, uint64_t used, uint64_t lag_ns)
{
  struct talk *talk = ctx;

  assert_true(lag_ns > 0);
  talk->used = used;
  talk->answers++;
}

static void on_pong(void *ctx)
{
  struct talk *talk = ctx;

  talk->pongs++;
}

static void on_message(void *ctx, const char *json, size_t len)
{
  struct talk *talk = ctx;

  assert_int_equal(zpm_str_append(&talk->said, json, len), 0);
  assert_int_equal(zpm_str_puts(&talk->said, "|"), 0);
  if (talk->listen_at_message)
    zpm_channel_listen(talk->channel);
  if (talk->close_at_message) {
    zpm_channel_close(talk->channel);
    talk->channel = NULL;
  }
}

static void on_closed(void *ctx)
{
  struct talk *talk = ctx;

  talk->ended++;
}

static void on_handle_lost(void *ctx, int64_t token)
{
  struct talk *talk = ctx;

  talk->lost = token;
}

static void on_socket(void *ctx, int fd)
{
  struct talk *talk = ctx;

  assert_int_equal(close(fd), 0);
  talk->sockets++;
}

static void on_all_sockets(void *ctx)
{
  struct talk *talk = ctx;

  talk->lent++;
}

static const struct zpm_channel_events EVENTS = {.heap = on_heap,
                                                 .socket = on_socket,
                                                 .all_sockets = on_all_sockets,
                                                 .handle_lost = on_handle_lost,
                                                 .pong = on_pong,
                                                 .message = on_message,
                                                 .closed = on_closed};

static int set_up(void **state)
{
  struct talk *talk = calloc(1, sizeof(*talk));
  int ends[2];

  if (talk == NULL ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
      uv_loop_init(&talk->loop) != 0)
    return -1;
  talk->app = ends[1];
  *state = talk;
  return zpm_channel_open(&talk->loop, ends[0], &EVENTS, talk, &talk->channel,
                          NULL);
}

static int tear_down(void **state)
{
  struct talk *talk = *state;
  int rc;

  if (talk->channel != NULL)
    zpm_channel_close(talk->channel);
  uv_run(&talk->loop, UV_RUN_DEFAULT);
  rc = uv_loop_close(&talk->loop);
  if (talk->app >= 0)
    close(talk->app);
  zpm_str_deinit(&talk->said);
  free(talk);
  return rc;
}

/* ---- the app's side ---- */

static void on_deadline(uv_timer_t *timer)
{
  (void)timer;
  fail_msg("nothing came within %d ms", DEADLINE_MS);
}

/* The channel alone does not keep the loop alive; the deadline does. */
static void run_once(struct talk *talk)
{
  uv_timer_t deadline;

  uv_timer_init(&talk->loop, &deadline);
  uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
  uv_run(&talk->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&deadline, NULL);
  uv_run(&talk->loop, UV_RUN_NOWAIT);
}

static void on_enough(uv_timer_t *timer)
{
  (void)timer;
}

/* Lets the channel write what it can. */
static void let_write(struct talk *talk)
{
  uv_timer_t enough;

  uv_timer_init(&talk->loop, &enough);
  uv_timer_start(&enough, on_enough, 1, 0);
  uv_run(&talk->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&enough, NULL);
  uv_run(&talk->loop, UV_RUN_NOWAIT);
}

static void app_says(struct talk *talk, const char *text, size_t len)
{
  while (len > 0) {
    ssize_t put = send(talk->app, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (put < 0) {
      assert_int_equal(errno, EAGAIN);
      run_once(talk);
      continue;
    }
    text += put;
    len -= (size_t)put;
  }
}

static void app_says_line(struct talk *talk, const char *line)
{
  app_says(talk, line, strlen(line));
  app_says(talk, "\n", 1);
}

/* With one descriptor, as Node sends a handle. */
static void app_says_with_fd(struct talk *talk, const char *text, int fd)
{
  struct iovec part = {.iov_base = (void *)(uintptr_t)text,
                       .iov_len = strlen(text)};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);

  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  assert_int_equal(sendmsg(talk->app, &message, MSG_NOSIGNAL),
                   (ssize_t)strlen(text));
}

/* All that lies in the app's end now. */
static const char *app_hears(struct talk *talk, char *text, size_t room)
{
  ssize_t got = recv(talk->app, text, room - 1, MSG_DONTWAIT);

  text[got > 0 ? got : 0] = '\0';
  return text;
}

/* Reads that many bytes, which come without a handle, then some with one. */
static bool app_gets_handle_after(struct talk *talk, size_t bytes)
{
  char text[4096];

  for (;;) {
    struct iovec part = {
        .iov_base = text,
        .iov_len = bytes > 0 && bytes < sizeof(text) ? bytes : sizeof(text)};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(talk->app, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (got < 0) {
      let_write(talk);
      continue;
    }
    if (bytes == 0) {
      int fd = -1;

      if (CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
        close(fd);
      }
      return fd >= 0;
    }
    assert_null(CMSG_FIRSTHDR(&message));
    bytes -= (size_t)got;
  }
}

static void await_messages(struct talk *talk, const char *wanted)
{
  while (strlen(zpm_str_text(&talk->said)) < strlen(wanted))
    run_once(talk);
  assert_string_equal(zpm_str_text(&talk->said), wanted);
}

static void await_end(struct talk *talk)
{
  while (talk->ended == 0)
    run_once(talk);
  assert_int_equal(talk->ended, 1);
}

static size_t count_open_fds(void)
{
  DIR *folder = opendir("/proc/self/fd");
  size_t count = 0;

  assert_non_null(folder);
  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

/* ---- tests ---- */

static void a_channel_alone_does_not_keep_the_loop_alive(void **state)
{
  struct talk *talk = *state;

  assert_int_equal(uv_run(&talk->loop, UV_RUN_DEFAULT), 0);
}

static void messages_that_nobody_listens_to_are_dropped(void **state)
{
  static const struct zpm_channel_events deaf = {.heap = on_heap,
                                                 .closed = on_closed};
  struct talk *talk = *state;
  int ends[2];

  zpm_channel_close(talk->channel);
  close(talk->app);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  talk->app = ends[1];
  assert_int_equal(
      zpm_channel_open(&talk->loop, ends[0], &deaf, talk, &talk->channel, NULL),
      0);
  app_says_line(talk, "{\"hello\":1}");
  app_says_line(talk, "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":7}");
  while (talk->answers == 0)
    run_once(talk);
  assert_int_equal(talk->used, 7);
}

static void the_heap_is_asked_once_and_the_answer_comes(void **state)
{
  struct talk *talk = *state;
  char heard[256];

  zpm_channel_ask_heap(talk->channel);
  zpm_channel_ask_heap(talk->channel);
  assert_string_equal(app_hears(talk, heard, sizeof(heard)),
                      "{\"cmd\":\"NODE_ZPM_HEAP\"}\n");
  app_says_line(talk, "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":4567890}");
  while (talk->answers == 0)
    run_once(talk);
  assert_int_equal(talk->used, 4567890);
  assert_string_equal(zpm_str_text(&talk->said), "");
  zpm_channel_ask_heap(talk->channel);
  assert_string_equal(app_hears(talk, heard, sizeof(heard)),
                      "{\"cmd\":\"NODE_ZPM_HEAP\"}\n");
}

static void an_odd_answer_is_no_figure_but_ends_the_question(void **state)
{
  static const char *const ODD[] = {
      "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":}",
      "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":-1}",
      "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":1e9}",
      "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":99999999999999999999}",
      "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":12",
      "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":",
  };
  struct talk *talk = *state;
  char heard[256];

  for (size_t i = 0; i < sizeof(ODD) / sizeof(ODD[0]); i++) {
    zpm_channel_ask_heap(talk->channel);
    app_says_line(talk, ODD[i]);
  }
  app_says_line(talk, "1");
  await_messages(talk, "1|");
  assert_int_equal(talk->answers, 0);
  app_hears(talk, heard, sizeof(heard));
  zpm_channel_ask_heap(talk->channel);
  assert_string_not_equal(app_hears(talk, heard, sizeof(heard)), "");
}

static void what_the_app_says_is_given_on_line_by_line(void **state)
{
  struct talk *talk = *state;

  app_says(talk, "{\"a\":1}\n\n\"b\"\n{\"c\"", 17);
  await_messages(talk, "{\"a\":1}|\"b\"|");
  app_says(talk, ":3}\n", 4);
  await_messages(talk, "{\"a\":1}|\"b\"|{\"c\":3}|");
}

static void a_line_may_come_byte_by_byte(void **state)
{
  static const char LINE[] = "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":77}\n";
  struct talk *talk = *state;

  for (size_t i = 0; i < sizeof(LINE) - 1; i++) {
    app_says(talk, &LINE[i], 1);
    run_once(talk);
  }
  assert_int_equal(talk->answers, 1);
  assert_int_equal(talk->used, 77);
}

static void garbage_is_given_on_and_nothing_breaks(void **state)
{
  struct talk *talk = *state;
  char bytes[1000];

  for (size_t i = 0; i < sizeof(bytes); i++)
    bytes[i] = (char)(i * 7 + 1);
  for (size_t i = 0; i < sizeof(bytes); i++) {
    if (bytes[i] == '\n')
      bytes[i] = 0;
  }
  bytes[sizeof(bytes) - 1] = '\n';
  app_says(talk, bytes, sizeof(bytes));
  while (talk->said.len == 0)
    run_once(talk);
  assert_int_equal(talk->said.len, sizeof(bytes));
  assert_memory_equal(talk->said.data, bytes, sizeof(bytes) - 1);
}

static void a_line_of_1_MiB_is_skipped_to_its_end(void **state)
{
  enum { SIZE = 1024 * 1024 };
  struct talk *talk = *state;
  char *line = malloc(SIZE);

  memset(line, 'x', SIZE);
  line[SIZE - 1] = '\n';
  app_says(talk, line, SIZE);
  app_says_line(talk, "\"next\"");
  await_messages(talk, "\"next\"|");
  free(line);
}

static void the_longest_line_that_is_held_comes_whole(void **state)
{
  struct talk *talk = *state;
  char *line = malloc(ZPM_CHANNEL_LINE_MAX + 1);

  memset(line, 'x', ZPM_CHANNEL_LINE_MAX);
  line[ZPM_CHANNEL_LINE_MAX] = '\n';
  app_says(talk, line, ZPM_CHANNEL_LINE_MAX + 1);
  while (talk->said.len == 0)
    run_once(talk);
  assert_int_equal(talk->said.len, ZPM_CHANNEL_LINE_MAX + 1);
  free(line);
}

static void lends(struct talk *talk, unsigned count)
{
  app_says_line(talk, "{\"cmd\":\"NODE_ZPM_LENDS\"}");
  for (unsigned i = 0; i < count; i++)
    app_says_with_fd(talk,
                     "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\"}\n",
                     STDIN_FILENO);
  app_says_line(talk, "{\"cmd\":\"NODE_ZPM_LENT\"}");
}

static void sockets_come_if_they_are_asked_for(void **state)
{
  struct talk *talk = *state;
  size_t before = count_open_fds();
  char heard[256];

  zpm_channel_say_word(talk->channel, ZPM_WORD_LEND);
  assert_string_equal(app_hears(talk, heard, sizeof(heard)),
                      "{\"cmd\":\"NODE_ZPM_LEND\"}\n");
  /* What the app sends for itself before it has heard is none of them. */
  app_says_with_fd(talk, "{\"cmd\":\"NODE_HANDLE\"}\n", STDIN_FILENO);
  lends(talk, 2);
  while (talk->lent == 0)
    run_once(talk);
  assert_int_equal(talk->sockets, 2);
  assert_int_equal(count_open_fds(), before);
}

static void sockets_that_nobody_has_asked_for_are_closed(void **state)
{
  struct talk *talk = *state;
  size_t before = count_open_fds();

  lends(talk, 2);
  app_says_line(talk, "1");
  await_messages(talk, "1|");
  assert_int_equal(talk->sockets, 0);
  assert_int_equal(talk->lent, 0);
  assert_int_equal(count_open_fds(), before);
}

static void a_socket_whose_line_never_ends_is_closed(void **state)
{
  struct talk *talk = *state;
  size_t before = count_open_fds();

  zpm_channel_say_word(talk->channel, ZPM_WORD_LEND);
  app_says_line(talk, "{\"cmd\":\"NODE_ZPM_LENDS\"}");
  app_says_with_fd(talk, "{\"cmd\":\"NODE_HAN", STDIN_FILENO);
  app_says_with_fd(talk, "DLE\",", STDIN_FILENO);
  while (count_open_fds() == before)
    run_once(talk);
  zpm_channel_close(talk->channel);
  talk->channel = NULL;
  uv_run(&talk->loop, UV_RUN_DEFAULT);
  assert_int_equal(talk->sockets, 0);
  assert_int_equal(count_open_fds(), before - 1); /* our end */
}

static void a_handle_is_closed_and_acknowledged(void **state)
{
  struct talk *talk = *state;
  size_t before = count_open_fds();
  char heard[256];

  for (int i = 0; i < 20; i++) {
    app_says_with_fd(talk,
                     "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\"}\n",
                     STDIN_FILENO);
    do
      run_once(talk);
    while (app_hears(talk, heard, sizeof(heard))[0] == '\0');
    assert_string_equal(heard, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  }
  assert_string_equal(zpm_str_text(&talk->said), "");
  assert_int_equal(count_open_fds(), before);
}

static void a_handle_in_a_line_too_long_is_acknowledged_too(void **state)
{
  static const char BEGINS[] = "{\"cmd\":\"NODE_HANDLE\",\"msg\":\"";
  enum { SIZE = 300 * 1024 };
  struct talk *talk = *state;
  char *line = malloc(SIZE);
  char heard[256];

  memset(line, 'x', SIZE);
  memcpy(line, BEGINS, sizeof(BEGINS) - 1);
  line[SIZE - 1] = '\n';
  app_says(talk, line, SIZE);
  app_says_line(talk, "\"next\"");
  await_messages(talk, "\"next\"|");
  assert_string_equal(app_hears(talk, heard, sizeof(heard)),
                      "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  free(line);
}

static void an_app_that_never_reads_costs_the_question_only(void **state)
{
  struct talk *talk = *state;
  char heard[256];

  /* Each ACK that nobody reads takes room; at last there is none. */
  for (int i = 0; i < 2000; i++)
    app_says_line(talk, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\"}");
  app_says_line(talk, "\"all\"");
  await_messages(talk, "\"all\"|");
  zpm_channel_ask_heap(talk->channel);
  /* It was not put, so it can be put as soon as there is room. */
  do {
    while (app_hears(talk, heard, sizeof(heard))[0] != '\0')
      continue;
    let_write(talk);
  } while (app_hears(talk, heard, sizeof(heard))[0] != '\0');
  zpm_channel_ask_heap(talk->channel);
  assert_string_equal(app_hears(talk, heard, sizeof(heard)),
                      "{\"cmd\":\"NODE_ZPM_HEAP\"}\n");
}

static void an_app_that_leaves_too_much_unread_is_cut_off(void **state)
{
  struct talk *talk = *state;
  char line[1000];

  memset(line, 'x', sizeof(line) - 1);
  line[sizeof(line) - 1] = '\n';
  for (int i = 0; i < 1000; i++)
    zpm_channel_send(talk->channel, line, sizeof(line));
  await_end(talk);
}

static void a_handle_waits_for_its_turn_with_its_line(void **state)
{
  static const char LINE[] = "{\"cmd\":\"NODE_HANDLE\",\"msg\":1}\n";
  struct talk *talk = *state;
  char filler[1000];
  int sent = 0;
  int handle;

  memset(filler, 'x', sizeof(filler) - 1);
  filler[sizeof(filler) - 1] = '\n';
  while (sent < 240) { /* more than the socket takes, less than too much */
    zpm_channel_send(talk->channel, filler, sizeof(filler));
    sent++;
  }
  handle = open("/dev/null", O_RDONLY | O_CLOEXEC);
  zpm_channel_send_handle(talk->channel, LINE, sizeof(LINE) - 1, handle, 7);
  close(handle);
  assert_true(app_gets_handle_after(talk, (size_t)sent * sizeof(filler)));
  app_says_line(talk, "{\"cmd\":\"NODE_HANDLE_NACK\"}");
  while (talk->lost == 0)
    run_once(talk);
  assert_int_equal(talk->lost, 7);
}

static void a_ping_is_a_handle_that_did_not_come(void **state)
{
  struct talk *talk = *state;
  char heard[256];

  zpm_channel_ping(talk->channel);
  assert_string_equal(
      app_hears(talk, heard, sizeof(heard)),
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{}}\n");
  app_says_line(talk, "{\"cmd\":\"NODE_HANDLE_NACK\"}");
  app_says_line(talk, "{\"cmd\":\"NODE_HANDLE_NACK\",\"more\":1}");
  app_says_line(talk, "1");
  await_messages(talk, "{\"cmd\":\"NODE_HANDLE_NACK\",\"more\":1}|1|");
  assert_int_equal(talk->pongs, 1);
}

static void shutdown_is_a_message_of_its_own(void **state)
{
  struct talk *talk = *state;
  char heard[256];

  assert_true(zpm_channel_say_shutdown(talk->channel));
  assert_string_equal(app_hears(talk, heard, sizeof(heard)), "\"shutdown\"\n");
  close(talk->app);
  talk->app = -1;
  assert_false(zpm_channel_say_shutdown(talk->channel));
}

/* The same with a real Node: nothing of it is documented. */
static pid_t start_node(struct talk *talk, const char *program)
{
  pid_t pid = fork();

  if (pid == 0) {
    dup2(talk->app, 3);
    setenv("NODE_CHANNEL_FD", "3", 1);
    execlp("node", "node", "-e", program, (char *)NULL);
    _exit(127);
  }
  close(talk->app);
  talk->app = -1;
  return pid;
}

static void node_answers_from_its_event_loop_alone(void **state)
{
  struct talk *talk = *state;
  pid_t pid = start_node(talk, "process.on('message', (m) => {"
                               "  if (m === 'shutdown') process.exit(7);"
                               "});"
                               "process.send('up');"
                               "const end = Date.now() + 300;"
                               "while (Date.now() < end);"
                               "process.send('free');");
  int status = 0;

  await_messages(talk, "\"up\"|");
  zpm_channel_ping(talk->channel); /* it does not run its loop now */
  while (talk->pongs == 0)
    run_once(talk);
  assert_string_equal(zpm_str_text(&talk->said), "\"up\"|\"free\"|");
  zpm_channel_ping(talk->channel);
  zpm_channel_ping(talk->channel);
  while (talk->pongs < 3)
    run_once(talk);
  assert_true(zpm_channel_say_shutdown(talk->channel));
  await_end(talk);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 7);
  assert_string_equal(zpm_str_text(&talk->said), "\"up\"|\"free\"|");
}

static void the_end_of_the_app_is_told_once(void **state)
{
  struct talk *talk = *state;

  app_says_line(talk, "\"bye\"");
  close(talk->app);
  talk->app = -1;
  await_end(talk);
  assert_string_equal(zpm_str_text(&talk->said), "\"bye\"|");
  zpm_channel_ask_heap(talk->channel); /* to nobody: no SIGPIPE */
  let_write(talk);
  assert_int_equal(talk->ended, 1);
}

static void a_half_line_at_the_end_is_dropped(void **state)
{
  struct talk *talk = *state;

  app_says(talk, "{\"half\"", 7);
  close(talk->app);
  talk->app = -1;
  await_end(talk);
  assert_string_equal(zpm_str_text(&talk->said), "");
}

static void it_can_be_closed_from_its_own_callback(void **state)
{
  struct talk *talk = *state;

  talk->close_at_message = true;
  app_says(talk, "1\n2\n3\n", 6);
  await_messages(talk, "1|");
  uv_run(&talk->loop, UV_RUN_DEFAULT);
  assert_string_equal(zpm_str_text(&talk->said), "1|");
  assert_int_equal(talk->ended, 0);
}

static void what_has_not_been_dealt_with_is_there_for_the_next(void **state)
{
  struct talk *talk = *state;
  int next = dup(zpm_channel_fd(talk->channel));
  char heard[64];
  ssize_t got;

  talk->close_at_message = true;
  app_says(talk, "1\n2\n3", 5);
  await_messages(talk, "1|");
  got = recv(next, heard, sizeof(heard), MSG_DONTWAIT);
  assert_int_equal(got, 5);
  assert_memory_equal(heard, "1\n2\n3", 5);
  close(next);
}

static void a_question_is_there_as_long_as_it_has_no_answer(void **state)
{
  struct talk *talk = *state;
  int next = dup(zpm_channel_fd(talk->channel));
  char heard[256];

  talk->close_at_message = true;
  app_says(talk, "1\n", 2);
  app_says_with_fd(talk, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\"}\n",
                   STDIN_FILENO);
  await_messages(talk, "1|");
  assert_string_equal(app_hears(talk, heard, sizeof(heard)), "");
  talk->close_at_message = false;
  assert_int_equal(
      zpm_channel_open(&talk->loop, next, &EVENTS, talk, &talk->channel, NULL),
      0);
  do
    run_once(talk);
  while (app_hears(talk, heard, sizeof(heard))[0] == '\0');
  assert_string_equal(heard, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  assert_string_equal(zpm_str_text(&talk->said), "1|1|");
  assert_int_equal(recv(next, heard, sizeof(heard), MSG_DONTWAIT), -1);
}

static void to_listen_within_a_callback_tells_nothing_twice(void **state)
{
  struct talk *talk = *state;

  talk->listen_at_message = true;
  app_says(talk, "1\n2\n", 4);
  await_messages(talk, "1|2|");
}

static void closing_it_is_seen_by_the_app_at_once(void **state)
{
  struct talk *talk = *state;
  char byte;

  zpm_channel_close(talk->channel);
  talk->channel = NULL;
  assert_int_equal(recv(talk->app, &byte, 1, MSG_DONTWAIT), 0);
}

static void what_is_no_socket_cannot_be_a_channel(void **state)
{
  struct talk *talk = *state;
  struct zpm_channel *channel = NULL;
  struct zpm_error err = {0};
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

  assert_true(zpm_channel_open(&talk->loop, fd, &EVENTS, talk, &channel, &err) <
              0);
  assert_string_not_equal(err.message, "");
  assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was taken over */
}

#define in_a_talk(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      in_a_talk(a_channel_alone_does_not_keep_the_loop_alive),
      in_a_talk(messages_that_nobody_listens_to_are_dropped),
      in_a_talk(the_heap_is_asked_once_and_the_answer_comes),
      in_a_talk(an_odd_answer_is_no_figure_but_ends_the_question),
      in_a_talk(what_the_app_says_is_given_on_line_by_line),
      in_a_talk(a_line_may_come_byte_by_byte),
      in_a_talk(garbage_is_given_on_and_nothing_breaks),
      in_a_talk(a_line_of_1_MiB_is_skipped_to_its_end),
      in_a_talk(the_longest_line_that_is_held_comes_whole),
      in_a_talk(sockets_come_if_they_are_asked_for),
      in_a_talk(sockets_that_nobody_has_asked_for_are_closed),
      in_a_talk(a_socket_whose_line_never_ends_is_closed),
      in_a_talk(a_handle_is_closed_and_acknowledged),
      in_a_talk(a_handle_in_a_line_too_long_is_acknowledged_too),
      in_a_talk(an_app_that_never_reads_costs_the_question_only),
      in_a_talk(an_app_that_leaves_too_much_unread_is_cut_off),
      in_a_talk(a_handle_waits_for_its_turn_with_its_line),
      in_a_talk(a_ping_is_a_handle_that_did_not_come),
      in_a_talk(shutdown_is_a_message_of_its_own),
      in_a_talk(node_answers_from_its_event_loop_alone),
      in_a_talk(the_end_of_the_app_is_told_once),
      in_a_talk(a_half_line_at_the_end_is_dropped),
      in_a_talk(it_can_be_closed_from_its_own_callback),
      in_a_talk(what_has_not_been_dealt_with_is_there_for_the_next),
      in_a_talk(a_question_is_there_as_long_as_it_has_no_answer),
      in_a_talk(to_listen_within_a_callback_tells_nothing_twice),
      in_a_talk(closing_it_is_seen_by_the_app_at_once),
      in_a_talk(what_is_no_socket_cannot_be_a_channel),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
