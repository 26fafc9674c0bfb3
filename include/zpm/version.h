#ifndef ZPM_VERSION_H
#define ZPM_VERSION_H

/* The one place of the version; package.json is checked against it. */
#define ZPM_VERSION "0.1.0"

#endif
