#include <stdio.h>
#include <string.h>

#include "gendocs.h"

static const struct {
  const char *name;
  void (*print)(void);
} DOCUMENTS[] = {
    {"configuration", print_configuration},
    {"commands", print_commands},
    {"man", print_man},
};

const char *value_of_field(const struct zpm_field *field)
{
  switch (field->type) {
  case ZPM_FIELD_ENV:
    return "KEY=VALUE";
  case ZPM_FIELD_UINT32:
    return field->unit != NULL ? "MS" : "N";
  case ZPM_FIELD_UINT64:
    return "SIZE";
  case ZPM_FIELD_AUTORESTART:
    return "true|false|always";
  case ZPM_FIELD_SIGNAL:
    return "SIGNAL";
  case ZPM_FIELD_SECONDS:
    return "SECONDS";
  case ZPM_FIELD_ID:
    return "ID";
  case ZPM_FIELD_UMASK:
    return "OCTAL";
  case ZPM_FIELD_NICE:
  case ZPM_FIELD_INSTANCES:
    return "N";
  case ZPM_FIELD_RLIMITS:
    return "NAME=N";
  case ZPM_FIELD_PROBES:
    return "TARGET";
  case ZPM_FIELD_STRING:
  case ZPM_FIELD_STRINGS:
  case ZPM_FIELD_CHOICE:
    return "VALUE";
  case ZPM_FIELD_BOOL:
  case ZPM_FIELD_WATCH:
    break;
  }
  return "";
}

int main(int argc, char **argv)
{
  for (size_t i = 0; argc == 2 && i < 3; i++) {
    if (strcmp(argv[1], DOCUMENTS[i].name) == 0) {
      DOCUMENTS[i].print();
      return fflush(stdout) == 0 ? 0 : 1;
    }
  }
  fprintf(stderr, "usage: gendocs configuration|commands|man\n");
  return 2;
}
