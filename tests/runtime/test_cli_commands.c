/* Whole runs of the command line against a scripted daemon. */
#include "cli/cli.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "platform/paths.h"
#include "runtime/scratch.h"
#include "zpm/version.h"

enum { MAX_WORDS = 16, TEXT_MAX = 8192, ENVIRONMENT_MAX = 64 * 1024 };

#define HELLO(version, fits)                                                   \
  "{\"ok\":true,\"data\":{\"version\":\"" version                              \
  "\",\"protocol\":1,\"pid\":1,\"keeperPid\":1,\"namespace\":\"test\","        \
  "\"compatible\":" fits ",\"advice\":null}}"

/* After what comes before this the daemon dies; but only once.  The next one
 * passes over that answer. */
#define DIES "\004"

/* What the daemon says to requests that have `contains` in them. */
struct answer {
  const char *contains; /* NULL ends the list */
  const char *lines;
};

struct fixture {
  char home[SCRATCH_MAX];
  char heard[ENVIRONMENT_MAX]; /* all requests, one per line */
  char out[TEXT_MAX];
  char err[TEXT_MAX];
  int listener;
  pthread_t thread;
  const struct answer *answers;
  bool has_died;
};

/* ---- the daemon ---- */

static bool fits(const struct fixture *f, const struct answer *a,
                 const char *request)
{
  return strstr(request, a->contains) != NULL &&
         (!f->has_died || strstr(a->lines, DIES) == NULL);
}

/* False: it is dead. */
static bool answer(struct fixture *f, int fd, const char *request)
{
  const struct answer *a = f->answers;
  const char *text = HELLO(ZPM_VERSION, "true");
  size_t len;

  strncat(f->heard, request, sizeof(f->heard) - strlen(f->heard) - 1);
  while (a->contains != NULL && !fits(f, a, request))
    a++;
  if (a->contains != NULL)
    text = a->lines;
  len = strcspn(text, DIES);
  send(fd, text, len, MSG_NOSIGNAL);
  if (text[len] != '\0') {
    f->has_died = true;
    return false;
  }
  send(fd, "\n", 1, MSG_NOSIGNAL);
  return true;
}

static void *serve(void *arg)
{
  struct fixture *f = arg;
  int fd;

  while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
    FILE *in = fdopen(fd, "r");
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, in) > 0 && answer(f, fd, line))
      ;
    free(line);
    fclose(in);
  }
  return NULL;
}

