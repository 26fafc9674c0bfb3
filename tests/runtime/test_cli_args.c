#include "cli/args.h"
#include "cli/flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/help.h"

enum { MAX_WORDS = 16 };

static struct zpm_args args;
static struct zpm_error err;

/* The words up to NULL, after the program's own name. */
static int parse(const char *first, ...)
{
  static const char *words[MAX_WORDS];
  int count = 1;
  va_list list;

  words[0] = "zpm";
  va_start(list, first);
  for (const char *word = first; word != NULL; word = va_arg(list, char *))
    words[count++] = word;
  va_end(list);
  words[count] = NULL;
  err = (struct zpm_error){0};
  return zpm_args_parse(&args, count, words, &err);
}

static int tear_down(void **state)
{
  (void)state;
  zpm_args_deinit(&args);
  return 0;
}

#define ASSERT_SAYS(text) assert_non_null(strstr(err.message, text))

static void no_words_are_no_command(void **state)
{
  (void)state;
  assert_int_equal(parse(NULL), 0);
  assert_null(args.command);
}

static void a_command_is_found_by_name_and_by_alias(void **state)
{
  (void)state;
  assert_int_equal(parse("list", NULL), 0);
  assert_int_equal(args.command->id, ZPM_CMD_LIST);
  zpm_args_deinit(&args);
  assert_int_equal(parse("ls", NULL), 0);
  assert_int_equal(args.command->id, ZPM_CMD_LIST);
}

static void options_may_stand_anywhere(void **state)
{
  (void)state;
  assert_int_equal(
      parse("--json", "--namespace", "x", "stop", "a", "--no-color", "b", NULL),
      0);
  assert_int_equal(args.command->id, ZPM_CMD_STOP);
  assert_int_equal(args.operand_count, 2);
  assert_string_equal(args.operands[0], "a");
  assert_string_equal(args.operands[1], "b");
  assert_true(zpm_args_switch(&args, "json", false));
  assert_true(zpm_args_switch(&args, "no-color", false));
  assert_string_equal(zpm_args_value(&args, "namespace"), "x");
}

static void values_come_after_a_blank_or_an_equals_sign(void **state)
{
  unsigned long lines = 0;

  (void)state;
  assert_int_equal(parse("logs", "--lines=5", "-n7", "-fn", "9", NULL), 0);
  assert_int_equal(zpm_args_number(&args, "lines", 100, &lines, &err), 0);
  assert_int_equal(lines, 9);
  assert_true(zpm_args_switch(&args, "follow", false));
}

static void a_number_must_be_one(void **state)
{
  static const char *const WRONG[] = {"",   "-1",  "x",
                                      "1x", "101", "99999999999999999999"};
  unsigned long lines = 3;

  (void)state;
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
    assert_int_equal(parse("logs", "--lines", WRONG[i], NULL), 0);
    assert_int_equal(zpm_args_number(&args, "lines", 100, &lines, &err),
                     ZPM_EARG);
    zpm_args_deinit(&args);
  }
  assert_int_equal(lines, 3);
  assert_int_equal(parse("logs", NULL), 0);
}

static void the_last_of_a_switch_counts(void **state)
{
  (void)state;
  assert_int_equal(parse("list", "--wide", "--no-wide", NULL), 0);
  assert_false(zpm_args_switch(&args, "wide", true));
  zpm_args_deinit(&args);
  assert_int_equal(parse("list", "--no-wide", "--wide", NULL), 0);
  assert_true(zpm_args_switch(&args, "wide", false));
}

static void fields_go_into_the_config(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "a.js", "--name=api", "--port", "80", "--env",
                         "A=1", "--env=B=2", "--log-timestamps",
                         "--no-autorestart", "--arg", "--x", NULL),
                   0);
  assert_string_equal(args.operands[0], "a.js");
  assert_string_equal(args.config.name, "api");
  assert_int_equal(args.config.port, 80);
  assert_int_equal(args.config.env.len, 2);
  assert_string_equal(args.config.env.items[1], "B=2");
  assert_true(args.config.log_timestamps);
  assert_int_equal(args.config.autorestart, ZPM_AUTORESTART_NEVER);
  assert_string_equal(args.config.args.items[0], "--x");
}

