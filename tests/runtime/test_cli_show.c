/* What the CLI shows: units, foreign text, tables, rows, app files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/answer.h"
#include "cli/appfile.h"
#include "cli/note.h"
#include "cli/paint.h"
#include "cli/rows.h"
#include "cli/runs.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/view.h"
#include "runtime/scratch.h"

/* ---- units ---- */

typedef int put_figure(struct zpm_str *out, double value);

static void assert_shows(put_figure *put, double value, const char *expected)
{
  struct zpm_str text = {0};

  assert_int_equal(put(&text, value), 0);
  assert_string_equal(text.data, expected);
  zpm_str_deinit(&text);
}

static void sizes_have_one_decimal_and_a_unit(void **state)
{
  (void)state;
  assert_shows(zpm_text_bytes, 0, "0 B");
  assert_shows(zpm_text_bytes, 1023, "1023 B");
  assert_shows(zpm_text_bytes, 1024, "1.0 KB");
  assert_shows(zpm_text_bytes, 12.3 * 1024 * 1024, "12.3 MB");
  assert_shows(zpm_text_bytes, 1024.0 * 1024 - 1, "1.0 MB");
  assert_shows(zpm_text_bytes, 5.0 * 1024 * 1024 * 1024, "5.0 GB");
  assert_shows(zpm_text_bytes, 5000.0 * 1024 * 1024 * 1024 * 1024, "5000.0 TB");
}

static void durations_have_their_two_largest_units(void **state)
{
  (void)state;
  assert_shows(zpm_text_duration, -5, "0ms");
  assert_shows(zpm_text_duration, 850, "850ms");
  assert_shows(zpm_text_duration, 1000, "1s");
  assert_shows(zpm_text_duration, 59999, "59s");
  assert_shows(zpm_text_duration, 303000, "5m 3s");
  assert_shows(zpm_text_duration, 3600000, "1h 0m");
  assert_shows(zpm_text_duration, (3.0 * 24 + 4) * 3600000, "3d 4h");
}

static void percents_are_short(void **state)
{
  (void)state;
  assert_shows(zpm_text_percent, 0, "0%");
  assert_shows(zpm_text_percent, 1.54, "1.5%");
  assert_shows(zpm_text_percent, 99.96, "100%");
  assert_shows(zpm_text_percent, 250.4, "250%");
}

/* ---- foreign text ---- */

static void assert_escapes(const char *text, const char *expected)
{
  struct zpm_str out = {0};

  assert_int_equal(zpm_text_escape(&out, text), 0);
  assert_string_equal(out.data, expected);
  zpm_str_deinit(&out);
}

static void foreign_text_cannot_act_on_the_terminal(void **state)
{
  (void)state;
  assert_escapes("", "");
  assert_escapes("plain", "plain");
  assert_escapes("a\x1b[31mb", "a\\x1b[31mb");
  assert_escapes("\x1b]0;title\a", "\\x1b]0;title\\x07");
  assert_escapes("two\nlines\r\tend\x7f", "two\\nlines\\r\\tend\\x7f");
  assert_escapes("\xc2\x9b"
                 "1m",
                 "\\xc2\\x9b"
                 "1m");
  assert_escapes("caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac");
  assert_escapes("cut \xe2\x82", "cut \\xe2\\x82");
}

static void width_counts_characters(void **state)
{
  (void)state;
  assert_int_equal(zpm_text_width("caf\xc3\xa9"), 4);
  assert_int_equal(zpm_text_prefix("caf\xc3\xa9s", 4), 5);
  assert_int_equal(zpm_text_prefix("ab", 4), 2);
}

static void paragraphs_are_broken_at_blanks(void **state)
{
  struct zpm_str out = {0};

  (void)state;
  assert_int_equal(zpm_text_wrap(&out, "one two three", 2, 9), 0);
  assert_string_equal(out.data, "one two\n  three");
  zpm_str_clear(&out);
  assert_int_equal(zpm_text_wrap(&out, "averyverylongword x", 2, 9), 0);
  assert_string_equal(out.data, "averyverylongword\n  x");
  zpm_str_deinit(&out);
}

static void colour_is_for_willing_terminals_only(void **state)
{
  (void)state;
  assert_true(zpm_paint_wanted(true, false, NULL, "xterm"));
  assert_true(zpm_paint_wanted(true, false, "", "xterm"));
  assert_false(zpm_paint_wanted(false, false, NULL, "xterm"));
  assert_false(zpm_paint_wanted(true, true, NULL, "xterm"));
  assert_false(zpm_paint_wanted(true, false, "1", "xterm"));
  assert_false(zpm_paint_wanted(true, false, NULL, "dumb"));
  assert_false(zpm_paint_wanted(true, false, NULL, NULL));
  assert_int_equal(zpm_paint_status("errored"), ZPM_TONE_BAD);
  assert_int_equal(zpm_paint_status("unheard of"), ZPM_TONE_PLAIN);
}

