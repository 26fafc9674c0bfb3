#include "proto/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"

static const struct zpm_service USUAL = {
    .kind = ZPM_SERVICE_SYSTEMD,
    .program = "/home/ann/.zpm/bin/zpm",
    .home = "/home/ann/.zpm",
    .namespace_name = "zuz-pm",
};

static const struct zpm_service ODD = {
    .kind = ZPM_SERVICE_SYSTEMD,
    .program = "/srv/\"a\" 50%/it's \\ & $HOME/\xc3\xa9/zpm",
    .home = "/srv/\"a\" 50%/it's \\ & $HOME/\xc3\xa9",
    .namespace_name = "two words",
    .user = "ann",
};

static void assert_holds(const struct zpm_str *text, const char *part)
{
  if (strstr(zpm_str_text(text), part) == NULL)
    fail_msg("no \"%s\" in:\n%s", part, zpm_str_text(text));
}

static struct zpm_str text_of(const struct zpm_service *service)
{
  struct zpm_str text = {0};
  struct zpm_error err = {0};

  if (zpm_service_put_text(&text, service, &err) != 0)
    fail_msg("%s", err.message);
  return text;
}

static void a_unit_of_a_user_starts_the_keeper_at_boot(void **state)
{
  struct zpm_str text = text_of(&USUAL);

  (void)state;
  assert_string_equal(
      zpm_str_text(&text),
      "# Written by zpm startup; zpm unstartup removes it.\n"
      "[Unit]\n"
      "Description=zpm, namespace zuz-pm\n"
      "\n"
      "[Service]\n"
      "Type=notify\n"
      "NotifyAccess=all\n"
      "Environment=\"ZPM_HOME=/home/ann/.zpm\"\n"
      "ExecStart=\"/home/ann/.zpm/bin/zpm\" daemon --service --namespace "
      "\"zuz-pm\"\n"
      "Restart=on-failure\n"
      "RestartSec=1\n"
      "RestartPreventExitStatus=3\n"
      "KillMode=mixed\n"
      "OOMPolicy=continue\n"
      "Delegate=yes\n"
      "LimitNOFILE=65536:524288\n"
      "TasksMax=infinity\n"
      "\n"
      "[Install]\n"
      "WantedBy=default.target\n");
  zpm_str_deinit(&text);
}

static void a_unit_of_the_system_names_its_user(void **state)
{
  struct zpm_service service = USUAL;
  struct zpm_str text;

  (void)state;
  service.user = "ann";
  text = text_of(&service);
  assert_holds(&text, "\nUser=ann\n");
  assert_holds(&text, "\nAfter=network.target\n");
  assert_holds(&text, "\nWantedBy=multi-user.target\n");
  zpm_str_deinit(&text);
}

static void a_unit_takes_odd_paths(void **state)
{
  struct zpm_service service = ODD;
  struct zpm_str text = text_of(&service);

  (void)state;
  assert_holds(&text, "Environment=\"ZPM_HOME=/srv/\\\"a\\\" 50%%/it's \\\\ & "
                      "$HOME/\xc3\xa9\"\n");
  /* No path of a program may have quotes, so it is an argument. */
  assert_holds(&text, "ExecStart=/usr/bin/env \"/srv/\\\"a\\\" 50%%/it's "
                      "\\\\ & $$HOME/\xc3\xa9/zpm\" daemon --service "
                      "--namespace \"two words\"\n");
  zpm_str_deinit(&text);
  service.program = "/a 50%/$HOME/zpm";
  text = text_of(&service);
  assert_holds(&text, "ExecStart=\"/a 50%%/$HOME/zpm\" daemon");
  zpm_str_deinit(&text);
}

