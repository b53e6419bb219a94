#include "say.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool in_item; /* the next member stands in an object of an array, as its first */
static bool first_item;
static bool first_member;

static void comma(void) {
  if (!first_member) {
    (void)putchar(',');
  }
  first_member = false;
}

static void print_text(const char* text, size_t len) {
  (void)putchar('"');
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\') {
      (void)printf("\\%c", c);
    } else if (c < 0x20) {
      (void)printf("\\u%04x", c);
    } else {
      (void)putchar(c);
    }
  }
  (void)putchar('"');
}

static void name_member(const char* member) {
  comma();
  (void)printf("\"%s\":", member);
}

void say_begin(const char* event) {
  (void)putchar('{');
  first_member = true;
  in_item = false;
  say_text("event", event);
}

void say_text(const char* member, const char* text) {
  name_member(member);
  print_text(text, strlen(text));
}

void say_span(const char* member, evseal_span text) {
  name_member(member);
  (void)printf("\"%.*s\"", (int)text.len, (const char*)text.data);
}

void say_number(const char* member, uint64_t value) {
  name_member(member);
  (void)printf("%" PRIu64, value);
}

void say_flag(const char* member, bool value) {
  name_member(member);
  (void)fputs(value ? "true" : "false", stdout);
}

void say_hex(const char* member, const uint8_t* bytes, size_t len) {
  name_member(member);
  (void)putchar('"');
  for (size_t i = 0; i < len; i++) {
    (void)printf("%02x", bytes[i]);
  }
  (void)putchar('"');
}

void say_open(const char* member) {
  name_member(member);
  (void)putchar('[');
  first_item = true;
  in_item = false;
}

void say_item(void) {
  (void)fputs(in_item ? "}" : "", stdout);
  (void)fputs(first_item ? "{" : ",{", stdout);
  first_item = false;
  in_item = true;
  first_member = true;
}

void say_close(void) {
  (void)fputs(in_item ? "}]" : "]", stdout);
  in_item = false;
  first_member = false;
}

void say_end(void) {
  (void)fputs("}\n", stdout);
  (void)fflush(stdout); /* whoever reads along learns it now */
}

void say_status(evseal_status status) {
  evseal_ocpp ocpp = evseal_status_ocpp(status);
  say_text("status", evseal_status_name(status));
  say_number("code", (uint64_t)evseal_status_class(status));
  say_text("text", evseal_status_text(status));
  if (evseal_ocpp_firmware_status(ocpp)[0] != '\0') {
    say_text("ocpp", evseal_ocpp_firmware_status(ocpp));
  }
  if (evseal_ocpp_security_event(ocpp)[0] != '\0') {
    say_text("security_event", evseal_ocpp_security_event(ocpp));
  }
}

int say_error(int code, const char* what, const char* why, const char* hint) {
  say_begin("error");
  say_number("code", (uint64_t)code);
  say_text("what", what);
  say_text("why", why);
  if (hint != NULL) {
    say_text("hint", hint);
  }
  say_end();
  return code;
}

int say_io(const char* what) {
  return say_error(EVSEAL_CLASS_IO, what, strerror(errno), NULL);
}

int say_failure(const char* what, evseal_status status) {
  say_begin("error");
  say_text("what", what);
  say_status(status);
  say_end();
  return (int)evseal_status_class(status);
}