static void start_daemon(struct fixture *f, const struct answer *answers)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct zpm_paths paths;

  assert_int_equal(zpm_paths_init(&paths, f->home, "test", NULL), 0);
  assert_int_equal(zpm_paths_prepare(&paths, NULL), 0);
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", paths.socket);
  zpm_paths_deinit(&paths);
  f->answers = answers;
  f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(
      bind(f->listener, (struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(listen(f->listener, 8), 0);
  assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

static int set_up(void **state)
{
  struct fixture *f = zpm_alloc_zeroed(1, sizeof(*f));

  assert_non_null(f);
  f->listener = -1;
  assert_non_null(scratch_create(f->home));
  setenv("ZPM_HOME", f->home, 1);
  setenv("ZPM_NAMESPACE", "test", 1);
  setenv("ZPM_KEEPER", "/dev/null", 1); /* no test starts a real one */
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  struct fixture *f = *state;

  if (f->listener >= 0) {
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->listener);
  }
  scratch_remove(f->home);
  zpm_free(f);
  return 0;
}

/* ---- running ---- */

/* Sends a standard stream into a file; returns what it was. */
static int redirect(int fd, const char *folder)
{
  char path[SCRATCH_MAX + 16];
  int before = dup(fd);
  int file;

  snprintf(path, sizeof(path), "%s/stream-%d", folder, fd);
  file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  dup2(file, fd);
  close(file);
  return before;
}

static void restore(int fd, int before, char text[TEXT_MAX])
{
  ssize_t len = pread(fd, text, TEXT_MAX - 1, 0);

  text[len > 0 ? len : 0] = '\0';
  dup2(before, fd);
  close(before);
}

/* Runs `zpm <words>`; the words end with NULL. */
static int run(struct fixture *f, ...)
{
  const char *words[MAX_WORDS] = {"zpm"};
  int count = 1;
  int out = redirect(STDOUT_FILENO, f->home);
  int err = redirect(STDERR_FILENO, f->home);
  int code;
  va_list list;

  va_start(list, f);
  while ((words[count] = va_arg(list, const char *)) != NULL)
    count++;
  va_end(list);
  code = zpm_cli_main(count, words);
  fflush(stderr);
  restore(STDOUT_FILENO, out, f->out);
  restore(STDERR_FILENO, err, f->err);
  return code;
}

#define ASSERT_HAS(text, part)                                                 \
  do {                                                                         \
    if (strstr(text, part) == NULL)                                            \
      fail_msg("\"%s\" is not in: %s", part, text);                            \
  } while (0)

/* ---- without a daemon ---- */

static void wrong_usage_exits_with_2(void **state)
{
  struct fixture *f = *state;

  assert_int_equal(run(f, "lsit", NULL), 2);
  assert_string_equal(f->err,
                      "zpm: unknown command 'lsit'. Did you mean 'list'?\n");
  assert_int_equal(run(f, "stop", NULL), 2);
  assert_int_equal(run(f, "list", "--sort", "size", NULL), 2);
  assert_int_equal(run(f, "logs", "--lines", "x", NULL), 2);
  assert_int_equal(run(f, "start", "a", "--args", "'open", NULL), 2);
  assert_int_equal(run(f, "help", "nothing", NULL), 2);
  assert_string_equal(f->out, "");
}

static void help_and_version_need_no_daemon(void **state)
{
  struct fixture *f = *state;

  assert_int_equal(run(f, NULL), 0);
  ASSERT_HAS(f->out, "Usage: zpm <command>");
  assert_int_equal(run(f, "help", "start", NULL), 0);
  ASSERT_HAS(f->out, "zpm start");
  assert_int_equal(run(f, "stop", "-h", NULL), 0);
  ASSERT_HAS(f->out, "zpm stop");
  assert_int_equal(run(f, "--version", NULL), 0);
  assert_string_equal(f->out, "zpm " ZPM_VERSION "\n");
  assert_int_equal(run(f, "version", "--json", NULL), 0);
  assert_string_equal(f->out, "{\"version\":\"" ZPM_VERSION "\"}\n");
}

static void ping_starts_nothing(void **state)
{
  struct fixture *f = *state;

  assert_int_equal(run(f, "ping", NULL), 1);
  assert_string_equal(f->err, "zpm: no daemon runs in namespace 'test'\n");
  assert_int_equal(run(f, "kill-daemon", NULL), 0);
  assert_string_equal(f->out, "no daemon runs\n");
  assert_int_equal(run(f, "kill-daemon", "--json", NULL), 0);
  assert_string_equal(f->out, "{\"ok\":true,\"message\":\"no daemon runs\"}\n");
}

/* ---- with one ---- */

static const struct answer APPS[] = {
    {"\"cmd\":\"stats\"",
     "{\"ok\":true,\"data\":[{\"name\":\"api\",\"status\":\"running\","
     "\"pid\":7,\"uptime\":61000,\"totalRestarts\":2,\"cpu\":1.54,"
     "\"memoryRss\":12897485},{\"name\":\"b\\u001b[2J\",\"status\":\"errored\","
     "\"pid\":null,\"uptime\":null,\"totalRestarts\":0,\"cpu\":0,"
     "\"memoryRss\":0,\"lastError\":\"no such file\"}]}"},
    {"\"cmd\":\"ping\"", "{\"ok\":true,\"data\":\"pong\"}"},
    {NULL, NULL},
};

static void list_is_a_table_that_awk_can_read(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, APPS);
  assert_int_equal(run(f, "list", NULL), 0);
  assert_string_equal(
      f->out, "NAME      STATUS   PID  UPTIME  RESTARTS   CPU  MEMORY\n"
              "api       running    7    1m1s         2  1.5%  12.3MB\n"
              "b\\x1b[2J  errored    -       -         0     -       -\n");
  assert_string_equal(f->err, "");
  assert_int_equal(run(f, "ls", "--status", "stopped", NULL), 0);
  assert_string_equal(f->out, "No app is stopped.\n");
}

static void list_as_json_is_the_daemons_own_unless_sorted(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, APPS);
  assert_int_equal(run(f, "list", "--json", NULL), 0);
  ASSERT_HAS(f->out, "[{\"name\":\"api\",\"status\":\"running\",");
  assert_int_equal(
      run(f, "list", "--json", "--status", "errored", "--sort", "cpu", NULL),
      0);
  ASSERT_HAS(f->out, "[{\"name\":\"b\\u001b[2J\",\"status\":\"errored\",");
  assert_null(strstr(f->out, "api"));
}

