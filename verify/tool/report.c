#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hints.h"

#define REPORT_SCHEMA "evseal.device-verify/1"

/* Text of ours or of the command line as a JSON string. */
static void print_json_text(const char* text) {
  (void)putchar('"');
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
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

static void print_hex(const uint8_t* data, size_t len) {
  for (size_t i = 0; i < len; i++) {
    (void)printf("%02x", data[i]);
  }
}

static const char* the_warnings[4];
static unsigned num_warnings;

void report_warn(const options* given, const char* text) {
  if (num_warnings < sizeof the_warnings / sizeof the_warnings[0]) {
    the_warnings[num_warnings++] = text;
  }
  if (!given->quiet) {
    (void)fprintf(stderr, "evseal-verify: warning: %s\n", text);
  }
}

/* The last members of every object. */
static void print_advice_json(const char* hint) {
  if (hint != NULL) {
    (void)fputs(",\"hint\":", stdout);
    print_json_text(hint);
  }
  (void)fputs(",\"warnings\":[", stdout);
  for (unsigned i = 0; i < num_warnings; i++) {
    (void)fputs(i == 0 ? "" : ",", stdout);
    print_json_text(the_warnings[i]);
  }
  (void)fputs("]}\n", stdout);
}

/* A string of the manifest: canonical JSON has it escaped already. */
static void print_raw(evseal_span text) {
  (void)printf("%.*s", (int)text.len, (const char*)text.data);
}

static void print_time(int64_t seconds) {
  time_t value = (time_t)seconds;
  struct tm time;
  char text[32];
  if (gmtime_r(&value, &time) == NULL ||
      strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &time) == 0) {
    (void)printf("%" PRId64, seconds);
    return;
  }
  (void)fputs(text, stdout);
}

static const char* result_of(evseal_status status) {
  if (status == EVSEAL_OK) {
    return "accepted";
  }
  return evseal_status_class(status) == EVSEAL_CLASS_CONFIGURATION ||
                 evseal_status_class(status) == EVSEAL_CLASS_IO
             ? "error"
             : "refused";
}

static const char* yes_no(uint32_t mask, unsigned index) {
  return (mask >> index & 1u) != 0 ? "true" : "false";
}

static void print_component_json(const evseal_verify_ctx* ctx, const evseal_report* report,
                                 unsigned index) {
  evseal_component component;
  uint32_t floor = 0;
  if (evseal_manifest_component(&component, &report->manifest, index) != EVSEAL_OK) {
    return;
  }
  (void)printf("%s{\"id\":\"", index == 0 ? "" : ",");
  print_raw(component.id);
  (void)fputs("\",\"version\":\"", stdout);
  print_raw(component.version);
  (void)printf("\",\"security_version\":%" PRIu32 ",\"size\":%" PRIu64, component.security_version,
               component.size);
  (void)printf(",\"present\":%s,\"needed\":%s,\"verified\":%s", yes_no(report->present, index),
               yes_no(report->needed, index), yes_no(report->complete, index));
  if (evseal_verify_security_version_floor(ctx, index, &floor) == EVSEAL_OK) {
    (void)printf(",\"floor_after\":%" PRIu32, floor);
  }
  (void)putchar('}');
}

static void print_package_json(const evseal_verify_ctx* ctx, const evseal_report* report) {
  (void)fputs(",\"package\":{\"identity\":\"", stdout);
  print_hex(report->package_id, sizeof report->package_id);
  if (report->manifest.text.len > 0) {
    (void)fputs("\",\"id\":\"", stdout);
    print_raw(report->manifest.id);
    (void)fputs("\",\"vendor\":\"", stdout);
    print_raw(report->manifest.vendor);
    (void)fputs("\",\"version\":\"", stdout);
    print_raw(report->manifest.version);
  }
  (void)putchar('"');
  if (report->manifest.kind == EVSEAL_KIND_TRUST_UPDATE) {
    (void)printf(",\"epoch\":%" PRIu32, report->manifest.epoch);
  }
  (void)fputs("},\"components\":[", stdout);
  for (unsigned i = 0; i < report->manifest.num_components; i++) {
    print_component_json(ctx, report, i);
  }
  (void)putchar(']');
}

static void print_signers_json(const evseal_report* report) {
  (void)fputs(",\"signers\":[", stdout);
  for (unsigned i = 0; i < report->num_signers; i++) {
    const evseal_signer_report* signer = &report->signers[i];
    (void)printf("%s{\"status\":\"%s\",\"key_hash\":\"", i == 0 ? "" : ",",
                 evseal_status_name(signer->status));
    print_hex(signer->key_hash, sizeof signer->key_hash);
    (void)fputs("\",\"role\":\"", stdout);
    print_raw(signer->role); /* a name: nothing in it needs an escape */
    if (signer->new_status != EVSEAL_PENDING) {
      (void)printf("\",\"new_status\":\"%s", evseal_status_name(signer->new_status));
    }
    (void)fputs("\",\"signing_time\":\"", stdout);
    print_time(signer->signing_time);
    (void)fputs("\"}", stdout);
  }
  (void)putchar(']');
}

static void print_crls_json(const evseal_report* report) {
  (void)fputs(",\"crls\":[", stdout);
  for (unsigned i = 0; i < report->num_crls; i++) {
    (void)printf("%s{\"issuer_key\":\"", i == 0 ? "" : ",");
    print_hex(report->crls[i].issuer_key, sizeof report->crls[i].issuer_key);
    (void)printf("\",\"number\":%" PRIu64 "}", report->crls[i].number);
  }
  (void)printf("],\"learnt\":%s", report->learnt ? "true" : "false");
}

