#include "proto/cluster_say.h"

#include <string.h>

#include "proto/writer.h"
#include "zpm/error.h"

struct line {
  struct zpm_writer writer;
  size_t start; /* where it begins in the text */
  bool has_handle;
};

static void put_text(struct line *line, const char *key, const char *text)
{
  zpm_writer_key(&line->writer, key);
  zpm_writer_text(&line->writer, text);
}

static void put_number(struct line *line, const char *key, int64_t number)
{
  zpm_writer_key(&line->writer, key);
  zpm_writer_int(&line->writer, number);
}

/* `handle_type` NULL: it goes without a handle. */
static struct line begin_line(struct zpm_str *out, const char *handle_type)
{
  struct line line = {.writer = {.out = out},
                      .start = out->len,
                      .has_handle = handle_type != NULL};

  zpm_writer_begin_object(&line.writer);
  if (handle_type != NULL) {
    put_text(&line, "cmd", "NODE_HANDLE");
    put_text(&line, "type", handle_type);
    zpm_writer_key(&line.writer, "msg");
    zpm_writer_begin_object(&line.writer);
  }
  put_text(&line, "cmd", "NODE_CLUSTER");
  return line;
}

static int end_line(struct line *line, int64_t seq)
{
  struct zpm_str *out = line->writer.out;

  put_number(line, "seq", seq);
  zpm_writer_end_object(&line->writer);
  if (line->has_handle)
    zpm_writer_end_object(&line->writer);
  if (!line->writer.failed && zpm_str_append(out, "\n", 1) == 0)
    return 0;
  if (out->len > line->start) {
    out->len = line->start;
    out->data[line->start] = '\0';
  }
  return ZPM_ENOMEM;
}

/* ---- answers to a queryServer ---- */

static void put_answer(struct line *line,
                       const struct zpm_cluster_answer *answer)
{
  put_text(line, "key", answer->key);
  put_number(line, "ack", answer->ack);
  zpm_writer_key(&line->writer, "data");
  if (answer->data != NULL)
    zpm_writer_raw(&line->writer, answer->data, strlen(answer->data));
  else
    zpm_writer_null(&line->writer);
}

int zpm_cluster_say_newconns_come(struct zpm_str *out,
                                  const struct zpm_cluster_answer *answer,
                                  const struct zpm_cluster_sockname *sockname)
{
  struct line line = begin_line(out, NULL);

  zpm_writer_key(&line.writer, "errno");
  zpm_writer_null(&line.writer);
  put_answer(&line, answer);
  if (sockname != NULL) {
    zpm_writer_key(&line.writer, "sockname");
    zpm_writer_begin_object(&line.writer);
    put_text(&line, "address", sockname->address);
    put_text(&line, "family", sockname->is_ipv6 ? "IPv6" : "IPv4");
    put_number(&line, "port", sockname->port);
    zpm_writer_end_object(&line.writer);
  }
  return end_line(&line, answer->seq);
}

int zpm_cluster_say_shared(struct zpm_str *out,
                           const struct zpm_cluster_answer *answer, bool is_udp)
{
  struct line line = begin_line(out, is_udp ? "dgram.Native" : "net.Native");

  put_number(&line, "errno", 0);
  put_answer(&line, answer);
  return end_line(&line, answer->seq);
}

int zpm_cluster_say_refused(struct zpm_str *out,
                            const struct zpm_cluster_answer *answer, int error)
{
  struct line line = begin_line(out, NULL);

  put_number(&line, "errno", error);
  put_answer(&line, answer);
  return end_line(&line, answer->seq);
}

/* ---- the rest ---- */

int zpm_cluster_say_newconn(struct zpm_str *out, int64_t seq, const char *key)
{
  struct line line = begin_line(out, "net.Native");

  put_text(&line, "act", "newconn");
  put_text(&line, "key", key);
  return end_line(&line, seq);
}

int zpm_cluster_say_disconnect(struct zpm_str *out, int64_t seq)
{
  struct line line = begin_line(out, NULL);

  put_text(&line, "act", "disconnect");
  return end_line(&line, seq);
}

int zpm_cluster_say_ack(struct zpm_str *out, int64_t seq, int64_t ack)
{
  struct line line = begin_line(out, NULL);

  put_number(&line, "ack", ack);
  return end_line(&line, seq);
}