static void an_empty_list_says_how_to_begin(void **state)
{
  static const struct answer NONE[] = {
      {"\"cmd\":\"stats\"", "{\"ok\":true,\"data\":[]}"}, {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, NONE);
  assert_int_equal(run(f, "list", NULL), 0);
  ASSERT_HAS(f->out, "No apps yet");
  assert_int_equal(run(f, "list", "--json", NULL), 0);
  assert_string_equal(f->out, "[]\n");
}

static void ping_tells_who_answered(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, APPS);
  assert_int_equal(run(f, "ping", NULL), 0);
  assert_string_equal(f->out,
                      "pong: daemon " ZPM_VERSION ", pid 1, namespace test\n");
}

/* ---- versions ---- */

static void a_newer_daemon_that_fits_is_a_warning(void **state)
{
  static const struct answer NEWER[] = {
      {"hello", HELLO("0.1.99", "true")},
      {"\"cmd\":\"stats\"", "{\"ok\":true,\"data\":[]}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, NEWER);
  assert_int_equal(run(f, "list", "--json", NULL), 0);
  assert_string_equal(f->out, "[]\n");
  ASSERT_HAS(f->err, "older than its daemon (0.1.99)");
}

static void a_daemon_that_does_not_fit_is_an_error_with_advice(void **state)
{
  static const struct answer OLD[] = {
      {"hello", HELLO("0.0.1", "false")},
      {"\"cmd\":\"stats\"", "{\"ok\":true,\"data\":[]}"},
      {"\"cmd\":\"ping\"", "{\"ok\":true,\"data\":\"pong\"}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, OLD);
  assert_int_equal(run(f, "list", NULL), 1);
  ASSERT_HAS(f->err, "zpm update");
  assert_string_equal(f->out, "");
  assert_int_equal(run(f, "ping", NULL), 0);
}

/* ---- changing ---- */

static const struct answer CHANGES[] = {
    {"\"name\":\"gone\"", "{\"ok\":false,\"error\":\"there is no app 'gone'\","
                          "\"code\":\"ZPM_ENOAPP\"}"},
    {"\"cmd\":\"list\"", "{\"ok\":true,\"data\":[\"api\",\"worker\"]}"},
    {"\"scriptPath\":\"worke\"",
     "{\"ok\":false,\"error\":\"cannot\",\"code\":\"ZPM_ESTART\"}"},
    {"\"scriptPath\":\"worker.js\"",
     "{\"ok\":false,\"error\":\"no such file\",\"code\":\"ZPM_ESTART\"}"},
    {"\"cmd\":\"start-many\"",
     "{\"ok\":true,\"data\":[{\"name\":\"x\",\"ok\":true,\"message\":\"up\"},"
     "{\"name\":null,\"ok\":false,\"error\":\"no script\","
     "\"code\":\"ZPM_ECONFIG\"},"
     "{\"name\":\"y\",\"ok\":false,\"error\":\"bad port\","
     "\"code\":\"ZPM_ECONFIG\"},"
     "{\"name\":\"z\",\"ok\":false,\"error\":\"app 'z': cannot run\","
     "\"code\":\"ZPM_ESTART\"},"
     "{\"name\":\"v\",\"ok\":false,\"error\":\"there is no app 'v'\","
     "\"code\":\"ZPM_ENOAPP\"}]}"},
    {"\"cmd\":\"st", "{\"ok\":true,\"data\":\"done\"}"},
    {"\"cmd\":\"restart\"", "{\"ok\":true,\"data\":\"again\"}"},
    {NULL, NULL},
};

static void each_of_several_apps_gets_its_result(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, CHANGES);
  assert_int_equal(run(f, "stop", "a", "gone", "b", NULL), 1);
  assert_string_equal(f->out, "done\ndone\n");
  assert_string_equal(f->err, "zpm: there is no app 'gone'\n");
  assert_int_equal(run(f, "stop", "a", "gone", "--json", NULL), 1);
  assert_string_equal(
      f->out, "[{\"name\":\"a\",\"ok\":true,\"message\":\"done\"},"
              "{\"name\":\"gone\",\"ok\":false,\"error\":\"there is no app "
              "'gone'\",\"code\":\"ZPM_ENOAPP\"}]\n");
}

static void restart_sends_the_given_fields_only(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, CHANGES);
  assert_int_equal(run(f, "restart", "a", "--port", "81", "--", "-v", NULL), 0);
  ASSERT_HAS(f->heard,
             "{\"cmd\":\"restart\",\"name\":\"a\",\"config\":{\"args\":"
             "[\"-v\"],\"port\":81}}\n");
}

/* ---- starting ---- */

static void a_script_is_sent_as_an_absolute_path(void **state)
{
  struct fixture *f = *state;
  char expected[2 * SCRATCH_MAX];

  start_daemon(f, CHANGES);
  setenv("ZPM_APP_ID", "secret-of-another", 1);
  setenv("ZPM_TEST_MARK", "\xff", 1);
  assert_int_equal(run(f, "start", "./a.js", "--cwd", f->home, "--args",
                       "x 'y z'", "--with", "tsx -q", "--env", "K=V", "--", "w",
                       NULL),
                   0);
  unsetenv("ZPM_APP_ID");
  assert_string_equal(f->out, "done\n");
  ASSERT_HAS(f->heard, "/a.js\",\"args\":[\"x\",\"y z\",\"w\"]");
  snprintf(expected, sizeof(expected), "\"cwd\":\"%s\",\"env\":{\"K\":\"V\"}",
           f->home);
  ASSERT_HAS(f->heard, expected);
  ASSERT_HAS(f->heard, "\"interpreter\":\"custom\",\"interpreterCommand\":"
                       "\"tsx\",\"interpreterArgs\":[\"-q\"]");
  ASSERT_HAS(f->heard, "\"callerEnv\":{");
  ASSERT_HAS(f->heard, "\"ZPM_TEST_MARK\":\"\xef\xbf\xbd\"");
  assert_null(strstr(f->heard, "secret-of-another"));
}

static void a_known_name_is_started_by_name(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, CHANGES);
  assert_int_equal(run(f, "start", "api", NULL), 0);
  ASSERT_HAS(f->heard, "{\"cmd\":\"start\",\"name\":\"api\",\"callerEnv\":{");
}

static void an_unknown_word_is_a_command_and_may_be_a_slip(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, CHANGES);
  assert_int_equal(run(f, "start", "worke", NULL), 1);
  ASSERT_HAS(f->heard, "\"scriptPath\":\"worke\"");
  ASSERT_HAS(f->err, "did you mean the app 'worker'?");
  assert_int_equal(run(f, "start", "worker.js", NULL), 1);
  assert_string_equal(f->err, "zpm: no such file\n");
  assert_int_equal(run(f, "start", "ecosystem.config.js", NULL), 2);
  ASSERT_HAS(f->err, "JSON");
}

