#include "proto/commands.h"

#include <string.h>

#include "core/suggest.h"

enum { MAX_NAMES = 64 };

static bool goes_by(const struct zpm_command *command, const char *name)
{
  if (strcmp(command->name, name) == 0)
    return true;
  for (size_t i = 0; command->aliases != NULL && command->aliases[i] != NULL;
       i++) {
    if (strcmp(command->aliases[i], name) == 0)
      return true;
  }
  return false;
}

const struct zpm_command *zpm_command_find(const char *name, unsigned where)
{
  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    const struct zpm_command *command = &ZPM_COMMANDS[i];
    bool matches = where == ZPM_ON_WIRE ? strcmp(command->name, name) == 0
                                        : goes_by(command, name);

    if ((command->where & where) != 0 && matches)
      return command;
  }
  return NULL;
}

bool zpm_command_can_be_repeated(enum zpm_command_id id)
{
  static const bool CAN[ZPM_COMMAND_COUNT] = {
      [ZPM_CMD_HELLO] = true,     [ZPM_CMD_PING] = true,
      [ZPM_CMD_STOP] = true,      [ZPM_CMD_STATS] = true,
      [ZPM_CMD_LIST] = true,      [ZPM_CMD_DESCRIBE] = true,
      [ZPM_CMD_GET_STORE] = true, [ZPM_CMD_FIND_WORKER] = true,
      [ZPM_CMD_LOGS] = true,      [ZPM_CMD_DOCTOR] = true,
  };

  return CAN[id];
}

const char *zpm_command_suggest(const char *name, unsigned where)
{
  const char *names[ZPM_COMMAND_COUNT];
  size_t count = 0;

  for (size_t i = 0; i < ZPM_COMMAND_COUNT; i++) {
    if ((ZPM_COMMANDS[i].where & where) != 0)
      names[count++] = ZPM_COMMANDS[i].name;
  }
  return zpm_suggest(name, names, count);
}

const char *zpm_command_suggest_argument(const struct zpm_command *command,
                                         const char *key)
{
  const struct zpm_argument *argument = command->arguments;
  const char *names[MAX_NAMES];
  size_t count = 0;

  for (; argument != NULL && argument->name != NULL && count < MAX_NAMES;
       argument++)
    names[count++] = argument->name;
  return zpm_suggest(key, names, count);
}
