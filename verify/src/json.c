#include "json.h"

typedef struct cursor {
  const uint8_t* at;
  size_t left;
} cursor;

static bool peek(const cursor* c, uint8_t octet) {
  return c->left > 0 && c->at[0] == octet;
}

static bool take(cursor* c, uint8_t octet) {
  if (!peek(c, octet)) {
    return false;
  }
  c->at++;
  c->left--;
  return true;
}

static void advance(cursor* c, size_t len) {
  c->at += len;
  c->left -= len;
}

/*
 * The length of the well-formed UTF-8 sequence at the cursor (RFC 3629 section 4) that is no
 * control character (U+0000-001F, U+007F-009F), or 0.
 */
static size_t utf8_length(const cursor* c) {
  const uint8_t* s = c->at;
  if (s[0] < 0x80u) {
    return s[0] < 0x20u || s[0] == 0x7Fu ? 0 : 1;
  }
  size_t len = s[0] >= 0xF0u ? 4 : (s[0] >= 0xE0u ? 3 : 2);
  if (s[0] < 0xC2u || s[0] > 0xF4u || c->left < len) {
    return 0;
  }
  for (size_t i = 1; i < len; i++) {
    if ((s[i] & 0xC0u) != 0x80u) {
      return 0;
    }
  }
  bool overlong = (s[0] == 0xE0u && s[1] < 0xA0u) || (s[0] == 0xF0u && s[1] < 0x90u);
  bool surrogate = s[0] == 0xEDu && s[1] >= 0xA0u;
  bool beyond = s[0] == 0xF4u && s[1] >= 0x90u;
  bool control = s[0] == 0xC2u && s[1] < 0xA0u;
  return overlong || surrogate || beyond || control ? 0 : len;
}

/* A string, of which the quote is next, with the only two escapes that canonical text without
 * control characters can have. */
static bool take_string(cursor* c) {
  advance(c, 1);
  while (c->left > 0) {
    if (take(c, '"')) {
      return true;
    }
    if (peek(c, '\\')) {
      advance(c, 1);
      if (!peek(c, '"') && !peek(c, '\\')) {
        return false;
      }
      advance(c, 1);
      continue;
    }
    size_t len = utf8_length(c);
    if (len == 0) {
      return false;
    }
    advance(c, len);
  }
  return false;
}

static bool is_digit(uint8_t octet) {
  return octet >= '0' && octet <= '9';
}

static bool take_number(cursor* c) {
  uint64_t value = 0;
  size_t digits = 0;
  bool leading_zero = peek(c, '0');
  while (c->left > 0 && is_digit(c->at[0])) {
    value = value * 10u + (uint64_t)(c->at[0] - '0');
    digits++;
    if (value > JSON_MAX_INTEGER || (leading_zero && digits > 1)) {
      return false;
    }
    advance(c, 1);
  }
  return digits > 0;
}

static bool take_word(cursor* c, const char* word) {
  size_t len = strlen(word);
  if (c->left < len || memcmp(c->at, word, len) != 0) {
    return false;
  }
  advance(c, len);
  return true;
}

/* A member name: 1 to 32 of [a-z0-9_], above the previous one of the same object. */
static bool take_name(cursor* c, evseal_span* previous) {
  if (!take(c, '"')) {
    return false;
  }
  evseal_span name = {c->at, 0};
  while (c->left > 0 && !peek(c, '"')) {
    uint8_t octet = c->at[0];
    if (!((octet >= 'a' && octet <= 'z') || is_digit(octet) || octet == '_')) {
      return false;
    }
    name.len++;
    advance(c, 1);
  }
  bool fine = name.len > 0 && name.len <= JSON_MAX_NAME && evseal_span_compare(*previous, name) < 0;
  *previous = name;
  return fine && take(c, '"') && take(c, ':');
}

static bool take_scalar(cursor* c) {
  if (peek(c, '"')) {
    return take_string(c);
  }
  return take_word(c, "true") || take_word(c, "false") || take_number(c);
}

typedef struct nesting {
  unsigned depth;
  bool is_object[JSON_MAX_DEPTH];
  evseal_span previous[JSON_MAX_DEPTH]; /* the last member name at each depth */
} nesting;

/* Opens a container at the cursor; `*out_empty` when it closes at once. */
static bool open_container(cursor* c, nesting* n, bool* out_empty) {
  bool object = peek(c, '{');
  advance(c, 1);
  if (n->depth == JSON_MAX_DEPTH) {
    return false;
  }
  n->is_object[n->depth] = object;
  n->previous[n->depth] = evseal_span_of(NULL, 0);
  n->depth++;
  *out_empty = take(c, object ? '}' : ']');
  if (*out_empty) {
    n->depth--;
    return true;
  }
  return !object || take_name(c, &n->previous[n->depth - 1]);
}