static void autorestart_takes_only_a_word_that_can_be_its_value(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "--autorestart", "a.js", NULL), 0);
  assert_int_equal(args.config.autorestart, ZPM_AUTORESTART_ON_FAILURE);
  assert_string_equal(args.operands[0], "a.js");
  zpm_args_deinit(&args);
  assert_int_equal(parse("start", "--autorestart", "always", "a.js", NULL), 0);
  assert_int_equal(args.config.autorestart, ZPM_AUTORESTART_ALWAYS);
}

static void what_follows_two_dashes_is_the_programs(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "next", "--name", "web", "--", "start",
                         "--name", "x", NULL),
                   0);
  assert_int_equal(args.operand_count, 1);
  assert_int_equal(args.rest_count, 3);
  assert_string_equal(args.rest[0], "start");
  assert_string_equal(args.rest[2], "x");
  assert_string_equal(args.config.name, "web");
}

static void two_dashes_let_a_name_begin_with_one(void **state)
{
  (void)state;
  assert_int_equal(parse("stop", "--", "-odd", NULL), 0);
  assert_int_equal(args.operand_count, 1);
  assert_string_equal(args.operands[0], "-odd");
}

static void a_wrong_option_suggests_the_near_one(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "a.js", "--prot", "80", NULL), ZPM_EARG);
  ASSERT_SAYS("'--port'");
  zpm_args_deinit(&args);
  assert_int_equal(parse("list", "--jsno", NULL), ZPM_EARG);
  ASSERT_SAYS("'--json'");
  zpm_args_deinit(&args);
  assert_int_equal(parse("list", "-q", NULL), ZPM_EARG);
  ASSERT_SAYS("'-q'");
  zpm_args_deinit(&args);
  assert_int_equal(parse("list", "--xyzzy", NULL), ZPM_EARG);
  ASSERT_SAYS("zpm help list");
}

static void assert_reworded(const char *message, const char *expected)
{
  struct zpm_error told;

  zpm_error_set(&told, ZPM_ECONFIG, "%s", message);
  zpm_flags_reword(&told);
  assert_string_equal(told.message, expected);
  assert_int_equal(told.code, ZPM_ECONFIG);
}

static void messages_name_flags_where_flags_were_typed(void **state)
{
  (void)state;
  assert_int_equal(parse(NULL), 0);
  assert_reworded("config.name must not be \"all\"",
                  "--name must not be \"all\"");
  assert_reworded("config.minBackoff (2) > config.maxBackoff (1)",
                  "--min-backoff (2) > --max-backoff (1)");
  assert_reworded("config.logs.maxFiles: no.", "--log-max-files: no.");
  assert_reworded("see config.interpreterCommand.",
                  "see --interpreter-command.");
  assert_reworded("config.scriptPath config.nam config.",
                  "config.scriptPath config.nam config.");
}

static void a_wrong_command_suggests_the_near_one(void **state)
{
  (void)state;
  assert_int_equal(parse("lsit", NULL), ZPM_ECOMMAND);
  ASSERT_SAYS("'list'");
  zpm_args_deinit(&args);
  assert_int_equal(parse("server.js", NULL), ZPM_ECOMMAND);
  ASSERT_SAYS("zpm start server.js");
  zpm_args_deinit(&args);
  assert_int_equal(parse("get-store", NULL), ZPM_ECOMMAND);
  zpm_args_deinit(&args);
  assert_int_equal(parse("cleardump", NULL), ZPM_ECOMMAND);
  ASSERT_SAYS("zpm delete all");
}

static void options_of_a_command_go_after_it(void **state)
{
  (void)state;
  assert_int_equal(parse("--lines", "5", "logs", NULL), ZPM_EARG);
  ASSERT_SAYS("go after it");
}

static void values_must_be_there_and_be_wanted(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "a.js", "--port", NULL), ZPM_EARG);
  ASSERT_SAYS("--port needs a value");
  zpm_args_deinit(&args);
  assert_int_equal(parse("logs", "-n", NULL), ZPM_EARG);
  ASSERT_SAYS("-n needs a value");
  zpm_args_deinit(&args);
  assert_int_equal(parse("list", "--json=yes", NULL), ZPM_EARG);
  ASSERT_SAYS("--json takes no value");
  zpm_args_deinit(&args);
  assert_int_equal(parse("start", "a.js", "--no-autorestart=x", NULL),
                   ZPM_EARG);
  ASSERT_SAYS("--no-autorestart takes no value");
}

