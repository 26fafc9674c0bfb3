#include "core/probe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * A target is taken apart from left to right: scheme, host, port, path.  What
 * goes into the request is allowed by a list of characters, never repaired:
 * a probe asks for exactly what its config says, or it is not accepted.
 */
enum { HTTP_PORT = 80, HTTPS_PORT = 443, SHOWN_MAX = 100 };

static const char THIS_HOST[] = "localhost";
static const char DIGITS[] = "0123456789";
static const char NAME_CHARS[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789.-_";
static const char IPV6_CHARS[] = "0123456789abcdefABCDEF:.";

/* The part of a target that is still to be read. */
struct rest {
  const char *target; /* all of it, for messages */
  const char *at;
  struct zpm_error *err;
};

static int refuse(const struct rest *rest, const char *why)
{
  size_t len = strlen(rest->target);

  return zpm_error_set(rest->err, ZPM_ECONFIG,
                       "the target \"%.*s%s\" cannot be used: %s", SHOWN_MAX,
                       rest->target, len > SHOWN_MAX ? "..." : "", why);
}

/* Before anything is shown or read: bytes that could end a line of the request,
 * or of a message, and what would be a password in it. */
static int check_characters(const char *target, struct zpm_error *err)
{
  const char *scheme = strstr(target, "://");
  const char *host = scheme != NULL ? scheme + 3 : target;
  const char *at = strchr(host, '@');

  for (const char *c = target; *c != '\0'; c++) {
    if (*c <= ' ' || *c > '~') /* chars above 127 are negative, or above '~' */
      return zpm_error_set(
          err, ZPM_ECONFIG,
          "the target has a blank, a control or another "
          "character that is not ASCII in it. Write it as %%20 "
          "in a path, or as xn--... in a name.");
  }
  if (at != NULL && at < host + strcspn(host, "/?#"))
    return zpm_error_set(err, ZPM_ECONFIG,
                         "the target has a user or a password in it "
                         "(\"...@\"), which is not supported. Let the app "
                         "answer a probe without one.");
  return 0;
}

static bool skip(struct rest *rest, const char *prefix)
{
  size_t len = strlen(prefix);

  if (strncasecmp(rest->at, prefix, len) != 0)
    return false;
  rest->at += len;
  return true;
}

static int take_scheme(struct rest *rest, enum zpm_probe_type type,
                       struct zpm_endpoint *out)
{
  if (type == ZPM_PROBE_TCP) {
    if (skip(rest, "tcp://") || strstr(rest->at, "://") == NULL)
      return 0;
    return refuse(rest, "a tcp probe wants host:port, such as localhost:3000. "
                        "To ask for a page, set the probe's type to http.");
  }
  out->secure = skip(rest, "https://");
  if (out->secure || skip(rest, "http://"))
    return 0;
  if (strncmp(rest->at + strcspn(rest->at, ":/?#"), "://", 3) != 0)
    return 0;
  return refuse(rest, "it must begin with http:// or https://.");
}

/* "[::1]" or "[fe80::1%eth0]". */
static int take_ipv6(struct rest *rest, struct zpm_endpoint *out,
                     size_t *address_len)
{
  const char *host = rest->at + 1;
  size_t len = strspn(host, IPV6_CHARS);

  *address_len = len;
  if (len > 0 && host[len] == '%')
    len += 1 + strspn(host + len + 1, NAME_CHARS);
  if (memchr(host, ':', *address_len) == NULL || host[len] != ']' ||
      len >= sizeof(out->host))
    return refuse(rest, "between [ and ] stands an IPv6 address, as in "
                        "[::1]:3000.");
  memcpy(out->host, host, len);
  out->host[len] = '\0';
  rest->at = host + len + 1;
  return 0;
}

static void set_this_host(struct zpm_endpoint *out)
{
  memcpy(out->host, THIS_HOST, sizeof(THIS_HOST));
}

static int take_name(struct rest *rest, struct zpm_endpoint *out)
{
  size_t len = strspn(rest->at, NAME_CHARS);

  if (len >= sizeof(out->host))
    return refuse(rest, "the name of the host is too long.");
  memcpy(out->host, rest->at, len);
  out->host[len] = '\0';
  rest->at += len;
  if (*rest->at == ':' && strchr(rest->at + 1, ':') != NULL &&
      strcspn(rest->at + 1, ":") < strcspn(rest->at + 1, "/?#"))
    return refuse(rest, "an IPv6 address is written in brackets: [::1]:3000.");
  if (len == 0)
    set_this_host(out);
  return 0;
}

/* "3000" and "3000/health": a port of this host. */
static bool is_port_alone(const char *at)
{
  size_t digits = strspn(at, DIGITS);

  return digits > 0 && (at[digits] == '\0' || strchr("/?#", at[digits]));
}

static int take_host(struct rest *rest, struct zpm_endpoint *out)
{
  size_t len = 0;
  int rc = 0;

  if (*rest->at == '[') {
    rc = take_ipv6(rest, out, &len);
    if (rc == 0) /* a zone means something on this host only */
      snprintf(out->host_header, sizeof(out->host_header), "[%.*s]", (int)len,
               out->host);
    return rc;
  }
  if (is_port_alone(rest->at))
    set_this_host(out);
  else
    rc = take_name(rest, out);
  memcpy(out->host_header, out->host, strlen(out->host) + 1);
  return rc;
}

static int take_port(struct rest *rest, struct zpm_endpoint *out,
                     unsigned fallback)
{
  unsigned long port = 0;
  size_t len;

  if (*rest->at != ':' && !is_port_alone(rest->at)) {
    out->port = (uint16_t)fallback;
    return fallback != 0 ? 0
                         : refuse(rest, "its port is missing, as in "
                                        "localhost:3000.");
  }
  if (*rest->at == ':')
    rest->at++;
  len = strspn(rest->at, DIGITS);
  for (size_t i = 0; i < len && port <= UINT16_MAX; i++)
    port = port * 10 + (unsigned long)(rest->at[i] - '0');
  if (len == 0 || port == 0 || port > UINT16_MAX)
    return refuse(rest, "a port is a number from 1 to 65535.");
  rest->at += len;
  out->port = (uint16_t)port;
  if (port != fallback) {
    len = strlen(out->host_header);
    snprintf(out->host_header + len, sizeof(out->host_header) - len, ":%lu",
             port);
  }
  return 0;
}

static int take_path(struct rest *rest, struct zpm_endpoint *out)
{
  size_t len = strcspn(rest->at, "#"); /* a fragment is never sent */
  size_t slash = *rest->at == '/' ? 0 : 1;

  if (strchr("/?#", *rest->at) == NULL)
    return refuse(rest, "it is not host:port/path.");
  if (slash + len >= sizeof(out->path))
    return refuse(rest, "its path is too long.");
  out->path[0] = '/';
  memcpy(out->path + slash, rest->at, len);
  out->path[slash + len] = '\0';
  return 0;
}

static unsigned usual_port(enum zpm_probe_type type, bool secure)
{
  if (type != ZPM_PROBE_HTTP)
    return 0;
  return secure ? HTTPS_PORT : HTTP_PORT;
}

static int take_all(struct rest *rest, enum zpm_probe_type type,
                    struct zpm_endpoint *out)
{
  int rc = take_scheme(rest, type, out);

  if (rc == 0 && strchr("/?#", *rest->at) != NULL)
    rc = refuse(rest, "its host is missing.");
  if (rc == 0)
    rc = take_host(rest, out);
  if (rc == 0)
    rc = take_port(rest, out, usual_port(type, out->secure));
  if (rc == 0 && type == ZPM_PROBE_HTTP)
    return take_path(rest, out);
  if (rc == 0 && *rest->at != '\0')
    return refuse(rest, "a tcp probe wants host:port and nothing after it.");
  return rc;
}

int zpm_probe_endpoint(enum zpm_probe_type type, const char *target,
                       struct zpm_endpoint *out, struct zpm_error *err)
{
  struct rest rest = {.target = target, .at = target, .err = err};
  int rc = check_characters(target, err);

  *out = (struct zpm_endpoint){0};
  if (rc != 0)
    return rc;
  if (type == ZPM_PROBE_EXEC)
    return refuse(&rest, "an exec probe has a command, and no address.");
  if (*target == '\0')
    return zpm_error_set(err, ZPM_ECONFIG,
                         "the target is empty. Write what the probe asks, as "
                         "in http://localhost:3000/health or localhost:3000.");
  return take_all(&rest, type, out);
}

static bool is_any(const char *address)
{
  return strcmp(address, "::") == 0 || strcmp(address, "0.0.0.0") == 0;
}

static bool is_loopback(const char *host)
{
  return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

bool zpm_probe_means(const struct zpm_endpoint *endpoint, const char *address,
                     uint16_t port)
{
  const char *host = endpoint->host;

  if (endpoint->port != port)
    return false;
  if (strcasecmp(host, THIS_HOST) == 0)
    return is_any(address) || is_loopback(address);
  return strcasecmp(host, address) == 0 ||
         (is_any(address) && (is_loopback(host) || is_any(host)));
}
