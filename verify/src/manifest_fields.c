#include "manifest_fields.h"

#include "calendar.h"

bool evseal_is_name(evseal_span text, size_t max) {
  if (text.len == 0 || text.len > max) {
    return false;
  }
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.data[i];
    bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!alphanumeric && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
      return false;
    }
  }
  return true;
}

bool evseal_field_name(evseal_span object, const char* name, size_t max, evseal_span* out) {
  evseal_span value;
  size_t len = 0;
  return evseal_json_member(object, name, &value) && evseal_json_string(value, out, &len) &&
         evseal_is_name(*out, max);
}

bool evseal_field_text(evseal_span object, const char* name, size_t max, evseal_span* out) {
  evseal_span value;
  size_t len = 0;
  return evseal_json_member(object, name, &value) && evseal_json_string(value, out, &len) &&
         len >= 1 && len <= max;
}

bool evseal_field_word(evseal_span object, const char* name, evseal_span* out) {
  evseal_span value;
  size_t len = 0;
  return evseal_json_member(object, name, &value) && evseal_json_string(value, out, &len);
}

bool evseal_field_integer(evseal_span object, const char* name, uint64_t min, uint64_t max,
                          uint64_t* out) {
  evseal_span value;
  return evseal_json_member(object, name, &value) && evseal_json_integer(value, max, out) &&
         *out >= min;
}

bool evseal_field_hardware(evseal_span object, evseal_hardware_range* out) {
  evseal_span value;
  uint64_t min = 0;
  uint64_t max = 0;
  out->present = false;
  if (!evseal_json_member(object, "hardware", &value)) {
    return true;
  }
  if (!evseal_json_is_object(value) || !evseal_field_integer(value, "min", 0, BELOW_2_31, &min) ||
      !evseal_field_integer(value, "max", min, BELOW_2_31, &max)) {
    return false;
  }
  out->present = true;
  out->min = (uint32_t)min;
  out->max = (uint32_t)max;
  return true;
}

bool evseal_field_time(evseal_span object, const char* name, int64_t* out_seconds) {
  static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
  evseal_span text;
  uint8_t digits[14];
  size_t num_digits = 0;
  calendar_time time;
  if (!evseal_field_text(object, name, sizeof shape - 1, &text) || text.len != sizeof shape - 1) {
    return false;
  }
  for (size_t i = 0; i < text.len; i++) {
    if (shape[i] == 'd') {
      digits[num_digits++] = text.data[i];
    } else if (text.data[i] != (uint8_t)shape[i]) {
      return false;
    }
  }
  return evseal_calendar_read_digits(&time, digits, 4) &&
         evseal_calendar_to_seconds(out_seconds, &time);
}

bool evseal_array_of_objects(evseal_span value, unsigned min, unsigned max, unsigned* out_count) {
  unsigned count = 0;
  evseal_span rest = value;
  evseal_span item;
  if (!evseal_json_is_array(value)) {
    return false;
  }
  while (evseal_json_next_item(&rest, &item)) {
    if (!evseal_json_is_object(item) || count == max) {
      return false;
    }
    count++;
  }
  *out_count = count;
  return count >= min;
}