static void a_value_out_of_bounds_is_told_with_them(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "a.js", "--port", "70000", NULL),
                   ZPM_ECONFIG);
  ASSERT_SAYS("--port");
  ASSERT_SAYS("65535");
}

static void watch_takes_no_word_that_follows(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "--watch", "a.js", NULL), 0);
  assert_string_equal(args.operands[0], "a.js");
  assert_int_equal(args.config.watch.len, 1);
  assert_string_equal(args.config.watch.items[0], "");
  zpm_args_deinit(&args);
  assert_int_equal(parse("start", "a.js", "--watch=lib", "--watch=src", NULL),
                   0);
  assert_int_equal(args.config.watch.len, 2);
  assert_string_equal(args.config.watch.items[1], "src");
}

static void what_can_be_off_takes_a_no(void **state)
{
  (void)state;
  assert_int_equal(parse("restart", "a", "--no-watch", "--no-probe",
                         "--no-cron", "--no-uid", "--no-dev", "--no-clear-port",
                         "--no-rlimit", NULL),
                   0);
  assert_true(zpm_config_has(&args.config, "watch"));
  assert_true(zpm_config_has(&args.config, "probe"));
  assert_true(zpm_config_has(&args.config, "cron"));
  assert_true(zpm_config_has(&args.config, "rlimits"));
  assert_false(args.config.clear_port);
  zpm_args_deinit(&args);
  assert_int_equal(parse("restart", "a", "--no-port", NULL), ZPM_EARG);
}

static void probes_and_limits_may_come_several_times(void **state)
{
  (void)state;
  assert_int_equal(parse("start", "a.js", "--probe",
                         "http://localhost:3000/,interval=2", "--probe=tcp:1",
                         "--rlimit", "nofile=4096:8192", "--rlimit=core=0",
                         "--nice", "-5", "--umask=027", NULL),
                   0);
  assert_int_equal(args.config.probes.len, 2);
  assert_int_equal(args.config.probes.items[0].interval_ms, 2000);
  assert_int_equal(args.config.rlimits.of[ZPM_RLIMIT_NOFILE].hard, 8192);
  assert_int_equal(args.config.nice, -5);
  assert_int_equal(args.config.umask, 027);
  zpm_args_deinit(&args);
  assert_int_equal(parse("start", "a.js", "--probe", "localhost", NULL),
                   ZPM_ECONFIG);
  ASSERT_SAYS("--probe must begin with");
}

static void messages_name_the_flag_around_a_part(void **state)
{
  struct zpm_error message = {
      .message = "config.probe.target and config.probe[1]: and config.x.y"};

  (void)state;
  zpm_flags_reword(&message);
  assert_string_equal(message.message,
                      "--probe.target and --probe[1]: and config.x.y");
}

static void operands_are_counted(void **state)
{
  (void)state;
  assert_int_equal(parse("stop", NULL), ZPM_EARG);
  ASSERT_SAYS("missing");
  zpm_args_deinit(&args);
  assert_int_equal(parse("stop", "a", "b", "c", NULL), 0);
  zpm_args_deinit(&args);
  assert_int_equal(parse("describe", "a", "b", NULL), ZPM_EARG);
  ASSERT_SAYS("'b' is one too many");
  zpm_args_deinit(&args);
  assert_int_equal(parse("stats", NULL), 0);
  zpm_args_deinit(&args);
  assert_int_equal(parse("list", "a", NULL), ZPM_EARG);
  assert_string_equal(err.message, "'a' is one too many. Usage: zpm list");
  zpm_args_deinit(&args);
  assert_int_equal(parse("start", "next", "dev", NULL), ZPM_EARG);
  ASSERT_SAYS("zpm start next -- dev");
  zpm_args_deinit(&args);
  assert_int_equal(parse("start", "a.js", "--watch", "src", NULL), ZPM_EARG);
  ASSERT_SAYS("'src' is one too many. A path to watch is written --watch=PATH");
}

