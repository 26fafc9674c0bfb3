#ifndef ZPM_VERSION_H
#define ZPM_VERSION_H

/* The one place of the version; package.json is checked against it.  A test
 * builds zpm once more, as a later one. */
#ifndef ZPM_VERSION
#define ZPM_VERSION "0.1.0"
#endif

#endif