/* ---- tables ---- */

static const struct zpm_column COLUMNS[] = {
    {.title = "NAME", .shrink = true},
    {.title = "MEMORY", .right = true},
    {.title = "MODE"},
};

static void fill(struct zpm_table *table, struct zpm_table_style style)
{
  zpm_table_init(table, &style, COLUMNS, 3);
  zpm_table_add(table, ZPM_TONE_STRONG, "api");
  zpm_table_add(table, ZPM_TONE_PLAIN, "12.3 MB");
  zpm_table_add(table, ZPM_TONE_PLAIN, "fork");
  zpm_table_add(table, ZPM_TONE_STRONG, "a-longer-name\n");
  zpm_table_add(table, ZPM_TONE_PLAIN, "");
  zpm_table_add(table, ZPM_TONE_PLAIN, "fork");
}

static void assert_table(struct zpm_table_style style, const char *expected)
{
  struct zpm_table table;
  struct zpm_str out = {0};

  fill(&table, style);
  assert_int_equal(zpm_table_render(&table, &out), 0);
  assert_string_equal(out.data, expected);
  zpm_table_deinit(&table);
  zpm_str_deinit(&out);
}

static void a_table_for_people_is_aligned(void **state)
{
  (void)state;
  assert_table((struct zpm_table_style){.width = 80},
               "NAME              MEMORY  MODE\n"
               "api              12.3 MB  fork\n"
               "a-longer-name\\n        -  fork\n");
}

static void a_table_for_programs_has_no_blanks_in_its_figures(void **state)
{
  (void)state;
  assert_table((struct zpm_table_style){0}, "NAME             MEMORY  MODE\n"
                                            "api              12.3MB  fork\n"
                                            "a-longer-name\\n       -  fork\n");
}

static void a_table_is_cut_to_the_terminal(void **state)
{
  (void)state;
  assert_table((struct zpm_table_style){.width = 23},
               "NAME       MEMORY  MODE\n"
               "api       12.3 MB  fork\n"
               "a-long..        -  fork\n");
}

static void colour_does_not_disturb_the_columns(void **state)
{
  (void)state;
  assert_table((struct zpm_table_style){.width = 80, .colour = true},
               "\x1b[1mNAME\x1b[0m              \x1b[1mMEMORY\x1b[0m  "
               "\x1b[1mMODE\x1b[0m\n"
               "\x1b[1mapi\x1b[0m              12.3 MB  fork\n"
               "\x1b[1ma-longer-name\\n\x1b[0m        -  fork\n");
}

/* ---- rows ---- */

static const char APPS[] =
    "[{\"name\":\"b\",\"status\":\"running\",\"pid\":5,\"cpu\":2.5,"
    "\"memoryRss\":300,\"uptime\":9},"
    "{\"name\":\"a\",\"status\":\"errored\",\"pid\":null,\"cpu\":0,"
    "\"memoryRss\":0,\"uptime\":null,\"lastError\":\"no\"},"
    "{\"name\":\"c\",\"status\":\"running\",\"pid\":4,\"cpu\":2.5,"
    "\"memoryRss\":100,\"uptime\":3}]";

static void assert_order(const char *status, const char *sort,
                         const char *order, const char *expected)
{
  struct zpm_rows_query query;
  struct zpm_rows rows;
  cJSON *json = cJSON_Parse(APPS);
  char names[16] = "";

  assert_int_equal(zpm_rows_query_init(&query, status, sort, order, NULL), 0);
  assert_int_equal(zpm_rows_init(&rows, json, &query), 0);
  for (size_t i = 0; i < rows.len; i++)
    strcat(names, rows.items[i].name);
  assert_string_equal(names, expected);
  zpm_rows_deinit(&rows);
  cJSON_Delete(json);
}

static void rows_are_filtered_and_sorted(void **state)
{
  (void)state;
  assert_order(NULL, NULL, NULL, "bac");
  assert_order(NULL, "name", NULL, "abc");
  assert_order(NULL, NULL, "desc", "cba");
  assert_order(NULL, "memory", "desc", "bca");
  assert_order(NULL, "pid", "asc", "acb");
  assert_order(NULL, "cpu", "desc", "bca");
  assert_order(NULL, "status", NULL, "abc");
  assert_order("running", "uptime", NULL, "cb");
  assert_order("crashed", NULL, NULL, "");
}