static void help_needs_no_operands(void **state)
{
  (void)state;
  assert_int_equal(parse("stop", "--help", NULL), 0);
  assert_true(zpm_args_switch(&args, "help", false));
  zpm_args_deinit(&args);
  assert_int_equal(parse("-h", NULL), 0);
  assert_true(zpm_args_switch(&args, "help", false));
}

/* ---- help ---- */

static void assert_fits(const char *text)
{
  while (*text != '\0') {
    size_t len = strcspn(text, "\n");

    if (len > 80)
      fail_msg("%zu columns: %.*s", len, (int)len, text);
    text += len + (text[len] == '\n');
  }
}

static void help_of_everything_fits_in_80_columns(void **state)
{
  struct zpm_str text = {0};

  (void)state;
  assert_int_equal(parse(NULL), 0);
  assert_int_equal(zpm_help_overview(&text), 0);
  assert_non_null(strstr(text.data, "start-daemon"));
  assert_null(strstr(text.data, "get-store"));
  assert_fits(text.data);
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    zpm_str_clear(&text);
    assert_int_equal(zpm_help_command(&text, &ZPM_COMMANDS[i]), 0);
    assert_non_null(strstr(text.data, ZPM_COMMANDS[i].name));
    assert_fits(text.data);
  }
  zpm_str_deinit(&text);
}

static void help_of_start_names_the_fields_but_not_those_to_come(void **state)
{
  struct zpm_str text = {0};

  (void)state;
  assert_int_equal(parse(NULL), 0);
  assert_int_equal(zpm_help_command(&text, &ZPM_COMMANDS[ZPM_CMD_START]), 0);
  assert_non_null(strstr(text.data, "--kill-timeout MS"));
  assert_non_null(strstr(text.data, "--env KEY=VALUE"));
  assert_null(strstr(text.data, "--probe-type"));
  zpm_str_deinit(&text);
}

static void help_of_restart_names_what_can_be_changed(void **state)
{
  struct zpm_str text = {0};

  (void)state;
  assert_int_equal(parse(NULL), 0);
  assert_int_equal(zpm_help_command(&text, &ZPM_COMMANDS[ZPM_CMD_RESTART]), 0);
  assert_non_null(strstr(text.data, "--kill-timeout MS"));
  assert_null(strstr(text.data, "--name VALUE"));
  assert_null(strstr(text.data, "(5000)"));
  zpm_str_clear(&text);
  assert_int_equal(zpm_help_command(&text, &ZPM_COMMANDS[ZPM_CMD_START]), 0);
  assert_non_null(strstr(text.data, "--name VALUE"));
  assert_non_null(strstr(text.data, "(5000)"));
  zpm_str_deinit(&text);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(no_words_are_no_command),
      TEST(a_command_is_found_by_name_and_by_alias),
      TEST(options_may_stand_anywhere),
      TEST(values_come_after_a_blank_or_an_equals_sign),
      TEST(a_number_must_be_one),
      TEST(the_last_of_a_switch_counts),
      TEST(fields_go_into_the_config),
      TEST(autorestart_takes_only_a_word_that_can_be_its_value),
      TEST(what_follows_two_dashes_is_the_programs),
      TEST(two_dashes_let_a_name_begin_with_one),
      TEST(a_wrong_option_suggests_the_near_one),
      TEST(messages_name_flags_where_flags_were_typed),
      TEST(a_wrong_command_suggests_the_near_one),
      TEST(options_of_a_command_go_after_it),
      TEST(values_must_be_there_and_be_wanted),
      TEST(a_value_out_of_bounds_is_told_with_them),
      TEST(watch_takes_no_word_that_follows),
      TEST(what_can_be_off_takes_a_no),
      TEST(probes_and_limits_may_come_several_times),
      TEST(messages_name_the_flag_around_a_part),
      TEST(operands_are_counted),
      TEST(help_needs_no_operands),
      TEST(help_of_everything_fits_in_80_columns),
      TEST(help_of_start_names_the_fields_but_not_those_to_come),
      TEST(help_of_restart_names_what_can_be_changed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
