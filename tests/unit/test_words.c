#include "core/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"

struct example {
  const char *text;
  const char *words[6]; /* up to NULL */
};

static const struct example EXAMPLES[] = {
    {"", {NULL}},
    {" \t\n ", {NULL}},
    {"a", {"a"}},
    {"  a  b\tc\n", {"a", "b", "c"}},
    {"a 'b c'", {"a", "b c"}},
    {"\"b c\"d", {"b cd"}},
    {"a'b'\"c\"d", {"abcd"}},
    {"''", {""}},
    {"\"\" x", {"", "x"}},
    {"a\\ b", {"a b"}},
    {"\\'a\\'", {"'a'"}},
    {"'a\\b'", {"a\\b"}},
    {"\"a\\\"b\\\\c\\d\"", {"a\"b\\c\\d"}},
    {"'\"' \"'\"", {"\"", "'"}},
    {"$HOME *.js", {"$HOME", "*.js"}},
    {"--name='x y' -p 3", {"--name=x y", "-p", "3"}},
    {"gr\xC3\xBC\xC3\x9F dich", {"gr\xC3\xBC\xC3\x9F", "dich"}},
};

static void words_are_split_as_a_shell_does(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++) {
    struct zpm_strv words = {0};
    size_t n = 0;

    assert_int_equal(zpm_words_split(EXAMPLES[i].text, &words, NULL), 0);
    for (; EXAMPLES[i].words[n] != NULL; n++) {
      assert_true(n < words.len);
      assert_string_equal(words.items[n], EXAMPLES[i].words[n]);
    }
    assert_int_equal(words.len, n);
    zpm_strv_deinit(&words);
  }
}

static void words_are_added_to_those_there(void **state)
{
  struct zpm_strv words = {0};

  (void)state;
  zpm_words_split("a", &words, NULL);
  zpm_words_split("b c", &words, NULL);
  assert_int_equal(words.len, 3);
  assert_string_equal(words.items[2], "c");
  zpm_strv_deinit(&words);
}

static void an_open_end_is_an_error(void **state)
{
  static const char *const TEXTS[] = {"'", "a 'b", "\"a\\\"", "x\\", "\"\\"};

  (void)state;
  for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
    struct zpm_strv words = {0};
    struct zpm_error err = {0};

    assert_int_equal(zpm_words_split(TEXTS[i], &words, &err), ZPM_EARG);
    assert_int_equal(err.code, ZPM_EARG);
    assert_true(err.message[0] != '\0');
    zpm_strv_deinit(&words);
  }
}

static int split(void *ctx)
{
  struct zpm_strv words = {0};
  int rc = zpm_words_split(ctx, &words, NULL);

  zpm_strv_deinit(&words);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  char text[] =
      "one 'two three' 'a word that is longer than the first piece of "
      "memory for one' four";

  (void)state;
  failing_alloc_sweep(split, text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_are_split_as_a_shell_does),
      cmocka_unit_test(words_are_added_to_those_there),
      cmocka_unit_test(an_open_end_is_an_error),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
