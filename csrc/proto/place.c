#include "proto/place.h"

#include <stdio.h>
#include <string.h>

#include "proto/node_value.h"

enum { PORT_MAX = 65535 };

/* ---- from JSON ---- */

static bool read_type(struct zpm_place *place, const cJSON *json)
{
  static const struct {
    enum zpm_address_type type;
    int number;
    const char *name;
  } TYPES[] = {
      {ZPM_ADDRESS_TCP4, 4, NULL},   {ZPM_ADDRESS_TCP6, 6, NULL},
      {ZPM_ADDRESS_PATH, -1, NULL},  {ZPM_ADDRESS_UDP4, 0, "udp4"},
      {ZPM_ADDRESS_UDP6, 0, "udp6"},
  };
  const char *name = cJSON_GetStringValue(json);

  place->type = ZPM_ADDRESS_FD;
  for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
    bool is_it =
        TYPES[i].name == NULL
            ? cJSON_IsNumber(json) && json->valuedouble == TYPES[i].number
            : name != NULL && strcmp(name, TYPES[i].name) == 0;

    if (is_it)
      place->type = TYPES[i].type;
  }
  return place->type != ZPM_ADDRESS_FD || zpm_node_value_is_nothing(json);
}

static bool read_fd(struct zpm_place *place, const cJSON *json)
{
  int64_t fd = -1;

  place->fd = -1;
  if (zpm_node_value_is_nothing(json) ||
      (cJSON_IsNumber(json) && json->valuedouble == -1))
    return true;
  if (!cJSON_IsNumber(json) || !zpm_node_value_whole(json, &fd) ||
      fd > INT32_MAX)
    return false;
  place->fd = (int32_t)fd;
  return true;
}

static bool read_port(struct zpm_place *place, const cJSON *json)
{
  int64_t port;

  place->port = -1;
  if (place->fd >= 0 && zpm_node_value_is_nothing(json))
    return true;
  if (place->type == ZPM_ADDRESS_PATH)
    return cJSON_IsNumber(json) && json->valuedouble == -1;
  if (place->type == ZPM_ADDRESS_FD || !zpm_node_value_whole(json, &port) ||
      port > PORT_MAX)
    return false;
  place->port = (int)port;
  return true;
}

/* Whether these are the characters of an IPv6 address: 2001:db8::1,
 * ::ffff:127.0.0.1, fe80::1%eth0. */
static bool looks_like_ipv6(const char *text)
{
  text += strspn(text, "0123456789abcdefABCDEF:.");
  if (*text == '%' && text[1] != '\0')
    for (text++; *text > ' ' && *text <= '~' && *text != '%';)
      text++;
  return *text == '\0';
}

static bool is_address(const struct zpm_place *place)
{
  const char *text = place->address;

  switch (place->type) {
  case ZPM_ADDRESS_TCP4:
  case ZPM_ADDRESS_UDP4:
    return text[strspn(text, "0123456789.")] == '\0';
  case ZPM_ADDRESS_TCP6:
  case ZPM_ADDRESS_UDP6:
    return looks_like_ipv6(text);
  case ZPM_ADDRESS_PATH:
    return text[0] != '\0';
  case ZPM_ADDRESS_FD:
    return place->fd >= 0 && text[0] == '\0';
  }
  return false;
}

static bool read_address(struct zpm_place *place, const cJSON *json)
{
  const char *text = cJSON_GetStringValue(json);

  if (text == NULL && !zpm_node_value_is_nothing(json))
    return false;
  if (text != NULL &&
      !zpm_node_value_text(json, place->address, sizeof(place->address)))
    return false;
  return is_address(place);
}

static bool read_flags(struct zpm_place *place, const cJSON *json)
{
  int64_t flags = 0;

  if (zpm_node_value_is_nothing(json))
    return true;
  if (!cJSON_IsNumber(json) || !zpm_node_value_whole(json, &flags) ||
      flags > UINT32_MAX)
    return false;
  place->flags = (uint32_t)flags;
  return true;
}

/* The app's own option, which Node passes on unseen: "12", false, 0.5, null for
 * Infinity.  Node makes a number of it, and so does this as far as it matters;
 * nonsense is no reason to refuse a server. */
static int32_t backlog_of(const cJSON *json)
{
  int64_t backlog = 0;

  if (cJSON_IsNumber(json) && json->valuedouble >= INT32_MAX)
    return INT32_MAX;
  if (!zpm_node_value_whole(json, &backlog))
    return cJSON_IsNumber(json) && json->valuedouble > 0
               ? (int32_t)json->valuedouble
               : 0;
  return backlog > INT32_MAX ? INT32_MAX : (int32_t)backlog;
}

/* An option of the app as well: what JavaScript takes for true. */
static bool is_truthy(const cJSON *json)
{
  const char *text = cJSON_GetStringValue(json);

  if (text != NULL)
    return text[0] != '\0';
  if (cJSON_IsNumber(json))
    return json->valuedouble > 0 || json->valuedouble < 0; /* no NaN */
  return cJSON_IsTrue(json) || cJSON_IsObject(json) || cJSON_IsArray(json);
}

bool zpm_place_from_json(struct zpm_place *out, const cJSON *message)
{
  const cJSON *index_json = zpm_node_value_find(message, "index");
  int64_t index = 0;

  *out = (struct zpm_place){.fd = -1, .port = -1};
  if (!cJSON_IsNumber(index_json) ||
      !zpm_node_value_whole(index_json, &index) || index > UINT32_MAX)
    return false;
  out->index = (uint32_t)index;
  out->backlog = backlog_of(zpm_node_value_find(message, "backlog"));
  out->readable_all = is_truthy(zpm_node_value_find(message, "readableAll"));
  out->writable_all = is_truthy(zpm_node_value_find(message, "writableAll"));
  return read_type(out, zpm_node_value_find(message, "addressType")) &&
         read_fd(out, zpm_node_value_find(message, "fd")) &&
         read_port(out, zpm_node_value_find(message, "port")) &&
         read_address(out, zpm_node_value_find(message, "address")) &&
         read_flags(out, zpm_node_value_find(message, "flags"));
}

/* ---- the key ---- */

static const char *type_text(enum zpm_address_type type)
{
  switch (type) {
  case ZPM_ADDRESS_TCP4:
    return "4";
  case ZPM_ADDRESS_TCP6:
    return "6";
  case ZPM_ADDRESS_PATH:
    return "-1";
  case ZPM_ADDRESS_UDP4:
    return "udp4";
  case ZPM_ADDRESS_UDP6:
    return "udp6";
  case ZPM_ADDRESS_FD:
    break;
  }
  return "null";
}

void zpm_place_key(const struct zpm_place *place, char key[ZPM_PLACE_KEY_MAX])
{
  const char *address = place->address[0] != '\0' ? place->address : "null";
  bool is_udp =
      place->type == ZPM_ADDRESS_UDP4 || place->type == ZPM_ADDRESS_UDP6;
  char port[16] = "null";
  char fd[16] = "undefined";

  if (place->port >= 0 || place->type == ZPM_ADDRESS_PATH)
    snprintf(port, sizeof(port), "%d", place->port);
  /* dgram says -1 where net says nothing. */
  if (place->fd >= 0 || is_udp)
    snprintf(fd, sizeof(fd), "%d", (int)place->fd);
  snprintf(key, ZPM_PLACE_KEY_MAX, "%.107s:%s:%s:%s:%u", address, port,
           type_text(place->type), fd, (unsigned)place->index);
}
