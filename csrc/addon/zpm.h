#ifndef ZPM_ADDON_ZPM_H
#define ZPM_ADDON_ZPM_H

/*
 * zpm's own headers as C++ sees them.  What they include themselves comes
 * first, so that nothing of C++ lands inside extern "C".
 */
#include <cstdarg>
#include <cstdbool>
#include <cstddef>
#include <cstdint>

#include <napi.h>
#include <uv.h>

extern "C" {
#include "api/api.h"
#include "base/str.h"
#include "platform/paths.h"
#include "zpm/client.h"
#include "zpm/error.h"
#include "zpm/supervisor.h"
#include "zpm/version.h"
}

#endif
