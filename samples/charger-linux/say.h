/* What the program says: one JSON object a line, each with an `event`. */
#ifndef CHARGER_SAY_H
#define CHARGER_SAY_H

#include <evseal/verify.h>

/* {"event":"EVENT" ... }: members follow until say_end(). */
void say_begin(const char* event);
void say_text(const char* member, const char* text);
void say_span(const char* member, evseal_span text); /* of the manifest: it needs no escapes */
void say_number(const char* member, uint64_t value);
void say_flag(const char* member, bool value);
void say_hex(const char* member, const uint8_t* bytes, size_t len);
void say_open(const char* member); /* an array of objects: say_item(), members, ..., say_close() */
void say_item(void);
void say_close(void);
void say_end(void);

/* A status with its text, its exit code, and what OCPP calls it, as members. */
void say_status(evseal_status status);

/* An error of ours. Returns the exit code. */
int say_error(int code, const char* what, const char* why, const char* hint);
/* An error of the system (errno). Returns EVSEAL_CLASS_IO. */
int say_io(const char* what);
/* A status that permits no verdict. Returns its exit code. */
int say_failure(const char* what, evseal_status status);

#endif