/* After a value: closes what ends here, up to the next value. False when the text breaks. */
static bool close_or_go_on(cursor* c, nesting* n) {
  while (n->depth > 0) {
    bool object = n->is_object[n->depth - 1];
    if (take(c, ',')) {
      return !object || take_name(c, &n->previous[n->depth - 1]);
    }
    if (!take(c, object ? '}' : ']')) {
      return false;
    }
    n->depth--;
  }
  return true;
}

bool evseal_json_validate(evseal_span text) {
  cursor c = {text.data, text.len};
  nesting n;
  memset(&n, 0, sizeof n);
  if (!peek(&c, '{')) {
    return false;
  }
  do {
    bool complete = true;
    if (peek(&c, '{') || peek(&c, '[')) {
      if (!open_container(&c, &n, &complete)) {
        return false;
      }
    } else if (!take_scalar(&c)) {
      return false;
    }
    if (complete && !close_or_go_on(&c, &n)) {
      return false;
    }
  } while (n.depth > 0);
  return c.left == 0;
}

/* Moves over one value of validated text. */
static bool skip_value(cursor* c, evseal_span* out_whole) {
  const uint8_t* start = c->at;
  unsigned depth = 0;
  do {
    if (peek(c, '{') || peek(c, '[')) {
      depth++;
      advance(c, 1);
    } else if (peek(c, '}') || peek(c, ']')) {
      if (depth == 0) {
        return false;
      }
      depth--;
      advance(c, 1);
    } else if (depth > 0 && (peek(c, ',') || peek(c, ':'))) {
      advance(c, 1);
    } else if (!take_scalar(c)) {
      return false;
    }
  } while (depth > 0);
  *out_whole = evseal_span_of(start, (size_t)(c->at - start));
  return true;
}

/* Steps into a container or over the comma before the next element; false at the end. */
static bool step(cursor* c, uint8_t open) {
  return (take(c, open) || take(c, ',')) && !peek(c, '}') && !peek(c, ']');
}

bool evseal_json_next_item(evseal_span* rest, evseal_span* out_item) {
  cursor c = {rest->data, rest->len};
  if (!step(&c, '[') || !skip_value(&c, out_item)) {
    return false;
  }
  *rest = evseal_span_of(c.at, c.left);
  return true;
}

bool evseal_json_next_member(evseal_span* rest, evseal_span* out_name, evseal_span* out_value) {
  cursor c = {rest->data, rest->len};
  evseal_span name;
  if (!step(&c, '{') || !peek(&c, '"') || !skip_value(&c, &name) || !take(&c, ':') ||
      !skip_value(&c, out_value)) {
    return false;
  }
  *out_name = evseal_span_of(name.data + 1, name.len - 2);
  *rest = evseal_span_of(c.at, c.left);
  return true;
}

bool evseal_json_member(evseal_span object, const char* name, evseal_span* out_value) {
  evseal_span found;
  evseal_span value;
  while (evseal_json_next_member(&object, &found, &value)) {
    if (evseal_span_is(found, name)) {
      *out_value = value;
      return true;
    }
  }
  return false;
}

bool evseal_json_string(evseal_span value, evseal_span* out_content, size_t* out_len) {
  if (value.len < 2 || value.data[0] != '"') {
    return false;
  }
  *out_content = evseal_span_of(value.data + 1, value.len - 2);
  size_t len = 0;
  for (size_t i = 0; i < out_content->len; i++) {
    if (out_content->data[i] == '\\') {
      i++;
    }
    len++;
  }
  *out_len = len;
  return true;
}

bool evseal_json_integer(evseal_span value, uint64_t max, uint64_t* out_value) {
  uint64_t number = 0;
  if (value.len == 0 || value.len > 16) {
    return false;
  }
  for (size_t i = 0; i < value.len; i++) {
    if (!is_digit(value.data[i])) {
      return false;
    }
    number = number * 10u + (uint64_t)(value.data[i] - '0');
  }
  if (number > max) {
    return false;
  }
  *out_value = number;
  return true;
}

bool evseal_json_boolean(evseal_span value, bool* out_value) {
  *out_value = evseal_span_is(value, "true");
  return *out_value || evseal_span_is(value, "false");
}

static bool hex_digit(uint8_t octet, unsigned* out) {
  if (is_digit(octet)) {
    *out = (unsigned)(octet - '0');
    return true;
  }
  if (octet >= 'a' && octet <= 'f') {
    *out = 10u + (unsigned)(octet - 'a');
    return true;
  }
  return false;
}

bool evseal_json_hex(evseal_span value, uint8_t* out, size_t len) {
  if (value.len != 2 * len + 2 || value.data[0] != '"') {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    unsigned high = 0;
    unsigned low = 0;
    if (!hex_digit(value.data[1 + 2 * i], &high) || !hex_digit(value.data[2 + 2 * i], &low)) {
      return false;
    }
    out[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

bool evseal_json_is_object(evseal_span value) {
  return value.len >= 2 && value.data[0] == '{';
}

bool evseal_json_is_array(evseal_span value) {
  return value.len >= 2 && value.data[0] == '[';
}
