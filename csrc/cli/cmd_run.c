/* run: one app in the foreground */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/appfile.h"
#include "cli/caller.h"
#include "cli/program.h"
#include "client/foreground.h"
#include "platform/platform.h"

/* ---- what to run ---- */

static int settle_word(struct zpm_config *config, const char *word,
                       struct zpm_error *err)
{
  struct zpm_str script = {0};
  int rc = zpm_caller_put_script(&script, NULL, word, err);

  if (rc == 0)
    rc = zpm_program_settle(config, script.data, err);
  zpm_str_deinit(&script);
  return rc;
}

static int settle_folder(struct zpm_config *config, const char *path,
                         struct zpm_error *err)
{
  struct zpm_str said = {0};
  int rc = zpm_program_settle_folder(config, path, &said, err);

  if (rc == 0)
    fprintf(stderr, "zpm: %s\n", zpm_str_text(&said));
  zpm_str_deinit(&said);
  return rc;
}

/* Its log files are a by-product here, and soon gone. */
static int keep_logs_small(struct zpm_config *config, struct zpm_error *err)
{
  int rc = zpm_caller_set(config, "logs.maxSizeBytes", "1048576", err);

  return rc == 0 ? zpm_caller_set(config, "logs.maxFiles", "1", err) : rc;
}

static int settle(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_config *config = &cli->args.config;
  const char *word = cli->args.operand_count > 0 ? cli->args.operands[0] : NULL;
  int rc = zpm_caller_settle(&cli->args, err);

  if (rc != 0)
    return rc;
  if (word != NULL &&
      (zpm_appfile_is_meant(word) || zpm_appfile_is_foreign(word)))
    return zpm_error_set(err, ZPM_EARG,
                         "zpm run is for one app, and takes no file of "
                         "configs: give its script, and options. For several "
                         "apps: zpm start %s",
                         word);
  if (word == NULL || zpm_program_is_folder(word))
    rc = settle_folder(config, word, err);
  else
    rc = settle_word(config, word, err);
  return rc == 0 ? keep_logs_small(config, err) : rc;
}

/* ---- where ---- */

/* A folder of its own, for the time that it runs. */
static int make_folder(struct zpm_str *folder, struct zpm_error *err)
{
  const char *const bases[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"),
                               "/tmp", "/dev/shm"};
  int error = ENOENT;

  for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
    if (bases[i] == NULL || bases[i][0] != '/')
      continue;
    zpm_str_clear(folder);
    if (zpm_str_printf(folder, "%s/zpm-run-XXXXXX", bases[i]) != 0)
      return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
    if (mkdtemp(folder->data) != NULL)
      return 0;
    error = errno;
  }
  return zpm_error_set(err, ZPM_EIO,
                       "no folder for the time that it runs: none of "
                       "XDG_RUNTIME_DIR, TMPDIR, /tmp and /dev/shm can be "
                       "written (%s). In a container that is read-only, mount "
                       "a tmpfs on /tmp",
                       strerror(error));
}

static int write_order(const char *path, const struct zpm_str *text,
                       struct zpm_error *err)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int rc = 0;

  if (fd < 0 || write(fd, text->data, text->len) != (ssize_t)text->len)
    rc = zpm_error_set(err, ZPM_EIO, "cannot write %s: %s", path,
                       strerror(errno));
  if (fd >= 0)
    close(fd);
  return rc;
}

/* Comes back only if it failed. */
static int become(const char *zpm_path, const struct zpm_config *config,
                  const char *folder, struct zpm_error *err)
{
  struct zpm_str text = {0};
  struct zpm_str path = {0};
  int rc = zpm_caller_put_config(&text, config, err);

  if (rc == 0)
    rc = zpm_str_printf(&path, "%s/order", folder);
  if (rc == 0)
    rc = write_order(path.data, &text, err);
  if (rc == 0)
    rc = zpm_foreground_run(zpm_path, folder, err);
  if (path.len > 0)
    unlink(path.data);
  rmdir(folder);
  zpm_str_deinit(&text);
  zpm_str_deinit(&path);
  return rc;
}

int zpm_cmd_run(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_str folder = {0};
  int rc = settle(cli, err);

  if (rc == ZPM_EUNSUPPORTED)
    return ZPM_CLI_FAILED;
  if (rc != 0)
    return ZPM_CLI_USAGE;
  rc = zpm_platform_executable(&cli->path);
  if (rc != 0)
    zpm_error_set(err, rc, "cannot tell where zpm itself lies");
  if (rc == 0)
    rc = make_folder(&folder, err);
  if (rc == 0)
    become(cli->path.data, &cli->args.config, folder.data, err);
  zpm_str_deinit(&folder);
  return ZPM_CLI_FAILED;
}
