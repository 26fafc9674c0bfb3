#include "runtime/interpreters.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "platform/paths.h"
#include "runtime/services.h"
#include "runtime/store.h"
#include "runtime/trial.h"
#include "zpm/version.h"

static const char FILE_NAME[] = "selftests";
static const char SCRIPT_NAME[] = "selftest.cjs";

/* A binary that is being tested. */
struct test {
  struct zpm_list link; /* in services->interpreters.tests */
  struct zpm_services *services;
  struct zpm_binary binary;
  struct zpm_trial *trial; /* NULL: it is over, and those who wait are told */
  struct zpm_list waits;   /* zpm_interpreter_wait.link */
};

struct zpm_interpreter_wait {
  struct zpm_list link;
  struct test *test;
  zpm_interpreter_done_cb *done;
  void *ctx;
};

/* ---- the file ---- */

static int read_file(struct zpm_interpreters *interpreters)
{
  struct zpm_str text = {0};
  int rc = 0;

  if (zpm_store_read(interpreters->path, &text, NULL) == 0)
    rc = zpm_verdicts_read(&interpreters->verdicts, ZPM_VERSION,
                           zpm_str_text(&text), text.len);
  zpm_str_deinit(&text);
  return rc;
}

/* What is not in it is tested again, and that is all. */
static void write_file(const struct zpm_interpreters *interpreters)
{
  struct zpm_str text = {0};

  if (interpreters->path != NULL &&
      zpm_verdicts_put(&interpreters->verdicts, ZPM_VERSION, &text) == 0)
    zpm_store_write(interpreters->path, text.data, text.len, NULL);
  zpm_str_deinit(&text);
}

int zpm_interpreters_open(struct zpm_interpreters *interpreters,
                          const char *state_path)
{
  const char *slash = state_path != NULL ? strrchr(state_path, '/') : NULL;
  struct zpm_str path = {0};
  int rc;

  zpm_list_init(&interpreters->tests);
  interpreters->limit_ms = ZPM_SELFTEST_LIMIT_MS;
  if (slash == NULL)
    return 0;
  rc = zpm_str_printf(&path, "%.*s/%s", (int)(slash - state_path), state_path,
                      FILE_NAME);
  interpreters->path = path.data;
  return rc == 0 ? read_file(interpreters) : rc;
}

void zpm_interpreters_close(struct zpm_interpreters *interpreters)
{
  zpm_verdicts_deinit(&interpreters->verdicts);
  zpm_free(interpreters->path);
}

/* ---- what is known ---- */

enum zpm_selftest
zpm_interpreters_verdict(const struct zpm_interpreters *interpreters,
                         const struct zpm_binary *binary)
{
  return zpm_verdicts_find(&interpreters->verdicts, binary);
}

int zpm_interpreters_look(struct zpm_binary *binary, const char *path)
{
  const uint64_t second_ns = 1000000000;
  struct stat file;

  *binary = (struct zpm_binary){0};
  if (stat(path, &file) != 0)
    return -errno;
  binary->path = zpm_strdup(path);
  binary->inode = (uint64_t)file.st_ino;
  binary->mtime_ns = (uint64_t)file.st_mtim.tv_sec * second_ns +
                     (uint64_t)file.st_mtim.tv_nsec;
  binary->size = (uint64_t)file.st_size;
  return binary->path != NULL ? 0 : ZPM_ENOMEM;
}

void zpm_interpreters_doubt(struct zpm_interpreters *interpreters,
                            const struct zpm_binary *binary)
{
  zpm_verdicts_set(&interpreters->verdicts, binary, ZPM_SELFTEST_DOUBTED, true);
  write_file(interpreters);
}

/* ---- a test ---- */

static void free_test(struct test *test)
{
  zpm_list_remove(&test->link);
  zpm_binary_deinit(&test->binary);
  zpm_free(test);
}