static void a_property_list_takes_odd_paths(void **state)
{
  struct zpm_service service = ODD;
  struct zpm_str text;

  (void)state;
  service.kind = ZPM_SERVICE_LAUNCHD;
  text = text_of(&service);
  assert_holds(&text, "<key>Label</key><string>zpm.two words</string>\n");
  assert_holds(&text, "<key>UserName</key><string>ann</string>\n");
  assert_holds(&text, "<string>/srv/\"a\" 50%/it's \\ &amp; "
                      "$HOME/\xc3\xa9/zpm</string>\n"
                      "    <string>daemon</string>\n"
                      "    <string>--service</string>\n");
  zpm_str_deinit(&text);
  service.home = "/<&>";
  service.user = NULL;
  text = text_of(&service);
  assert_holds(&text, "<key>ZPM_HOME</key><string>/&lt;&amp;&gt;</string>\n");
  assert_null(strstr(text.data, "UserName"));
  zpm_str_deinit(&text);
}

static void an_init_script_takes_odd_paths(void **state)
{
  struct zpm_service service = ODD;
  struct zpm_str text;

  (void)state;
  service.kind = ZPM_SERVICE_OPENRC;
  service.namespace_name = "web";
  text = text_of(&service);
  assert_holds(&text, "\nzpm='/srv/\"a\" 50%/it'\\''s \\ & $HOME/\xc3\xa9/zpm'"
                      "\n");
  assert_holds(&text, "\nzpm_user='ann'\n");
  zpm_str_deinit(&text);
}