static void what_cannot_be_sorted_by_is_told_with_the_near_word(void **state)
{
  struct zpm_rows_query query;
  struct zpm_error err = {0};

  (void)state;
  assert_int_equal(zpm_rows_query_init(&query, NULL, "memroy", NULL, &err),
                   ZPM_EARG);
  assert_non_null(strstr(err.message, "'memory'"));
  assert_int_equal(zpm_rows_query_init(&query, NULL, NULL, "up", &err),
                   ZPM_EARG);
  assert_int_equal(zpm_rows_query_init(&query, "runing", NULL, NULL, &err),
                   ZPM_EARG);
  assert_non_null(strstr(err.message, "'running'"));
}

/* ---- narrow terminals ---- */

static void assert_view(size_t width, enum zpm_view view, const char *expected)
{
  struct zpm_rows_query query;
  struct zpm_rows rows;
  cJSON *json = cJSON_Parse(
      "[{\"name\":\"a-rather-long-name-of-an-app\",\"status\":\"running\","
      "\"pid\":5,\"cpu\":2.5,\"memoryRss\":2048,\"uptime\":9000}]");
  struct zpm_screen screen = {.is_terminal = true, .style.width = width};

  assert_int_equal(zpm_rows_query_init(&query, NULL, NULL, NULL, NULL), 0);
  assert_int_equal(zpm_rows_init(&rows, json, &query), 0);
  zpm_view_show(&screen, &rows, view);
  assert_string_equal(screen.text.data, expected);
  zpm_screen_deinit(&screen);
  zpm_rows_deinit(&rows);
  cJSON_Delete(json);
}

static void a_narrow_terminal_gets_fewer_columns(void **state)
{
  static const char FEW[] = "NAME          STATUS   UPTIME  MEMORY\n"
                            "a-rather-l..  running      9s  2.0 KB\n";

  (void)state;
  assert_view(37, ZPM_VIEW_LIST, FEW);
  assert_view(37, ZPM_VIEW_STATS, FEW);
  assert_view(60, ZPM_VIEW_LIST,
              "NAME            STATUS   PID  UPTIME  RESTARTS   CPU  MEMORY\n"
              "a-rather-lon..  running    5      9s         -  2.5%  2.0 KB\n");
}

/* ---- notes ---- */

static void assert_note(const char *row, const char *expected)
{
  struct zpm_rows_query query;
  struct zpm_rows rows;
  cJSON *json = cJSON_Parse(row);
  struct zpm_str note = {0};

  assert_non_null(json);
  assert_int_equal(zpm_rows_query_init(&query, NULL, NULL, NULL, NULL), 0);
  assert_int_equal(zpm_rows_init(&rows, json, &query), 0);
  assert_int_equal(zpm_note_put(&note, &rows.items[0]), 0);
  assert_string_equal(zpm_str_text(&note), expected);
  zpm_str_deinit(&note);
  zpm_rows_deinit(&rows);
  cJSON_Delete(json);
}

static void a_crash_says_when_it_is_tried_again(void **state)
{
  (void)state;
  assert_note("[{\"status\":\"crashed\",\"nextTryIn\":7200,"
              "\"restartCount\":4,\"lastExitCode\":1}]",
              "crashed, next try in 7s (4th crash, exit 1)");
  assert_note("[{\"status\":\"crashed\",\"nextTryIn\":0,\"restartCount\":22,"
              "\"lastExitSignal\":\"SIGSEGV\",\"lastError\":\"why\"}]",
              "crashed, next try in 0ms (22nd crash, SIGSEGV): why");
  assert_note("[{\"status\":\"crashed\",\"restartCount\":111}]",
              "crashed (111th crash)");
}

static void what_is_not_well_says_why(void **state)
{
  (void)state;
  assert_note("[{\"status\":\"running\",\"probeFailures\":0}]", "");
  assert_note("[{\"status\":\"stopped\",\"lastError\":\"old\"}]", "");
  assert_note("[{\"status\":\"running\",\"probeFailures\":2}]",
              "its liveness probe has failed 2 times in a row");
  assert_note("[{\"status\":\"errored\",\"lastError\":\"no file\"}]",
              "no file");
  assert_note("[{\"status\":\"starting\",\"pending\":\"tcp :3000\"}]",
              "not ready yet: tcp :3000");
  assert_note("[{\"status\":\"stopping\",\"pid\":7,\"stuck\":true}]",
              "stuck: pid 7 survives SIGKILL. State D: it waits inside the "
              "kernel, often for a disk or a network file system; it ends when "
              "that answers");
}