/* Who is told may start others, or have some of them give up. */
static void tell_all(struct test *test)
{
  while (!zpm_list_empty(&test->waits)) {
    struct zpm_interpreter_wait *wait =
        ZPM_CONTAINER_OF(test->waits.next, struct zpm_interpreter_wait, link);
    zpm_interpreter_done_cb *done = wait->done;
    void *ctx = wait->ctx;

    zpm_list_remove(&wait->link);
    zpm_free(wait);
    done(ctx);
  }
}

static void on_trial_done(void *ctx, enum zpm_selftest verdict, bool in_vain)
{
  struct test *test = ctx;
  struct zpm_interpreters *interpreters = &test->services->interpreters;

  test->trial = NULL;
  zpm_list_remove(&test->link);
  if (verdict != ZPM_SELFTEST_UNKNOWN &&
      zpm_verdicts_set(&interpreters->verdicts, &test->binary, verdict,
                       in_vain) == 0)
    write_file(interpreters);
  tell_all(test);
  free_test(test);
}

static struct zpm_trial *start_trial(struct test *test,
                                     const struct zpm_interpreter_use *use,
                                     const char *script)
{
  struct zpm_trial_options options = {
      .program = use->binary.path,
      .script = script,
      .config = use->config,
      .env = use->env,
      .limit_ms = test->services->interpreters.limit_ms,
  };

  return zpm_trial_start(test->services, &options, on_trial_done, test);
}

/* NULL: it cannot be tested. */
static struct test *begin(struct zpm_services *services,
                          const struct zpm_interpreter_use *use,
                          const char *script)
{
  struct test *test = zpm_alloc_zeroed(1, sizeof(*test));

  if (test == NULL)
    return NULL;
  test->services = services;
  zpm_list_init(&test->waits);
  zpm_list_append(&services->interpreters.tests, &test->link);
  if (zpm_binary_copy(&test->binary, &use->binary) == 0)
    test->trial = start_trial(test, use, script);
  if (test->trial != NULL)
    return test;
  free_test(test);
  return NULL;
}

static struct test *find(const struct zpm_interpreters *interpreters,
                         const struct zpm_binary *binary)
{
  ZPM_LIST_EACH(it, &interpreters->tests)
  {
    struct test *test = ZPM_CONTAINER_OF(it, struct test, link);

    if (zpm_binary_equal(&test->binary, binary))
      return test;
  }
  return NULL;
}

static struct test *find_or_begin(struct zpm_services *services,
                                  const struct zpm_interpreter_use *use)
{
  struct test *test = find(&services->interpreters, &use->binary);
  struct zpm_str script = {0};

  if (test == NULL && services->agent_path != NULL &&
      zpm_paths_sibling(&script, services->agent_path, SCRIPT_NAME, NULL,
                        NULL) == 0)
    test = begin(services, use, script.data);
  zpm_str_deinit(&script);
  return test;
}

struct zpm_interpreter_wait *
zpm_interpreters_await(struct zpm_services *services,
                       const struct zpm_interpreter_use *use,
                       zpm_interpreter_done_cb *done, void *ctx)
{
  struct zpm_interpreter_wait *wait = zpm_alloc(sizeof(*wait));
  struct test *test = wait != NULL ? find_or_begin(services, use) : NULL;

  if (test == NULL) {
    zpm_free(wait);
    return NULL;
  }
  *wait = (struct zpm_interpreter_wait){
      .test = test,
      .done = done,
      .ctx = ctx,
  };
  zpm_list_append(&test->waits, &wait->link);
  return wait;
}

void zpm_interpreters_give_up(struct zpm_interpreter_wait *wait)
{
  struct test *test;

  if (wait == NULL)
    return;
  test = wait->test;
  zpm_list_remove(&wait->link);
  zpm_free(wait);
  if (!zpm_list_empty(&test->waits) || test->trial == NULL)
    return;
  zpm_trial_cancel(test->trial);
  free_test(test);
}
