#include "proto/project.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/project_text.h"
#include "unit/failing_alloc.c"

/* A folder "shop" with these files, as one text: "server.js app.js". */
struct example {
  const char *package;
  const char *cargo;
  const char *go;
  const char *dotenv;
  const char *files;
};

static bool has(void *ctx, const char *path)
{
  const struct example *example = ctx;
  const char *at = example->files != NULL ? example->files : "";
  size_t len = strlen(path);

  for (; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
    if (strcspn(at, " ") == len && strncmp(at, path, len) == 0)
      return true;
  }
  return false;
}

static int find(struct zpm_project *project, struct example *example,
                struct zpm_error *err)
{
  struct zpm_project_folder folder = {
      .name = "shop",
      .texts = {example->package, example->cargo, example->go, example->dotenv},
      .has = has,
      .ctx = example};

  return zpm_project_find(project, &folder, err);
}

static void put_all(struct zpm_str *out, const struct zpm_strv *words)
{
  for (size_t i = 0; i < words->len; i++)
    zpm_str_printf(out, " %s", words->items[i]);
}

/* "name:port [env] interpreter options script args" */
static void assert_finds(struct example example, const char *expected)
{
  struct zpm_project project;
  struct zpm_error err = {0};
  struct zpm_str said = {0};

  if (find(&project, &example, &err) != 0)
    fail_msg("%s", err.message);
  zpm_str_printf(&said, "%s:%u", project.name.data, project.port);
  put_all(&said, &project.env);
  if (project.interpreter != NULL)
    zpm_str_printf(&said, " %s", project.interpreter);
  put_all(&said, &project.interpreter_args);
  zpm_str_printf(&said, " %s", project.script.data);
  put_all(&said, &project.args);
  assert_string_equal(said.data, expected);
  zpm_str_deinit(&said);
  zpm_project_deinit(&project);
}

static void assert_start(const char *start, const char *files,
                         const char *expected)
{
  char package[512];

  snprintf(package, sizeof(package),
           "{\"name\":\"@acme/web\",\"scripts\":{\"start\":\"%s\"}}", start);
  assert_finds((struct example){.package = package, .files = files}, expected);
}

/* ---- package.json ---- */

static void
a_start_script_is_run_by_the_package_manager_of_the_lock_file(void **state)
{
  (void)state;
  assert_start("next start -p 4000", NULL, "web:4000 npm run start");
  assert_start("next start", "package-lock.json", "web:0 npm run start");
  assert_start("next start", "yarn.lock", "web:0 yarn run start");
  assert_start("next start", "pnpm-lock.yaml", "web:0 pnpm run start");
  assert_start("next start", "bun.lock", "web:0 bun run start");
  assert_start("next start", "bun.lockb", "web:0 bun run start");
  assert_start("next start", "package-lock.json yarn.lock",
               "web:0 yarn run start");
}

static void the_package_manager_that_is_named_wins(void **state)
{
  static const char PACKAGE[] =
      "{\"packageManager\":\"pnpm@9.1.0\",\"scripts\":{\"start\":\"x\"}}";
  static const char UNHEARD[] =
      "{\"packageManager\":\"pnpmish\",\"scripts\":{\"start\":\"x\"}}";

  (void)state;
  assert_finds((struct example){.package = PACKAGE, .files = "yarn.lock"},
               "shop:0 pnpm run start");
  assert_finds((struct example){.package = UNHEARD, .files = "yarn.lock"},
               "shop:0 yarn run start");
}

static void
a_start_script_that_is_plain_node_needs_no_package_manager(void **state)
{
  (void)state;
  assert_start("node server.js", "server.js", "web:0 node server.js");
  assert_start("node ./dist/server --port 3000 'a b'", "dist/server.js",
               "web:3000 node dist/server.js --port 3000 a b");
  assert_start("NODE_ENV=production PORT=80 node -r dotenv/config "
               "--max-old-space-size=512 src",
               "src/index.js",
               "web:80 NODE_ENV=production node -r dotenv/config "
               "--max-old-space-size=512 src/index.js");
}

static void what_is_not_plain_is_left_to_the_package_manager(void **state)
{
  static const char *const SCRIPTS[] = {
      "node build.js && node server.js",
      "node server.js > log",
      "node $SCRIPT",
      "node --watch server.js",
      "node -e 1",
      "node",
      "node -r",
      "node gone.js",
      "API_KEY=x node server.js",
      "cross-env A=b node server.js",
      "node 'server.js",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(SCRIPTS) / sizeof(SCRIPTS[0]); i++)
    assert_start(SCRIPTS[i], "server.js build.js", "web:0 npm run start");
  assert_finds((struct example){.package =
                                    "{\"scripts\":{\"start\":\"node a.js\","
                                    "\"prestart\":\"make\"}}",
                                .files = "a.js"},
               "shop:0 npm run start");
}

static void without_a_start_script_it_is_main(void **state)
{
  (void)state;
  assert_finds((struct example){.package = "{\"main\":\"lib\"}",
                                .files = "lib/index.js server.js"},
               "shop:0 node lib/index.js");
  assert_finds((struct example){.package = "{\"main\":\"gone.js\"}",
                                .files = "index.js server.js app.js"},
               "shop:0 server.js");
  assert_finds((struct example){.package = "{\"scripts\":{\"start\":7}}",
                                .files = "app.js index.js"},
               "shop:0 index.js");
  assert_finds((struct example){.files = "app.js"}, "shop:0 app.js");
}