static void what_cannot_be_written_down_is_refused(void **state)
{
  static const struct {
    struct zpm_service service;
    const char *why;
  } CASES[] = {
      {{ZPM_SERVICE_SYSTEMD, "/a\nExecStart=/b", "/h", "n", NULL}, "newline"},
      {{ZPM_SERVICE_SYSTEMD, "/a", "/h\t", "n", NULL}, "ZPM_HOME"},
      {{ZPM_SERVICE_LAUNCHD, "/a", "/\x7f", "n", NULL}, "control"},
      {{ZPM_SERVICE_LAUNCHD, "/\xff", "/h", "n", NULL}, "UTF-8"},
      {{ZPM_SERVICE_SYSTEMD, "zpm", "/h", "n", NULL}, "absolute"},
      {{ZPM_SERVICE_SYSTEMD, "/a", "/h", "n", "ann\nUser=root"}, "user"},
      {{ZPM_SERVICE_SYSTEMD, "/a", "/h", "n", "-x"}, "user"},
      {{ZPM_SERVICE_SYSTEMD, "/a", "/h", "n%i", NULL}, "namespace"},
      {{ZPM_SERVICE_OPENRC, "/a", "/h", "two words", NULL}, "OpenRC"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
    struct zpm_str text = {0};
    struct zpm_error err = {0};

    assert_int_equal(zpm_service_put_text(&text, &CASES[i].service, &err),
                     ZPM_EARG);
    if (strstr(err.message, CASES[i].why) == NULL)
      fail_msg("no \"%s\" in: %s", CASES[i].why, err.message);
    assert_int_equal(text.len, 0);
  }
}

static void each_system_has_its_name_for_it(void **state)
{
  static const struct {
    enum zpm_service_kind kind;
    const char *namespace_name;
    const char *name;
  } CASES[] = {
      {ZPM_SERVICE_SYSTEMD, "zuz-pm", "zpm-zuz-pm.service"},
      {ZPM_SERVICE_SYSTEMD, "a b+c@d", "zpm-a\\x20b\\x2bc\\x40d.service"},
      {ZPM_SERVICE_LAUNCHD, "zuz-pm", "zpm.zuz-pm"},
      {ZPM_SERVICE_OPENRC, "zuz-pm", "zpm-zuz-pm"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
    struct zpm_service service = USUAL;
    struct zpm_str name = {0};

    service.kind = CASES[i].kind;
    service.namespace_name = CASES[i].namespace_name;
    assert_int_equal(zpm_service_put_name(&name, &service, NULL), 0);
    assert_string_equal(name.data, CASES[i].name);
    zpm_str_deinit(&name);
  }
}

static void assert_command(const struct zpm_service_command *command,
                           const char *expected)
{
  struct zpm_str line = {0};

  for (size_t i = 0; command->words[i] != NULL; i++)
    zpm_str_printf(&line, "%s%s", i > 0 ? " " : "", command->words[i]);
  assert_string_equal(zpm_str_text(&line), expected);
  zpm_str_deinit(&line);
}

static void each_step_has_its_commands(void **state)
{
  static const struct {
    enum zpm_service_kind kind;
    const char *user;
    enum zpm_service_step step;
    const char *commands[2];
  } CASES[] = {
      {ZPM_SERVICE_SYSTEMD,
       NULL,
       ZPM_SERVICE_ENABLE,
       {"systemctl --user daemon-reload", "systemctl --user enable n"}},
      {ZPM_SERVICE_SYSTEMD,
       "ann",
       ZPM_SERVICE_ENABLE,
       {"systemctl daemon-reload", "systemctl enable n"}},
      {ZPM_SERVICE_SYSTEMD, "ann", ZPM_SERVICE_START, {"systemctl start n"}},
      {ZPM_SERVICE_SYSTEMD,
       NULL,
       ZPM_SERVICE_DISABLE,
       {"systemctl --user disable n"}},
      {ZPM_SERVICE_SYSTEMD,
       "ann",
       ZPM_SERVICE_FORGET,
       {"systemctl daemon-reload"}},
      {ZPM_SERVICE_LAUNCHD, NULL, ZPM_SERVICE_ENABLE, {NULL}},
      {ZPM_SERVICE_LAUNCHD, NULL, ZPM_SERVICE_START, {"launchctl load -w f"}},
      {ZPM_SERVICE_OPENRC,
       "ann",
       ZPM_SERVICE_ENABLE,
       {"rc-update add n default"}},
      {ZPM_SERVICE_OPENRC, "ann", ZPM_SERVICE_START, {"rc-service n start"}},
      {ZPM_SERVICE_OPENRC,
       "ann",
       ZPM_SERVICE_DISABLE,
       {"rc-update del n default"}},
      {ZPM_SERVICE_OPENRC, "ann", ZPM_SERVICE_FORGET, {NULL}},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
    struct zpm_service_command commands[ZPM_SERVICE_COMMANDS_MAX];
    struct zpm_service service = USUAL;
    size_t count;

    service.kind = CASES[i].kind;
    service.user = CASES[i].user;
    count = zpm_service_commands(commands, &service, CASES[i].step, "n", "f");
    for (size_t k = 0; k < count; k++)
      assert_command(&commands[k], CASES[i].commands[k]);
    assert_true(count == 2 || CASES[i].commands[count] == NULL);
  }
}

static void kinds_go_by_their_words(void **state)
{
  (void)state;
  for (int kind = 0; kind < ZPM_SERVICE_KINDS; kind++)
    assert_int_equal(
        zpm_service_kind_of(zpm_service_kind_name((enum zpm_service_kind)kind)),
        kind);
  assert_int_equal(zpm_service_kind_of("upstart"), ZPM_SERVICE_KINDS);
}

static int build(void *ctx)
{
  struct zpm_service service = ODD;
  int rc = 0;

  (void)ctx;
  service.namespace_name = "web";
  for (int kind = 0; rc == 0 && kind < ZPM_SERVICE_KINDS; kind++) {
    struct zpm_str text = {0};

    service.kind = (enum zpm_service_kind)kind;
    rc = zpm_service_put_name(&text, &service, NULL);
    if (rc == 0)
      rc = zpm_service_put_text(&text, &service, NULL);
    zpm_str_deinit(&text);
  }
  return rc;
}

static void out_of_memory_is_returned(void **state)
{
  (void)state;
  failing_alloc_sweep(build, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_unit_of_a_user_starts_the_keeper_at_boot),
      cmocka_unit_test(a_unit_of_the_system_names_its_user),
      cmocka_unit_test(a_unit_takes_odd_paths),
      cmocka_unit_test(a_property_list_takes_odd_paths),
      cmocka_unit_test(an_init_script_takes_odd_paths),
      cmocka_unit_test(what_cannot_be_written_down_is_refused),
      cmocka_unit_test(each_system_has_its_name_for_it),
      cmocka_unit_test(each_step_has_its_commands),
      cmocka_unit_test(kinds_go_by_their_words),
      cmocka_unit_test(out_of_memory_is_returned),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
