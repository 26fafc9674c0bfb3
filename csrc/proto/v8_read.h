#ifndef ZPM_PROTO_V8_READ_H
#define ZPM_PROTO_V8_READ_H

#include <stddef.h>

#include <cjson/cJSON.h>

/*
 * What a Node process sends on an IPC channel with serialization "advanced":
 * V8's structured clone (proto/v8_format.h, with its source), into JSON.
 *
 * It becomes what JSON.stringify would make of it: a property that is undefined
 * is left out, an element that is becomes null, so do NaN and Infinity; only a
 * date is its number.  Of equal keys, which V8 does not write, all are kept.
 *
 * zpm reads such messages for those of node:cluster.  Whatever these do not
 * hold is the user's own and of no interest: it is not an error, and not read.
 */

/* The bytes may well be right, but are not for zpm: a Map, Set, Buffer, BigInt,
 * error, wrapped primitive, an object that occurs twice, an array with named
 * properties, a string with a NUL, undefined itself, a format older than 13;
 * or more than ZPM_V8_DEPTH_MAX deep or ZPM_V8_VALUES_MAX values. */
enum { ZPM_V8_OPAQUE = 1 };

/* Reads one message, without the four bytes of its length.  0 and a value that
 * the caller deletes; else NULL and ZPM_V8_OPAQUE, ZPM_EPROTO (cut short, wrong
 * counts, something behind the value) or ZPM_ENOMEM.  The first such thing
 * ends the reading: what is behind it may be anything. */
int zpm_v8_read(const unsigned char *bytes, size_t len, cJSON **out);

#endif