static void a_whole_command_line_is_told_where_arguments_go(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, CHANGES);
  assert_int_equal(run(f, "start", "npm run dev", NULL), 2);
  ASSERT_HAS(f->err, "zpm start npm -- run dev\n");
  assert_int_equal(run(f, "start", "npm run dev", "--name", "x", NULL), 2);
  assert_null(strstr(f->heard, "scriptPath"));
}

static void an_app_file_is_started_in_one_request(void **state)
{
  struct fixture *f = *state;
  char path[SCRATCH_MAX + 16];
  FILE *file;

  start_daemon(f, CHANGES);
  snprintf(path, sizeof(path), "%s/apps.json", f->home);
  file = fopen(path, "w");
  assert_non_null(file);
  fputs("[{\"scriptPath\":\"./x.js\"},{}]", file);
  fclose(file);
  assert_int_equal(run(f, "start", path, NULL), 1);
  assert_string_equal(f->out, "up\n");
  assert_string_equal(f->err,
                      "zpm: app 2 of the file: no script\n"
                      "zpm: app 'y': bad port\n"
                      "zpm: app 'z': cannot run\n"
                      "zpm: app 5 of the file has no scriptPath, and there is "
                      "no app 'v'\n");
  ASSERT_HAS(f->heard, "/x.js\"");
  assert_int_equal(run(f, "start", path, "--port", "1", NULL), 2);
  assert_int_equal(run(f, "start", "nowhere.json", NULL), 1);
  ASSERT_HAS(f->err, "cannot open nowhere.json");
}