static void print_steps_json(const step_note* steps, unsigned num_steps) {
  (void)fputs(",\"steps\":[", stdout);
  for (unsigned i = 0; i < num_steps; i++) {
    (void)printf("%s{\"status\":\"%s\"", i == 0 ? "" : ",", evseal_status_name(steps[i].status));
    if (steps[i].epoch != 0) {
      (void)printf(",\"epoch\":%" PRIu32, steps[i].epoch);
    }
    (void)putchar('}');
  }
  (void)putchar(']');
}

static void print_json(const options* given, const evseal_verify_ctx* ctx,
                       const evseal_report* report, const step_note* steps, unsigned num_steps) {
  evseal_status status = report->status;
  evseal_ocpp ocpp = evseal_status_ocpp(status);
  (void)printf("{\"schema\":\"" REPORT_SCHEMA "\",\"result\":\"%s\",\"status\":\"%s\",\"code\":%d",
               result_of(status), evseal_status_name(status), (int)evseal_status_class(status));
  (void)printf(",\"retryable\":false,\"text\":\"%s\",\"state\":\"%s\"", evseal_status_text(status),
               given->factory_new ? "factory-new" : "file");
  (void)printf(",\"ocpp\":{\"firmware_status\":\"%s\",\"security_event\":\"%s\"}",
               evseal_ocpp_firmware_status(ocpp), evseal_ocpp_security_event(ocpp));
  print_steps_json(steps, num_steps);
  print_signers_json(report);
  print_crls_json(report);
  if (report->authenticated) {
    print_package_json(ctx, report);
  }
  if (status == EVSEAL_OK) {
    (void)fputs(",\"time_floor_after\":\"", stdout);
    print_time(report->time_floor);
    (void)putchar('"');
  }
  print_advice_json(hint_for(status));
}

static void print_failed_component(const evseal_report* report) {
  evseal_component component;
  if (report->failed_component < report->manifest.num_components &&
      evseal_manifest_component(&component, &report->manifest, report->failed_component) ==
          EVSEAL_OK) {
    (void)fputs("component ", stdout);
    print_raw(component.id);
    (void)fputs(": ", stdout);
  }
}

static void print_steps(const step_note* steps, unsigned num_steps) {
  for (unsigned i = 0; i < num_steps; i++) {
    (void)printf("step %u: %s (%s)\n", i + 1, steps[i].status == EVSEAL_OK ? "taken" : "left out",
                 evseal_status_name(steps[i].status));
  }
}

static void print_signers(const evseal_report* report) {
  for (unsigned i = 0; i < report->num_signers; i++) {
    const evseal_signer_report* signer = &report->signers[i];
    (void)fputs("  signed ", stdout);
    print_time(signer->signing_time);
    if (signer->role.len > 0) {
      (void)fputs(" as ", stdout);
      print_raw(signer->role);
    }
    if (signer->status != EVSEAL_OK) {
      (void)printf(": does not count (%s)", evseal_status_name(signer->status));
    }
    (void)putchar('\n');
  }
}

static void print_people(const options* given, const evseal_report* report) {
  if (report->status != EVSEAL_OK) {
    (void)fputs("REFUSED  ", stdout);
    print_failed_component(report);
    (void)printf("%s (%s)\n", evseal_status_text(report->status),
                 evseal_status_name(report->status));
    print_signers(report);
    const char* hint = hint_for(report->status);
    if (hint != NULL) {
      (void)fflush(stdout); /* a hint follows what it is about */
      (void)fprintf(stderr, "evseal-verify: hint: %s\n", hint);
    }
    return;
  }
  (void)fputs("ACCEPTED  ", stdout);
  print_raw(report->manifest.id);
  (void)putchar(' ');
  print_raw(report->manifest.version);
  (void)fputs(", signed ", stdout);
  print_time(report->signers[0].signing_time);
  (void)putchar('\n');
  print_signers(report);
  if (given->num_writes == 0 && report->manifest.kind == EVSEAL_KIND_FIRMWARE) {
    (void)fputs(
        "This is about the bytes read now; it is no licence to install from the same path later. "
        "Use --write.\n",
        stdout);
  }
}

void report_print(const options* given, const evseal_verify_ctx* ctx, const evseal_report* report,
                  const step_note* steps, unsigned num_steps) {
  if (given->json) {
    print_json(given, ctx, report, steps, num_steps);
  } else if (!given->quiet) {
    print_steps(steps, num_steps);
    print_people(given, report);
  }
}

void report_error(const options* given, evseal_class code, const char* status, bool retryable,
                  const char* what, const char* why, const char* hint) {
  if (given->json) {
    (void)printf("{\"schema\":\"" REPORT_SCHEMA
                 "\",\"result\":\"error\",\"status\":\"%s\",\"code\":%d",
                 status, (int)code);
    (void)printf(",\"retryable\":%s,\"text\":", retryable ? "true" : "false");
    print_json_text(why);
    (void)fputs(",\"what\":", stdout);
    print_json_text(what);
    print_advice_json(hint);
  }
  (void)fprintf(stderr, "evseal-verify: error: %s: %s\n", what, why);
  if (hint != NULL) {
    (void)fprintf(stderr, "evseal-verify: hint: %s\n", hint);
  }
}
