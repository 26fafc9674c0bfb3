#include "proto/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/config.h"

static void the_table_is_complete_and_in_order(void **state)
{
  (void)state;
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    const struct zpm_command *command = &ZPM_COMMANDS[i];

    assert_int_equal(command->id, i);
    assert_non_null(command->name);
    assert_non_null(command->summary);
    assert_true(command->where != 0);
    assert_true(strlen(command->summary) <= 60);
  }
}

static void every_command_is_found_by_its_name(void **state)
{
  (void)state;
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    const struct zpm_command *command = &ZPM_COMMANDS[i];

    if ((command->where & ZPM_ON_WIRE) != 0)
      assert_ptr_equal(zpm_command_find(command->name, ZPM_ON_WIRE), command);
    else
      assert_null(zpm_command_find(command->name, ZPM_ON_WIRE));
    if ((command->where & ZPM_ON_CLI) != 0)
      assert_ptr_equal(zpm_command_find(command->name, ZPM_ON_CLI), command);
    else
      assert_null(zpm_command_find(command->name, ZPM_ON_CLI));
  }
}

static void aliases_are_for_people_only(void **state)
{
  static const struct {
    const char *alias;
    enum zpm_command_id id;
  } EXAMPLES[] = {
      {"ls", ZPM_CMD_LIST},       {"ps", ZPM_CMD_LIST},
      {"rm", ZPM_CMD_DELETE},     {"del", ZPM_CMD_DELETE},
      {"log", ZPM_CMD_LOGS},      {"show", ZPM_CMD_DESCRIBE},
      {"info", ZPM_CMD_DESCRIBE}, {"kill", ZPM_CMD_KILL_DAEMON},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++) {
    assert_int_equal(zpm_command_find(EXAMPLES[i].alias, ZPM_ON_CLI)->id,
                     EXAMPLES[i].id);
    assert_null(zpm_command_find(EXAMPLES[i].alias, ZPM_ON_WIRE));
  }
}

static void a_wrong_name_suggests_the_near_one(void **state)
{
  (void)state;
  assert_string_equal(zpm_command_suggest("strat", ZPM_ON_CLI), "start");
  assert_string_equal(zpm_command_suggest("kill-deamon", ZPM_ON_CLI),
                      "kill-daemon");
  assert_string_equal(zpm_command_suggest("kill-daemn", ZPM_ON_CLI),
                      "kill-daemon");
  assert_null(zpm_command_suggest("kill-daemon", ZPM_ON_WIRE));
  assert_null(zpm_command_suggest("xyzzy", ZPM_ON_CLI));
}

static void a_wrong_key_suggests_the_near_one(void **state)
{
  const struct zpm_command *logs = zpm_command_find("logs", ZPM_ON_WIRE);
  const struct zpm_command *ping = zpm_command_find("ping", ZPM_ON_WIRE);

  (void)state;
  assert_string_equal(zpm_command_suggest_argument(logs, "line"), "lines");
  assert_null(zpm_command_suggest_argument(logs, "xyzzy"));
  assert_null(zpm_command_suggest_argument(ping, "name"));
}

static void assert_options_differ(const struct zpm_option *options,
                                  const struct zpm_option *option,
                                  bool takes_config)
{
  for (; options != NULL && options->name != NULL; options++) {
    if (options == option)
      continue;
    assert_string_not_equal(options->name, option->name);
    if (options->letter != 0)
      assert_int_not_equal(options->letter, option->letter);
  }
  if (takes_config)
    assert_int_equal(zpm_config_field_of_flag(option->name), -1);
}

/* One flag means one thing: among a command's own, the global ones and those
 * of the field table. */
static void flags_never_clash(void **state)
{
  (void)state;
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    const struct zpm_command *command = &ZPM_COMMANDS[i];
    const struct zpm_option *option = command->options;

    for (; option != NULL && option->name != NULL; option++) {
      assert_options_differ(command->options, option, command->takes_config);
      assert_options_differ(ZPM_GLOBAL_OPTIONS, option, false);
    }
  }
  for (size_t i = 0; ZPM_GLOBAL_OPTIONS[i].name != NULL; i++)
    assert_options_differ(ZPM_GLOBAL_OPTIONS, &ZPM_GLOBAL_OPTIONS[i], true);
}

static void only_what_may_happen_twice_is_repeated(void **state)
{
  static const enum zpm_command_id NEVER[] = {
      ZPM_CMD_START,  ZPM_CMD_START_MANY, ZPM_CMD_ADD_WORKER, ZPM_CMD_RESTART,
      ZPM_CMD_DELETE, ZPM_CMD_SUBSCRIBE,  ZPM_CMD_SHUTDOWN};

  (void)state;
  for (size_t i = 0; i < sizeof(NEVER) / sizeof(NEVER[0]); i++)
    assert_false(zpm_command_can_be_repeated(NEVER[i]));
  assert_true(zpm_command_can_be_repeated(ZPM_CMD_STATS));
  assert_true(zpm_command_can_be_repeated(ZPM_CMD_STOP));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table_is_complete_and_in_order),
      cmocka_unit_test(every_command_is_found_by_its_name),
      cmocka_unit_test(aliases_are_for_people_only),
      cmocka_unit_test(a_wrong_name_suggests_the_near_one),
      cmocka_unit_test(a_wrong_key_suggests_the_near_one),
      cmocka_unit_test(flags_never_clash),
      cmocka_unit_test(only_what_may_happen_twice_is_repeated),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
