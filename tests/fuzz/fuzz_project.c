/* Any files in a folder: how it is started is found, or an error told. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each path is there or not by its length: enough to come everywhere. */
static bool has(void *ctx, const char *path)
{
  const uint8_t *mask = ctx;

  return ((*mask >> (strlen(path) % 8)) & 1) != 0;
}

/* The first byte says which files are there, the rest is the text of each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_project_folder folder = {.name = "folder", .has = has};
  struct zpm_project project;
  struct zpm_error err;
  uint8_t mask;
  char *text;

  if (size < 2)
    return 0;
  mask = data[0];
  text = calloc(1, size);
  if (text == NULL)
    return 0;
  memcpy(text, data + 1, size - 1);
  folder.ctx = &mask;
  folder.texts[data[1] % ZPM_PROJECT_TEXTS] = text;
  folder.texts[ZPM_PROJECT_DOTENV] = text;
  if (zpm_project_find(&project, &folder, &err) == 0 &&
      (project.name.len == 0 || project.name.len > 64 ||
       project.script.len == 0 || project.port > 65535))
    abort();
  zpm_project_deinit(&project);
  free(text);
  return 0;
}
