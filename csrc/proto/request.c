#include "proto/message.h"

#include <string.h>

static int read_id(struct zpm_request *request, struct zpm_error *err)
{
  const cJSON *id = cJSON_GetObjectItemCaseSensitive(request->json, "id");

  if (id == NULL)
    return 0;
  if (!zpm_json_is_integer(id))
    return zpm_error_set(err, ZPM_EARG,
                         "'id' must be a whole number of at most 2^53 - 1");
  request->id =
      (struct zpm_request_id){.given = true, .value = id->valuedouble};
  return 0;
}

static int read_command(struct zpm_request *request, struct zpm_error *err)
{
  const cJSON *cmd = cJSON_GetObjectItemCaseSensitive(request->json, "cmd");
  const char *near;

  if (!cJSON_IsString(cmd))
    return zpm_error_set(err, ZPM_EARG,
                         "'cmd' is missing: it names the command, as in "
                         "{\"cmd\":\"list\"}");
  request->command = zpm_command_find(cmd->valuestring, ZPM_ON_WIRE);
  if (request->command != NULL)
    return 0;
  near = zpm_command_suggest(cmd->valuestring, ZPM_ON_WIRE);
  if (near != NULL)
    return zpm_error_set(err, ZPM_ECOMMAND,
                         "unknown command '%.60s'. Did you mean '%s'?",
                         cmd->valuestring, near);
  return zpm_error_set(err, ZPM_ECOMMAND, "unknown command '%.60s'",
                       cmd->valuestring);
}

static bool is_of_type(const cJSON *item, enum zpm_argument_type type)
{
  switch (type) {
  case ZPM_ARG_STRING:
    return cJSON_IsString(item);
  case ZPM_ARG_NUMBER:
    return zpm_json_is_integer(item) && item->valuedouble >= 0;
  case ZPM_ARG_BOOL:
    return cJSON_IsBool(item);
  case ZPM_ARG_OBJECT:
    return cJSON_IsObject(item);
  case ZPM_ARG_ARRAY:
    return cJSON_IsArray(item);
  }
  return false;
}

static const char *type_name(enum zpm_argument_type type)
{
  switch (type) {
  case ZPM_ARG_STRING:
    return "a string";
  case ZPM_ARG_NUMBER:
    return "a whole number of 0 or more";
  case ZPM_ARG_BOOL:
    return "true or false";
  case ZPM_ARG_OBJECT:
    return "an object";
  case ZPM_ARG_ARRAY:
    return "an array";
  }
  return "something else";
}

/* The keys of any request, then those of its command: a bit for each. */
enum { BIT_ID = 1 << 0, BIT_CMD = 1 << 1, FIRST_ARGUMENT = 2 };

static const struct zpm_argument *
argument_of_key(const struct zpm_command *command, const char *key,
                unsigned *bit)
{
  const struct zpm_argument *argument = command->arguments;

  for (unsigned i = FIRST_ARGUMENT; argument != NULL && argument->name != NULL;
       i++, argument++) {
    if (strcmp(argument->name, key) == 0) {
      *bit = 1u << i;
      return argument;
    }
  }
  return NULL;
}

static int unknown_key(const struct zpm_command *command, const char *key,
                       struct zpm_error *err)
{
  const char *near = zpm_command_suggest_argument(command, key);

  if (near != NULL)
    return zpm_error_set(err, ZPM_EARG,
                         "'%s' has no key '%.60s'. Did you mean '%s'?",
                         command->name, key, near);
  return zpm_error_set(err, ZPM_EARG, "'%s' has no key '%.60s'", command->name,
                       key);
}

static int check_item(const struct zpm_command *command, const cJSON *item,
                      unsigned *seen, struct zpm_error *err)
{
  const struct zpm_argument *argument = NULL;
  unsigned bit = 0;

  if (strcmp(item->string, "id") == 0)
    bit = BIT_ID;
  else if (strcmp(item->string, "cmd") == 0)
    bit = BIT_CMD;
  else
    argument = argument_of_key(command, item->string, &bit);
  if (bit == 0)
    return unknown_key(command, item->string, err);
  if ((*seen & bit) != 0)
    return zpm_error_set(err, ZPM_EARG, "the key '%s' is there twice",
                         item->string);
  *seen |= bit;
  if (argument == NULL || cJSON_IsNull(item) ||
      is_of_type(item, argument->type))
    return 0;
  return zpm_error_set(err, ZPM_EARG, "'%s' of '%s' must be %s, not %s",
                       argument->name, command->name, type_name(argument->type),
                       argument->type == ZPM_ARG_NUMBER && cJSON_IsNumber(item)
                           ? "such a number"
                           : zpm_json_kind(item));
}

static int check_required(const struct zpm_request *request,
                          struct zpm_error *err)
{
  const struct zpm_argument *argument = request->command->arguments;

  for (; argument != NULL && argument->name != NULL; argument++) {
    if (argument->required && zpm_request_item(request, argument->name) == NULL)
      return zpm_error_set(err, ZPM_EARG, "'%s' needs '%s' (%s): %s",
                           request->command->name, argument->name,
                           type_name(argument->type), argument->help);
  }
  return 0;
}

static int check_keys(const struct zpm_request *request, struct zpm_error *err)
{
  unsigned seen = 0;

  for (const cJSON *item = request->json->child; item != NULL;
       item = item->next) {
    int rc = check_item(request->command, item, &seen, err);

    if (rc != 0)
      return rc;
  }
  return check_required(request, err);
}

static int check_request(struct zpm_request *request, struct zpm_error *err)
{
  int rc = read_command(request, err);

  return rc != 0 ? rc : check_keys(request, err);
}

int zpm_request_parse(const char *line, size_t len, struct zpm_request *out,
                      struct zpm_error *err)
{
  int rc;

  *out = (struct zpm_request){0};
  rc = zpm_json_parse(line, len, &out->json, err);
  if (out->json == NULL)
    return rc;
  if (!cJSON_IsObject(out->json)) {
    rc = zpm_error_set(err, ZPM_EPROTO, "a request must be a JSON object");
  } else {
    int id_rc = read_id(out, rc == 0 ? err : NULL);

    if (rc == 0)
      rc = id_rc;
    if (rc == 0)
      rc = check_request(out, err);
  }
  if (rc != 0)
    zpm_request_deinit(out);
  return rc;
}

void zpm_request_deinit(struct zpm_request *request)
{
  cJSON_Delete(request->json);
  request->json = NULL;
  request->command = NULL;
}

const cJSON *zpm_request_item(const struct zpm_request *request,
                              const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->json, key);

  return cJSON_IsNull(item) ? NULL : item;
}

const char *zpm_request_string(const struct zpm_request *request,
                               const char *key)
{
  return cJSON_GetStringValue(zpm_request_item(request, key));
}

bool zpm_request_bool(const struct zpm_request *request, const char *key,
                      bool fallback)
{
  const cJSON *item = zpm_request_item(request, key);

  return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

double zpm_request_number(const struct zpm_request *request, const char *key,
                          double fallback)
{
  const cJSON *item = zpm_request_item(request, key);

  return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}