static void what_is_no_package_json_is_told(void **state)
{
  static const char *const TEXTS[] = {"", "{", "[]", "{\"name\":\"\\u0000\"}"};

  (void)state;
  for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
    struct example example = {.package = TEXTS[i], .files = "server.js"};
    struct zpm_project project;
    struct zpm_error err = {0};

    assert_int_equal(find(&project, &example, &err), ZPM_ECONFIG);
    assert_non_null(strstr(err.message, "package.json"));
    zpm_project_deinit(&project);
  }
  assert_finds((struct example){.package = "\xEF\xBB\xBF{\"name\":\"a\"}",
                                .files = "server.js"},
               "a:0 server.js");
}

/* ---- other languages ---- */

static void python_is_run_by_its_own_environment(void **state)
{
  (void)state;
  assert_finds((struct example){.files = "app.py main.py"},
               "shop:0 python3 app.py");
  assert_finds((struct example){.files = "wsgi.py venv/bin/python"},
               "shop:0 venv/bin/python wsgi.py");
  assert_finds((struct example){.files = "manage.py app.py .venv/bin/python",
                                .dotenv = "PORT=9000\n"},
               "shop:9000 .venv/bin/python manage.py runserver --noreload "
               "9000");
}

static void rust_and_go_are_run_as_built_if_they_are(void **state)
{
  static const char CARGO[] = "[workspace]\nname = \"no\"\n\n[package]\n"
                              "version = \"1\"\nname = \"fast\" # yes\n";
  static const char GO[] = "// hi\nmodule example.com/x/quick/v2 // c\n\ngo 1";

  (void)state;
  assert_finds((struct example){.cargo = CARGO}, "fast:0 cargo run --release");
  assert_finds((struct example){.cargo = CARGO, .files = "target/release/fast"},
               "fast:0 target/release/fast");
  assert_finds((struct example){.cargo = "[workspace]\n"},
               "shop:0 cargo run --release");
  assert_finds((struct example){.go = GO}, "quick:0 go run .");
  assert_finds((struct example){.go = GO, .files = "quick"}, "quick:0 quick");
  assert_finds((struct example){.go = "nonsense"}, "shop:0 go run .");
  assert_finds((struct example){.cargo = CARGO, .go = GO, .files = "main.py"},
               "shop:0 python3 main.py");
}

static void an_empty_folder_is_told_what_was_looked_for(void **state)
{
  struct example example = {0};
  struct zpm_project project;
  struct zpm_error err = {0};

  (void)state;
  assert_int_equal(find(&project, &example, &err), ZPM_EARG);
  assert_non_null(strstr(err.message, "'shop': no package.json"));
  assert_non_null(strstr(err.message, "go.mod"));
  assert_non_null(strstr(err.message, "zpm start <script>"));
  zpm_project_deinit(&project);
}

/* ---- small readings ---- */

static void assert_name(const char *text, const char *expected)
{
  struct zpm_str name = {0};

  assert_int_equal(zpm_project_put_name(&name, text), 0);
  assert_string_equal(name.data, expected);
  zpm_str_deinit(&name);
}

static void names_fit_an_app(void **state)
{
  (void)state;
  assert_name("shop", "shop");
  assert_name("@acme/web-app", "web-app");
  assert_name("my shop/v~1", "my-shop-v-1");
  assert_name("..", "app");
  assert_name("-x-", "x");
  assert_name("all", "all-app");
}

static void a_port_is_read_from_dotenv(void **state)
{
  (void)state;
  assert_int_equal(zpm_project_dotenv_port("A=1\nPORT=3000\n"), 3000);
  assert_int_equal(zpm_project_dotenv_port("export PORT = \"8080\" # x"), 8080);
  assert_int_equal(zpm_project_dotenv_port("#PORT=1\nXPORT=2\nPORTX=3"), 0);
  assert_int_equal(zpm_project_dotenv_port("PORT=70000"), 0);
  assert_int_equal(zpm_project_dotenv_port("PORT=${X}"), 0);
  assert_int_equal(zpm_project_dotenv_port(""), 0);
}

static void port_flags_take_numbers_only(void **state)
{
  (void)state;
  assert_start("x --port=1234", NULL, "web:1234 npm run start");
  assert_start("x --port 99999", NULL, "web:0 npm run start");
  assert_start("x -p", NULL, "web:0 npm run start");
  assert_start("x -p src", NULL, "web:0 npm run start");
}

/* ---- memory ---- */

static int body(void *ctx)
{
  struct example example = {.package = "{\"name\":\"a\",\"scripts\":{\"start\":"
                                       "\"NODE_ENV=x node -r y server.js z\"}}",
                            .files = "server.js"};
  struct zpm_project project;
  int rc = find(&project, &example, NULL);

  (void)ctx;
  zpm_project_deinit(&project);
  return rc;
}

static void no_memory_is_told_and_nothing_is_leaked(void **state)
{
  (void)state;
  failing_alloc_sweep(body, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(
          a_start_script_is_run_by_the_package_manager_of_the_lock_file),
      cmocka_unit_test(the_package_manager_that_is_named_wins),
      cmocka_unit_test(
          a_start_script_that_is_plain_node_needs_no_package_manager),
      cmocka_unit_test(what_is_not_plain_is_left_to_the_package_manager),
      cmocka_unit_test(without_a_start_script_it_is_main),
      cmocka_unit_test(what_is_no_package_json_is_told),
      cmocka_unit_test(python_is_run_by_its_own_environment),
      cmocka_unit_test(rust_and_go_are_run_as_built_if_they_are),
      cmocka_unit_test(an_empty_folder_is_told_what_was_looked_for),
      cmocka_unit_test(names_fit_an_app),
      cmocka_unit_test(a_port_is_read_from_dotenv),
      cmocka_unit_test(port_flags_take_numbers_only),
      cmocka_unit_test(no_memory_is_told_and_nothing_is_leaked),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
