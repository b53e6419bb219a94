/*
 * Canonical JSON (RFC 8785) in the strict subset of docs/format.md section 7. Internal.
 *
 * evseal_json_validate() judges a whole text once. The other functions work on text that it
 * accepted; they stay within their span for any text.
 */
#ifndef EVSEAL_SRC_JSON_H
#define EVSEAL_SRC_JSON_H

#include "span.h"

#define JSON_MAX_DEPTH 6u
#define JSON_MAX_NAME 32u
#define JSON_MAX_INTEGER ((UINT64_C(1) << 53) - 1)

/* True for one object in the canonical subset and nothing after it. */
bool evseal_json_validate(evseal_span text);

/* The value of a member of an object; false when there is none. */
bool evseal_json_member(evseal_span object, const char* name, evseal_span* out_value);

/* Walks over an array: `*rest` starts as the array, false at its end (or when it is no array). */
bool evseal_json_next_item(evseal_span* rest, evseal_span* out_item);

/* Walks over an object. */
bool evseal_json_next_member(evseal_span* rest, evseal_span* out_name, evseal_span* out_value);

/* A string's content as written, and how many octets it has without escapes. False when it is no
 * string. */
bool evseal_json_string(evseal_span value, evseal_span* out_content, size_t* out_len);

/* An integer up to `max`. */
bool evseal_json_integer(evseal_span value, uint64_t max, uint64_t* out_value);

bool evseal_json_boolean(evseal_span value, bool* out_value);

/* A string of exactly 2 * len lower-case hexadecimal digits. */
bool evseal_json_hex(evseal_span value, uint8_t* out, size_t len);

bool evseal_json_is_object(evseal_span value);
bool evseal_json_is_array(evseal_span value);

#endif
