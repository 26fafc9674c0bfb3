#include "cli/program.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/caller.h"
#include "cli/detect.h"
#include "cli/flags.h"

/* ---- a script or a command ---- */

/* "npm run dev" as one word. */
static int check_word(const char *text, struct zpm_error *err)
{
  size_t len = strcspn(text, " ");

  if (text[len] == '\0')
    return 0;
  return zpm_error_set(err, ZPM_ECONFIG,
                       "there is no file '%s' here. Arguments go after --: zpm "
                       "start %.*s --%s",
                       text, (int)len, text, text + len);
}

/* A program that is new here runs in our folder unless told otherwise, and
 * gets its name from the script. */
int zpm_program_settle(struct zpm_config *config, const char *script,
                       struct zpm_error *err)
{
  struct zpm_str here = {0};
  int rc = script[0] != '/' ? check_word(script, err) : 0;

  if (rc == 0)
    rc = zpm_caller_set(config, "scriptPath", script, err);
  if (rc == 0 && config->cwd == NULL) {
    rc = zpm_caller_put_absolute(&here, NULL, ".", err);
    if (rc == 0)
      rc = zpm_caller_set(config, "cwd", here.data, err);
    zpm_str_deinit(&here);
  }
  if (rc == 0)
    rc = zpm_config_validate(config, err);
  if (rc != 0)
    zpm_flags_reword(err);
  return rc;
}

/* ---- a folder ---- */

bool zpm_program_is_folder(const char *word)
{
  struct stat found;

  return zpm_caller_is_path(word) && stat(word, &found) == 0 &&
         S_ISDIR(found.st_mode);
}

int zpm_program_settle_folder(struct zpm_config *config, const char *path,
                              struct zpm_str *said, struct zpm_error *err)
{
  struct zpm_str folder = {0};
  int rc;

  if (path == NULL)
    path = config->cwd != NULL ? config->cwd : ".";
  rc = zpm_caller_put_absolute(&folder, NULL, path, err);
  while (rc == 0 && folder.len > 1 && folder.data[folder.len - 1] == '/')
    folder.data[--folder.len] = '\0';
  if (rc == 0)
    rc = zpm_detect(config, folder.data, said, err);
  if (rc == 0)
    rc = zpm_config_validate(config, err);
  zpm_str_deinit(&folder);
  if (rc != 0)
    zpm_flags_reword(err);
  return rc;
}