/* ---- starting what a folder holds ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
  char path[2 * SCRATCH_MAX];
  FILE *file;

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void a_folder_says_how_it_is_started(void **state)
{
  struct fixture *f = *state;
  char folder[SCRATCH_MAX + 16];
  char expected[3 * SCRATCH_MAX];

  start_daemon(f, CHANGES);
  snprintf(folder, sizeof(folder), "%s/shop", f->home);
  assert_int_equal(mkdir(folder, 0700), 0);
  assert_int_equal(run(f, "start", folder, NULL), 2);
  ASSERT_HAS(f->err, "nothing to start in 'shop': no package.json");
  write_file(folder, "package.json",
             "{\"name\":\"@a/b\",\"scripts\":{\"start\":\"vite -p 4000\"}}");
  assert_int_equal(run(f, "start", folder, "--", "-x", NULL), 0);
  assert_string_equal(
      f->out, "found package.json: starting `npm run start -- -x` as "
              "'b' on port 4000\n(the same, said in full: zpm start npm "
              "--name b --port 4000 -- run start -- -x)\ndone\n");
  snprintf(expected, sizeof(expected),
           "{\"cmd\":\"start\",\"config\":{\"name\":\"b\",\"scriptPath\":"
           "\"npm\",\"args\":[\"run\",\"start\",\"--\",\"-x\"],\"cwd\":"
           "\"%s\",\"port\":4000},",
           folder);
  ASSERT_HAS(f->heard, expected);
  assert_int_equal(run(f, "start", folder, "--with", "tsx", NULL), 2);
  ASSERT_HAS(f->err, "no script for it");
}

static void a_plain_start_script_is_run_without_npm(void **state)
{
  struct fixture *f = *state;
  char expected[3 * SCRATCH_MAX];

  start_daemon(f, CHANGES);
  write_file(f->home, "package.json",
             "{\"name\":\"b\",\"scripts\":{\"start\":"
             "\"NODE_ENV=x node -r y s.js z\"}}");
  write_file(f->home, "s.js", "");
  write_file(f->home, ".env", "PORT=81\nKEY=hush-4711\n");
  assert_int_equal(run(f, "start", "--cwd", f->home, "--name", "c", NULL), 0);
  ASSERT_HAS(f->out, "found package.json: starting `node -r y s.js z`, its "
                     "start script, without a package manager, as 'c' on port "
                     "81\n");
  ASSERT_HAS(f->out, "zpm start s.js --name c --port 81 --interpreter-arg=-r "
                     "--interpreter-arg=y --env NODE_ENV=x -- z)\n");
  snprintf(expected, sizeof(expected),
           "\"scriptPath\":\"%s/s.js\",\"args\":[\"z\"],\"cwd\":\"%s\","
           "\"env\":{\"NODE_ENV\":\"x\"},\"port\":81,\"interpreter\":"
           "\"node\",\"interpreterArgs\":[\"-r\",\"y\"]",
           f->home, f->home);
  ASSERT_HAS(f->heard, expected);
  assert_null(strstr(f->out, "hush-4711"));
  assert_int_equal(run(f, "start", "--cwd", f->home, "--json", NULL), 0);
  ASSERT_HAS(f->err, "zpm: found package.json");
  assert_string_equal(f->out,
                      "[{\"name\":\"b\",\"ok\":true,\"message\":\"done\"}]\n");
}

/* ---- waiting ---- */

static void waiting_is_asked_of_the_daemon(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, CHANGES);
  assert_int_equal(run(f, "start", "api", "--wait", NULL), 0);
  ASSERT_HAS(f->heard, "{\"cmd\":\"start\",\"name\":\"api\",\"wait\":true,");
  assert_int_equal(run(f, "restart", "a", "--wait", NULL), 0);
  ASSERT_HAS(f->heard, "{\"cmd\":\"restart\",\"name\":\"a\",\"wait\":true}\n");
}