static void notes_stand_below_the_table_of_a_terminal(void **state)
{
  static const char JSON[] = "[{\"name\":\"a\",\"status\":\"stopping\","
                             "\"pid\":5,\"stuck\":true}]";
  struct zpm_screen screen = {.is_terminal = true, .style.width = 80};
  struct zpm_rows_query query;
  struct zpm_rows rows;
  cJSON *json = cJSON_Parse(JSON);

  (void)state;
  assert_int_equal(zpm_rows_query_init(&query, NULL, NULL, NULL, NULL), 0);
  assert_int_equal(zpm_rows_init(&rows, json, &query), 0);
  zpm_view_show(&screen, &rows, ZPM_VIEW_LIST);
  assert_non_null(strstr(screen.text.data, "\na     stuck "));
  assert_non_null(strstr(screen.text.data, "\n\na: stuck: pid 5 "));
  zpm_screen_deinit(&screen);
  zpm_rows_deinit(&rows);
  cJSON_Delete(json);
}

static void assert_prefix(bool is_terminal, size_t width, const char *expected)
{
  struct zpm_screen screen = {.is_terminal = is_terminal, .style.width = width};

  zpm_screen_prefix(&screen, "a-rather-long-name-of-an-app");
  assert_string_equal(screen.text.data, expected);
  zpm_screen_deinit(&screen);
}

static void a_narrow_terminal_gets_short_prefixes(void **state)
{
  (void)state;
  assert_prefix(true, 59, "a-rather-long-name.. | ");
  assert_prefix(true, 60, "a-rather-long-name-of-an-app | ");
  assert_prefix(false, 0, "a-rather-long-name-of-an-app | ");
}

/* ---- what runs ---- */

static void assert_runs(const char *config, const char *expected)
{
  cJSON *json = cJSON_Parse(config);
  struct zpm_str out = {0};

  assert_int_equal(zpm_runs_put(&out, json), 0);
  assert_string_equal(zpm_str_text(&out), expected);
  zpm_str_deinit(&out);
  cJSON_Delete(json);
}

static void what_runs_is_told_as_one_would_type_it(void **state)
{
  (void)state;
  assert_runs("{\"scriptPath\":\"/a/b.js\",\"interpreter\":\"auto\","
              "\"interpreterArgs\":[\"--inspect\"],\"args\":[\"x y\",\"\"]}",
              "node --inspect /a/b.js 'x y' ''");
  assert_runs("{\"scriptPath\":\"/a/b.ts\",\"interpreter\":\"custom\","
              "\"interpreterCommand\":\"tsx\",\"args\":[\"it's\"]}",
              "tsx /a/b.ts 'it'\\''s'");
  assert_runs("{\"scriptPath\":\"/a/b\",\"interpreter\":\"python3\"}",
              "python3 /a/b");
  assert_runs("{\"scriptPath\":\"next\",\"args\":[\"start\"]}", "next start");
  assert_runs("{}", "");
}

/* ---- answers ---- */

static void an_answer_is_taken_as_it_stands_if_it_is_plain(void **state)
{
  const char *data = NULL;
  size_t len = 0;

  (void)state;
  assert_true(zpm_answer_raw("{\"ok\":true,\"data\":[1]}", &data, &len));
  assert_int_equal(len, 3);
  assert_memory_equal(data, "[1]", 3);
  assert_false(zpm_answer_raw("{\"ok\":false,\"error\":\"x\"}", &data, &len));
  assert_false(zpm_answer_raw("{\"ok\":true,\"data\":", &data, &len));
  assert_false(zpm_answer_raw("", &data, &len));
}

static void a_refusal_becomes_its_error(void **state)
{
  struct zpm_error err = {0};
  cJSON *reply;

  (void)state;
  assert_int_equal(zpm_answer_parse("{\"ok\":false,\"error\":\"no app 'x'\","
                                    "\"code\":\"ZPM_ENOAPP\"}",
                                    &reply, &err),
                   ZPM_ENOAPP);
  assert_string_equal(err.message, "no app 'x'");
  assert_null(reply);
  assert_int_equal(zpm_answer_parse("what?", &reply, &err), ZPM_EPROTO);
  assert_int_equal(zpm_answer_parse("{\"ok\":true}", &reply, &err), 0);
  assert_true(cJSON_IsNull(zpm_answer_data(reply)));
  cJSON_Delete(reply);
}

/* ---- app files ---- */

