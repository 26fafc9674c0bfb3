#ifndef ZPM_RUNTIME_ENV_FILE_H
#define ZPM_RUNTIME_ENV_FILE_H

#include "base/str.h"
#include "zpm/error.h"

/*
 * The variables of a .env file (core/dotenv.h).  It is read whenever an app
 * starts; what is in it is kept nowhere else and shown to nobody.
 *
 * ZPM_ESTART naming the file and what is wrong with it, or ZPM_ENOMEM; `vars`
 * is empty then.
 */
int zpm_env_file_read(struct zpm_strv *vars, const char *path,
                      struct zpm_error *err);

#endif