static void a_start_that_failed_shows_what_was_said_last(void **state)
{
  static const struct answer FAILS[] = {
      {"\"cmd\":\"start\"", "{\"ok\":false,\"error\":\"it ended\","
                            "\"code\":\"ZPM_ESTART\"}"},
      {"\"cmd\":\"list\"", "{\"ok\":true,\"data\":[\"old\"]}"},
      {"\"name\":\"old\"",
       "{\"ok\":true,\"data\":{\"exits\":[{\"at\":5,\"lines\":[\"no\"]}]}}"},
      {"\"cmd\":\"describe\"",
       "{\"ok\":true,\"data\":{\"exits\":[{\"at\":9007199254740991,"
       "\"lines\":[\"Error: oops\",\"at \\u001b[2J\"]},"
       "{\"at\":1,\"lines\":[\"before\"]}]}}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, FAILS);
  assert_int_equal(run(f, "start", "/a/x.js", "--wait", NULL), 1);
  assert_string_equal(f->err, "zpm: it ended\n  Error: oops\n  at \\x1b[2J\n");
  assert_int_equal(run(f, "start", "/a/x.js", "--wait", "--json", NULL), 1);
  assert_string_equal(f->err, "zpm: it ended\n");
  assert_int_equal(run(f, "start", "old", NULL), 1);
  assert_string_equal(f->err, "zpm: it ended\n");
}

/* ---- logs ---- */

static const struct answer LOGS[] = {
    {"\"cmd\":\"logs\"",
     "{\"ok\":true,\"name\":\"a\",\"stream\":\"out\",\"data\":\"1\\n2\"}\n"
     "{\"ok\":true,\"name\":\"b\",\"stream\":\"err\",\"data\":\"3\\n4\"}\n"
     "{\"ok\":true,\"name\":\"b\",\"stream\":\"err\",\"data\":\"5\"}\n"
     "{\"ok\":true,\"name\":\"b\",\"stream\":\"out\",\"data\":\"6\\n\"}\n"
     "{\"event\":\"lag\",\"data\":{\"dropped\":9,\"events\":0}}\n"
     "{\"ok\":true,\"end\":true}"},
    {NULL, NULL},
};

static void logs_of_all_apps_say_whose_they_are(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, LOGS);
  assert_int_equal(run(f, "logs", "--err", NULL), 0);
  assert_string_equal(f->out, "a | 1\na | 2\nb | 3\nb | 45\nb | 6\n");
  ASSERT_HAS(f->err, "9 bytes of output were left out");
  ASSERT_HAS(f->heard,
             "{\"cmd\":\"logs\",\"from\":{},\"lines\":20,\"follow\":false,"
             "\"stream\":\"err\"}");
}

static void logs_without_apps_say_so(void **state)
{
  static const struct answer NONE[] = {
      {"\"cmd\":\"list\"", "{\"ok\":true,\"data\":[]}"},
      {"\"cmd\":\"logs\"", "{\"ok\":true,\"end\":true}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, NONE);
  assert_int_equal(run(f, "logs", NULL), 0);
  assert_string_equal(f->out, "");
  assert_string_equal(f->err, "zpm: there are no apps yet\n");
}

static void logs_of_one_app_mix_no_line_of_two_streams(void **state)
{
  struct fixture *f = *state;

  start_daemon(f, LOGS);
  assert_int_equal(run(f, "logs", "a", "-n", "5", "--follow", NULL), 0);
  assert_string_equal(f->out, "1\n2\n3\n45\n6\n");
  ASSERT_HAS(f->heard, "\"name\":\"a\",\"lines\":5,\"follow\":true}");
}

static void a_start_in_dev_mode_goes_on_with_the_output(void **state)
{
  static const struct answer DEV[] = {
      {"\"cmd\":\"start\"", "{\"ok\":true,\"data\":\"up\"}"},
      {"\"cmd\":\"logs\"",
       "{\"ok\":true,\"name\":\"x\",\"stream\":\"out\",\"data\":\"hi\\n\"}\n"
       "{\"ok\":true,\"end\":true}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, DEV);
  assert_int_equal(run(f, "start", "/a/x.js", "--dev", NULL), 0);
  assert_string_equal(f->out, "up\n"); /* no terminal */
  run(f, "start", "/a/x.js", "--dev", "--follow", NULL);
  assert_string_equal(f->out, "up\nhi\n");
  ASSERT_HAS(f->heard,
             "{\"cmd\":\"logs\",\"from\":{},\"name\":\"x\",\"lines\":20,"
             "\"follow\":true}\n");
}

/* ---- when the daemon dies ---- */

static size_t times_heard(const struct fixture *f, const char *text)
{
  size_t count = 0;

  for (const char *at = f->heard; (at = strstr(at, text)) != NULL; at++)
    count++;
  return count;
}

static void what_can_be_repeated_is_asked_of_the_next_daemon(void **state)
{
  static const struct answer DYING[] = {
      {"\"cmd\":\"list\"", DIES},
      {"\"cmd\":\"list\"", "{\"ok\":true,\"data\":[\"a\"]}"},
      {"\"cmd\":\"logs\"", "{\"ok\":true,\"end\":true}"},
      {"\"cmd\":\"stop\"", "{\"ok\":true,\"data\":\"stopped\"}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, DYING);
  assert_int_equal(run(f, "logs", NULL), 0);
  assert_string_equal(f->err, "");
  assert_int_equal(times_heard(f, "\"hello\""), 2);
  assert_int_equal(times_heard(f, "\"list\""), 2);
}

static void a_stop_is_asked_for_again(void **state)
{
  static const struct answer DYING[] = {
      {"\"cmd\":\"hello\"", DIES},
      {"\"cmd\":\"stop\"", "{\"ok\":true,\"data\":\"stopped\"}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, DYING);
  assert_int_equal(run(f, "stop", "a", "b", NULL), 0);
  assert_string_equal(f->out, "stopped\nstopped\n");
  assert_int_equal(times_heard(f, "\"stop\""), 2);
}

static void a_change_is_asked_for_once(void **state)
{
  static const struct answer DYING[] = {
      {"\"cmd\":\"restart\"", DIES}, {"\"cmd\":\"start\"", DIES}, {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, DYING);
  assert_int_equal(run(f, "restart", "a", NULL), 1);
  assert_string_equal(f->err,
                      "zpm: the daemon ended before it answered 'restart', and "
                      "was started again. Whether that was done is not known "
                      "here: zpm list shows how things stand\n");
  assert_int_equal(times_heard(f, "\"restart\""), 1);
  f->has_died = false;
  assert_int_equal(run(f, "start", "/a/x.js", "--wait", "--json", NULL), 1);
  ASSERT_HAS(f->out, "\"code\":\"ZPM_ELOST\"");
  ASSERT_HAS(f->err, "before it answered 'start'");
  assert_int_equal(times_heard(f, "\"start\""), 1);
}

static void output_goes_on_where_it_was_left(void **state)
{
  static const struct answer DYING[] = {
      {"\"cmd\":\"logs\"",
       "{\"ok\":true,\"name\":\"a\",\"stream\":\"out\",\"data\":\"\","
       "\"at\":\"5:0\"}\n"
       "{\"ok\":true,\"name\":\"a\",\"stream\":\"err\",\"data\":\"\","
       "\"at\":\"6:0\"}\n"
       "{\"ok\":true,\"name\":\"a\",\"stream\":\"out\",\"data\":\"one\\ntw\","
       "\"at\":\"5:6\"}\n" DIES},
      {"\"from\":{\"a\":{\"err\":\"6:0\",\"out\":\"5:6\"}}",
       "{\"ok\":true,\"name\":\"a\",\"stream\":\"out\",\"data\":\"o\\n\","
       "\"at\":\"5:8\"}\n"
       "{\"ok\":true,\"end\":true}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, DYING);
  assert_int_equal(run(f, "logs", "a", "--follow", NULL), 0);
  assert_string_equal(f->out, "one\ntwo\n");
  ASSERT_HAS(f->err, "zpm: the daemon ended and was started again after ");
  f->has_died = false;
  assert_int_equal(run(f, "logs", "a", "--follow", "--json", NULL), 0);
  assert_null(strstr(f->out, "\"data\":\"\""));
  ASSERT_HAS(f->out, "\"data\":\"o\\n\"");
}

static void output_ends_with_a_daemon_that_was_told_to_end(void **state)
{
  static const struct answer ENDING[] = {
      {"\"cmd\":\"logs\"",
       "{\"ok\":true,\"name\":\"a\",\"stream\":\"out\",\"data\":\"one\\n\","
       "\"at\":\"5:4\"}\n{\"event\":\"shutdown\"}\n" DIES},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, ENDING);
  assert_int_equal(run(f, "logs", "a", "--follow", NULL), 1);
  assert_string_equal(f->out, "one\n");
  ASSERT_HAS(f->err, "the daemon was told to end");
  assert_int_equal(times_heard(f, "\"logs\""), 1);
}

/* ---- looking closely ---- */

static void describe_tells_all_and_escapes_it(void **state)
{
  static const struct answer APP[] = {
      {"\"cmd\":\"describe\"",
       "{\"ok\":true,\"data\":{\"name\":\"api\",\"status\":\"running\","
       "\"pid\":7,\"uptime\":1000,\"memoryRss\":1024,\"lastLog\":\"\\u001b[A\","
       "\"config\":{\"port\":80,\"args\":[\"x\"]},"
       "\"probeFailures\":2,\"pending\":null,\"exits\":[{\"code\":1,"
       "\"signal\":null,\"cause\":\"itself\",\"at\":0,\"uptime\":5,"
       "\"reason\":null,\"lines\":[\"oops\",\"\\u001b[2J\"]},{\"code\":null,"
       "\"signal\":\"SIGKILL\",\"cause\":\"out-of-memory\",\"at\":0,"
       "\"uptime\":61000,\"reason\":null,\"lines\":[]}],"
       "\"logFiles\":{\"out\":\"/o\",\"err\":\"/e\"},"
       "\"environment\":[\"HOME\",\"PATH\"]}}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, APP);
  assert_int_equal(run(f, "describe", "api", NULL), 0);
  ASSERT_HAS(f->out, "  memory            1.0 KB\n");
  ASSERT_HAS(f->out, "  probe failures    2\n");
  ASSERT_HAS(f->out, "\nLast exits\n"
                     "  at an unknown time  exit code 1 after 5ms\n"
                     "      oops\n"
                     "      \\x1b[2J\n"
                     "  at an unknown time  SIGKILL after 1m 1s: the kernel "
                     "ran out of memory\n");
  ASSERT_HAS(f->out, "  last output       \\x1b[A\n");
  ASSERT_HAS(f->out, "  args              [\"x\"]\n");
  ASSERT_HAS(f->out, "  HOME PATH\n");
  assert_null(strchr(f->out, '\x1b'));
}

static void describe_shows_the_last_errors_of_what_is_in_trouble(void **state)
{
  static const struct answer APP[] = {
      {"\"cmd\":\"describe\"",
       "{\"ok\":true,\"data\":{\"name\":\"api\",\"status\":\"errored\","
       "\"config\":{\"scriptPath\":\"/a/api.js\",\"args\":[\"x\"]}}}"},
      {"\"cmd\":\"logs\"",
       "{\"ok\":true,\"data\":\"oops\\n\\u001b[1mat\",\"name\":\"api\"}\n"
       "{\"ok\":true,\"data\":\" line 3\\n\",\"name\":\"api\"}\n"
       "{\"ok\":true,\"end\":true}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, APP);
  assert_int_equal(run(f, "describe", "api", NULL), 0);
  ASSERT_HAS(f->out, "  runs              node /a/api.js x\n");
  ASSERT_HAS(f->out, "\nLast errors\n  oops\n  \\x1b[1mat line 3\n");
  ASSERT_HAS(f->heard, "{\"cmd\":\"logs\",\"name\":\"api\",\"lines\":5,"
                       "\"follow\":false,\"stream\":\"err\"}");
  assert_int_equal(run(f, "describe", "api", "--json", NULL), 0);
  assert_null(strstr(f->out, "oops"));
}

static void doctor_fails_if_anything_is_bad(void **state)
{
  static const struct answer BAD[] = {
      {"\"cmd\":\"doctor\"",
       "{\"ok\":true,\"data\":[{\"check\":\"node\",\"ok\":false,"
       "\"text\":\"none\",\"advice\":\"install it\"}]}"},
      {NULL, NULL}};
  struct fixture *f = *state;

  start_daemon(f, BAD);
  assert_int_equal(run(f, "doctor", NULL), 1);
  ASSERT_HAS(f->out, "BAD  node: none\n     install it\n");
  ASSERT_HAS(f->out, "ok   daemon: it answers on ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(wrong_usage_exits_with_2),
      TEST(help_and_version_need_no_daemon),
      TEST(ping_starts_nothing),
      TEST(list_is_a_table_that_awk_can_read),
      TEST(list_as_json_is_the_daemons_own_unless_sorted),
      TEST(an_empty_list_says_how_to_begin),
      TEST(ping_tells_who_answered),
      TEST(a_newer_daemon_that_fits_is_a_warning),
      TEST(a_daemon_that_does_not_fit_is_an_error_with_advice),
      TEST(each_of_several_apps_gets_its_result),
      TEST(restart_sends_the_given_fields_only),
      TEST(a_script_is_sent_as_an_absolute_path),
      TEST(a_known_name_is_started_by_name),
      TEST(an_unknown_word_is_a_command_and_may_be_a_slip),
      TEST(a_whole_command_line_is_told_where_arguments_go),
      TEST(an_app_file_is_started_in_one_request),
      TEST(a_folder_says_how_it_is_started),
      TEST(a_plain_start_script_is_run_without_npm),
      TEST(waiting_is_asked_of_the_daemon),
      TEST(a_start_that_failed_shows_what_was_said_last),
      TEST(a_start_in_dev_mode_goes_on_with_the_output),
      TEST(logs_of_all_apps_say_whose_they_are),
      TEST(logs_without_apps_say_so),
      TEST(logs_of_one_app_mix_no_line_of_two_streams),
      TEST(what_can_be_repeated_is_asked_of_the_next_daemon),
      TEST(a_stop_is_asked_for_again),
      TEST(a_change_is_asked_for_once),
      TEST(output_goes_on_where_it_was_left),
      TEST(output_ends_with_a_daemon_that_was_told_to_end),
      TEST(describe_tells_all_and_escapes_it),
      TEST(describe_shows_the_last_errors_of_what_is_in_trouble),
      TEST(doctor_fails_if_anything_is_bad),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