static void paths_of_an_app_file_are_relative_to_it(void **state)
{
  char folder[SCRATCH_MAX];
  char path[SCRATCH_MAX + 32];
  char expected[5 * SCRATCH_MAX];
  struct zpm_str out = {0};

  (void)state;
  assert_non_null(scratch_create(folder));
  snprintf(path, sizeof(path), "%s/here.js", folder);
  fclose(fopen(path, "w"));
  assert_int_equal(
      zpm_appfile_parse(&out,
                        "[{\"scriptPath\":\"here.js\"},"
                        "{\"scriptPath\":\"./dist/a.js\",\"cwd\":\"sub\"},"
                        "{\"scriptPath\":\"next\",\"cwd\":\"/srv\"},"
                        "{\"name\":\"known\"}]",
                        folder, "apps.json", NULL),
      0);
  snprintf(expected, sizeof(expected),
           "[{\"scriptPath\":\"%s/here.js\",\"cwd\":\"%s\"},"
           "{\"scriptPath\":\"%s/dist/a.js\",\"cwd\":\"%s/sub\"},"
           "{\"cwd\":\"/srv\",\"scriptPath\":\"next\"},{\"name\":\"known\"}]",
           folder, folder, folder, folder);
  assert_string_equal(out.data, expected);
  zpm_str_deinit(&out);
  scratch_remove(folder);
}

static void one_config_is_a_list_of_one(void **state)
{
  struct zpm_str out = {0};

  (void)state;
  assert_int_equal(
      zpm_appfile_parse(&out, " {\"name\":\"a\"} ", "/f", "a.json", NULL), 0);
  assert_string_equal(out.data, "[{\"name\":\"a\"}]");
  zpm_str_deinit(&out);
}

static void assert_file_refused(const char *text, const char *reason)
{
  struct zpm_str out = {0};
  struct zpm_error err = {0};

  assert_int_equal(zpm_appfile_parse(&out, text, "/f", "a.json", &err),
                   ZPM_ECONFIG);
  if (strstr(err.message, reason) == NULL)
    fail_msg("'%s' does not say '%s'", err.message, reason);
  assert_int_equal(out.len, 0);
  zpm_str_deinit(&out);
}

static void what_is_no_app_file_is_told_with_the_place(void **state)
{
  (void)state;
  assert_file_refused("[{\n\"name\": \"a\",\n}]", "line 3");
  assert_file_refused("", "not valid JSON in line 1");
  assert_file_refused("7", "a number");
  assert_file_refused("[]", "no app");
  assert_file_refused("{\"apps\":[{}]}", "without \"apps\" around it");
  assert_file_refused("[{\"name\":\"a\"},7]", "app 2 is a number");
  assert_true(zpm_appfile_is_meant("x/apps.json"));
  assert_false(zpm_appfile_is_meant(".json"));
  assert_false(zpm_appfile_is_meant("json"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_narrow_terminal_gets_fewer_columns),
      cmocka_unit_test(a_narrow_terminal_gets_short_prefixes),
      cmocka_unit_test(a_crash_says_when_it_is_tried_again),
      cmocka_unit_test(what_is_not_well_says_why),
      cmocka_unit_test(notes_stand_below_the_table_of_a_terminal),
      cmocka_unit_test(what_runs_is_told_as_one_would_type_it),
      cmocka_unit_test(sizes_have_one_decimal_and_a_unit),
      cmocka_unit_test(durations_have_their_two_largest_units),
      cmocka_unit_test(percents_are_short),
      cmocka_unit_test(foreign_text_cannot_act_on_the_terminal),
      cmocka_unit_test(width_counts_characters),
      cmocka_unit_test(paragraphs_are_broken_at_blanks),
      cmocka_unit_test(colour_is_for_willing_terminals_only),
      cmocka_unit_test(a_table_for_people_is_aligned),
      cmocka_unit_test(a_table_for_programs_has_no_blanks_in_its_figures),
      cmocka_unit_test(a_table_is_cut_to_the_terminal),
      cmocka_unit_test(colour_does_not_disturb_the_columns),
      cmocka_unit_test(rows_are_filtered_and_sorted),
      cmocka_unit_test(what_cannot_be_sorted_by_is_told_with_the_near_word),
      cmocka_unit_test(an_answer_is_taken_as_it_stands_if_it_is_plain),
      cmocka_unit_test(a_refusal_becomes_its_error),
      cmocka_unit_test(paths_of_an_app_file_are_relative_to_it),
      cmocka_unit_test(one_config_is_a_list_of_one),
      cmocka_unit_test(what_is_no_app_file_is_told_with_the_place),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
