/*
 * Included by a test that runs a file of tests/vectors: one JSON object per
 * line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

typedef void vector_cb(const cJSON *vector);

static inline char *vectors_read(const char *name)
{
  char path[1024];
  FILE *file;
  char *text;
  long size;

  snprintf(path, sizeof(path), "%s/tests/vectors/%s", ZPM_TEST_ROOT, name);
  file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  size = ftell(file);
  assert_true(size > 0);
  rewind(file);
  text = malloc((size_t)size + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
  text[size] = '\0';
  fclose(file);
  return text;
}

static inline void vectors_run(const char *name, vector_cb *run)
{
  char *text = vectors_read(name);
  char *rest = text;
  char *line;

  while ((line = strsep(&rest, "\n")) != NULL) {
    cJSON *vector;

    if (line[0] == '\0')
      continue;
    vector = cJSON_Parse(line);
    if (vector == NULL)
      fail_msg("%s: not JSON: %s", name, line);
    run(vector);
    cJSON_Delete(vector);
  }
  free(text);
}

/* The text of a key, or NULL. */
static inline const char *vector_text(const cJSON *vector, const char *key)
{
  return cJSON_GetStringValue(cJSON_GetObjectItem(vector, key));
}
