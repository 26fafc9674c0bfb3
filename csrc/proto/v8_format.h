#ifndef ZPM_PROTO_V8_FORMAT_H
#define ZPM_PROTO_V8_FORMAT_H

/*
 * The part of V8's structured-clone format that v8_read and v8_write share.
 *
 * Node speaks it on an IPC channel with serialization "advanced".  Source:
 * ValueSerializer, ValueDeserializer and SerializationTag in
 * src/objects/value-serializer.cc of V8; recorded from Node 12 to 26 in
 * tests/vectors/v8.ndjson.
 *
 *   message   FF version value
 *   version   varint; 13 in Node 12 to 16, 15 in Node 18 to 26
 *   varint    7 bits a byte, the lowest first, bit 7 set in all but the last
 *   string    tag, varint count of BYTES, the bytes
 *   object    o (key value)* { count-of-properties
 *   dense     A length value* (key value)* $ count-of-properties length
 *   sparse    a length (key value)* @ count-of-properties length
 *
 * A key is a string or a number.  Doubles and UTF-16 are in the byte order of
 * the machine, which both ends of a channel have in common.
 */
enum zpm_v8_tag {
  ZPM_V8_PADDING = 0x00, /* before any tag; aligns UTF-16 */
  ZPM_V8_VERSION = 0xFF,
  ZPM_V8_UNDEFINED = '_',
  ZPM_V8_HOLE = '-',
  ZPM_V8_NULL = '0',
  ZPM_V8_TRUE = 'T',
  ZPM_V8_FALSE = 'F',
  ZPM_V8_INT32 = 'I', /* zigzag varint */
  ZPM_V8_UINT32 = 'U',
  ZPM_V8_DOUBLE = 'N',
  ZPM_V8_DATE = 'D', /* a double: milliseconds */
  ZPM_V8_LATIN1 = '"',
  ZPM_V8_UTF16 = 'c',
  ZPM_V8_UTF8 = 'S',
  ZPM_V8_OBJECT = 'o',
  ZPM_V8_OBJECT_END = '{',
  ZPM_V8_DENSE = 'A',
  ZPM_V8_DENSE_END = '$',
  ZPM_V8_SPARSE = 'a',
  ZPM_V8_SPARSE_END = '@',
};

enum {
  /* The oldest version read, and the one written: every V8 from Node 12 on
   * reads it. */
  ZPM_V8_FORMAT = 13,
  /* Nesting of objects and arrays. */
  ZPM_V8_DEPTH_MAX = 100,
  /* Values in one message.  A value of one byte becomes a cJSON item of 64:
   * without this, memory is a hundredfold of what a worker sends. */
  ZPM_V8_VALUES_MAX = 10000,
};

#endif
