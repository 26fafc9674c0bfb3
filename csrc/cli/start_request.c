#include "cli/start_request.h"

#include "cli/caller.h"
#include "proto/frame.h"

static int check_size(const struct zpm_talk *talk, struct zpm_error *err)
{
  if (talk->outgoing.len <= ZPM_LINE_MAX)
    return 0;
  return zpm_error_set(err, ZPM_ETOOLONG,
                       "configs and environment together are over 1 MiB: "
                       "start the apps in several steps");
}

const char *zpm_start_request_finish(const struct zpm_cli *cli,
                                     struct zpm_talk *talk,
                                     struct zpm_error *err)
{
  const char *line;

  if (zpm_args_switch(&cli->args, "wait", false)) {
    zpm_writer_key(&talk->writer, "wait");
    zpm_writer_bool(&talk->writer, true);
  }
  if (zpm_caller_write_environment(&talk->writer, err) != 0)
    return NULL;
  zpm_talk_end(talk);
  if (check_size(talk, err) != 0 || zpm_talk_flush(talk, err) != 0)
    return NULL;
  line = zpm_talk_receive(talk, err);
  if (line == NULL)
    zpm_talk_explain_loss(talk, err);
  return line;
}
