#include "core/dotenv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "unit/failing_alloc.c"
#include "unit/vectors.c"

/* The text has one variable, and that is `pair`; NULL: none. */
static void assert_reads(const char *text, const char *pair)
{
  struct zpm_strv vars;
  struct zpm_error err = {0};

  if (zpm_dotenv_parse(&vars, text, strlen(text), &err) != 0)
    fail_msg("%s: %s", text, err.message);
  assert_int_equal(vars.len, pair != NULL);
  if (pair != NULL)
    assert_string_equal(vars.items[0], pair);
  zpm_strv_deinit(&vars);
}

static void assert_refused(const char *text, const char *message)
{
  struct zpm_strv vars;
  struct zpm_error err = {0};

  assert_int_equal(zpm_dotenv_parse(&vars, text, strlen(text), &err),
                   ZPM_ECONFIG);
  assert_string_equal(err.message, message);
  assert_null(vars.items);
}

static void a_line_is_a_key_and_a_value(void **state)
{
  (void)state;
  assert_reads("A=1", "A=1");
  assert_reads("A=1\n", "A=1");
  assert_reads("A=1\r\n", "A=1");
  assert_reads("  A = 1 2 \t\n", "A=1 2");
  assert_reads("A=", "A=");
  assert_reads("A=\n", "A=");
  assert_reads("A=b=c", "A=b=c");
  assert_reads("a.b-c_1=x", "a.b-c_1=x");
  assert_reads("\xEF\xBB\xBF"
               "A=1",
               "A=1");
  assert_reads("A=\xC3\xBC\xFF", "A=\xC3\xBC\xFF");
  assert_reads("A=x\ry", "A=x\ry");
}

static void export_may_stand_before_it(void **state)
{
  (void)state;
  assert_reads("export A=1", "A=1");
  assert_reads("export\t A=1", "A=1");
  assert_reads("export=1", "export=1");
  assert_reads("exported=1", "exported=1");
}

static void comments_and_blank_lines_are_passed_over(void **state)
{
  (void)state;
  assert_reads("", NULL);
  assert_reads("\n\r\n  \n\t# A=1\n#", NULL);
  assert_reads("A=1 # one", "A=1");
  assert_reads("A=1#one", "A=1#one");
  assert_reads("A=#one", "A=");
  assert_reads("A= # one", "A=");
  assert_reads("A='x' # one", "A=x");
  assert_reads("A=\"x\"# one", "A=x");
  assert_reads("A='#'", "A=#");
}

static void single_quotes_keep_everything(void **state)
{
  (void)state;
  assert_reads("A=' $HOME \\n \"x\" '", "A= $HOME \\n \"x\" ");
  assert_reads("A='one\ntwo'", "A=one\ntwo");
  assert_reads("A=''", "A=");
  assert_reads("A=it's", "A=it's");
}

static void double_quotes_have_escapes(void **state)
{
  (void)state;
  assert_reads("A=\"a\\nb\\tc\\rd\\\"e\\\\f\\$g\"", "A=a\nb\tc\rd\"e\\f$g");
  assert_reads("A=\"\\x \\' $HOME\"", "A=\\x \\' $HOME");
  assert_reads("A=\"one\n two\r\nthree\"\n", "A=one\n two\r\nthree");
  assert_reads("A=\"\\\nx\"", "A=\\\nx");
}

static void the_last_of_a_key_counts(void **state)
{
  (void)state;
  assert_reads("A=1\nA=2\nexport A='3'\n", "A=3");
}

static void what_is_wrong_is_told_by_its_line_alone(void **state)
{
  static const char FORM[] = "line 2: it must have the form KEY=value";

  (void)state;
  assert_refused("\ns3cret", FORM);
  assert_refused("A=1\nexport B\n", FORM);
  assert_refused("A=1\n=s3cret", FORM);
  assert_refused("A=1\n1A=s3cret", FORM);
  assert_refused("A=1\nA B=s3cret", FORM);
  assert_refused("A=\"1\n2\n3\"\nB=\"s3cret",
                 "line 4: the quote that begins here is never closed");
  assert_refused("A='s3cret\n\n\n",
                 "line 1: the quote that begins here is never closed");
  assert_refused("A=\"s3cret\\",
                 "line 1: the quote that begins here is never closed");
  assert_refused("A=\"\\\"",
                 "line 1: the quote that begins here is never closed");
  assert_refused("A='1\n2' s3cret",
                 "line 2: there is more after the closing quote");
}

static void what_is_no_text_is_refused(void **state)
{
  struct zpm_strv vars;
  struct zpm_error err = {0};

  (void)state;
  assert_int_equal(zpm_dotenv_parse(&vars, "A=1\0\nB=2", 8, &err), ZPM_ECONFIG);
  assert_string_equal(err.message, "it holds a NUL byte: no text file");
  assert_int_equal(zpm_dotenv_parse(&vars, "", 0, NULL), 0);
}

static void there_is_a_limit_to_variables(void **state)
{
  static char text[5000 * 8];
  struct zpm_strv vars;
  struct zpm_error err = {0};
  size_t len = 0;

  (void)state;
  for (int i = 0; i < ZPM_DOTENV_VARS_MAX + 1; i++)
    len += (size_t)sprintf(text + len, "A%d=\n", i);
  assert_int_equal(zpm_dotenv_parse(&vars, text, len, &err), ZPM_ECONFIG);
  assert_string_equal(err.message,
                      "line 4097: there are more than 4096 variables");
}

static void the_vector_is_read(void **state)
{
  char *text = vectors_read("dotenv.txt");
  struct zpm_strv vars;

  (void)state;
  assert_int_equal(zpm_dotenv_parse(&vars, text, strlen(text), NULL), 0);
  assert_int_equal(vars.len, 8);
  assert_string_equal(vars.items[0], "PLAIN=all of this");
  assert_string_equal(vars.items[6], "LINES=one\ntwo");
  zpm_strv_deinit(&vars);
  free(text);
}

static int parse(void *text)
{
  struct zpm_strv vars;
  int rc = zpm_dotenv_parse(&vars, text, strlen(text), NULL);

  zpm_strv_deinit(&vars);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  char text[] = "A=1\nB=\"x\\ny\"\nA='2'\nC=\n";

  (void)state;
  failing_alloc_sweep(parse, text);
  assert_int_equal(failing_alloc.live, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_is_a_key_and_a_value),
      cmocka_unit_test(export_may_stand_before_it),
      cmocka_unit_test(comments_and_blank_lines_are_passed_over),
      cmocka_unit_test(single_quotes_keep_everything),
      cmocka_unit_test(double_quotes_have_escapes),
      cmocka_unit_test(the_last_of_a_key_counts),
      cmocka_unit_test(what_is_wrong_is_told_by_its_line_alone),
      cmocka_unit_test(what_is_no_text_is_refused),
      cmocka_unit_test(there_is_a_limit_to_variables),
      cmocka_unit_test(the_vector_is_read),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
