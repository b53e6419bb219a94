/* Checks of single manifest fields that several places need. Internal. */
#ifndef EVSEAL_SRC_MANIFEST_FIELDS_H
#define EVSEAL_SRC_MANIFEST_FIELDS_H

#include "evseal/manifest.h"
#include "json.h"

#define NAME_MAX_OCTETS 64u
#define COMPONENT_ID_MAX_OCTETS 32u
#define BELOW_2_31 UINT64_C(0x7FFFFFFF)

/* 1 to `max` characters of [a-z0-9._-], the first of [a-z0-9]. */
bool evseal_is_name(evseal_span text, size_t max);

/* A member that is a name. */
bool evseal_field_name(evseal_span object, const char* name, size_t max, evseal_span* out);

/* A member that is text of 1 to `max` octets. */
bool evseal_field_text(evseal_span object, const char* name, size_t max, evseal_span* out);

/* A member that is any text; which words it may be is the caller's to judge. */
bool evseal_field_word(evseal_span object, const char* name, evseal_span* out);

/* A member that is an integer from `min` to `max`. */
bool evseal_field_integer(evseal_span object, const char* name, uint64_t min, uint64_t max,
                          uint64_t* out);

/* `hardware`: an optional object {max, min}. False when it is there and malformed. */
bool evseal_field_hardware(evseal_span object, evseal_hardware_range* out);

/* Text `YYYY-MM-DDTHH:MM:SSZ`. */
bool evseal_field_time(evseal_span object, const char* name, int64_t* out_seconds);

/* The number of items of an array of objects; false when it is none or has not `min` to `max`
 * items. */
bool evseal_array_of_objects(evseal_span value, unsigned min, unsigned max, unsigned* out_count);

/* What a trust-update's manifest has instead of components; `out->text` is set. */
evseal_status evseal_manifest_read_trust_update(evseal_manifest* out);

/* One component, from its JSON object. */
evseal_status evseal_manifest_read_component(evseal_component* out, evseal_span object);

#endif
