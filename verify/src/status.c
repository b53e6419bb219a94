#include "evseal/status.h"

#include <stddef.h>

typedef struct status_entry {
  uint32_t value;
  uint8_t class_;
  uint8_t ocpp;
  const char* name;
  const char* text;
} status_entry;

static const status_entry entries[] = {
#define ENTRY(name, lower, value, class_, ocpp, text) \
  {value, EVSEAL_CLASS_##class_, EVSEAL_OCPP_##ocpp, lower, text},
    EVSEAL_STATUS_LIST(ENTRY)
#undef ENTRY
};

static const status_entry* find(evseal_status status) {
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
    if (entries[i].value == (uint32_t)status) {
      return &entries[i];
    }
  }
  return NULL;
}

const char* evseal_status_name(evseal_status status) {
  const status_entry* entry = find(status);
  return entry == NULL ? "unknown" : entry->name;
}

const char* evseal_status_text(evseal_status status) {
  const status_entry* entry = find(status);
  return entry == NULL ? "a status that is none" : entry->text;
}

evseal_class evseal_status_class(evseal_status status) {
  const status_entry* entry = find(status);
  return entry == NULL ? EVSEAL_CLASS_CONFIGURATION : (evseal_class)entry->class_;
}

evseal_ocpp evseal_status_ocpp(evseal_status status) {
  const status_entry* entry = find(status);
  return entry == NULL ? EVSEAL_OCPP_NONE : (evseal_ocpp)entry->ocpp;
}

const char* evseal_ocpp_firmware_status(evseal_ocpp outcome) {
  switch (outcome) {
    case EVSEAL_OCPP_SIGNATURE_VERIFIED:
      return "SignatureVerified";
    case EVSEAL_OCPP_INVALID_SIGNATURE:
    case EVSEAL_OCPP_INVALID_CERTIFICATE:
      return "InvalidSignature";
    case EVSEAL_OCPP_INSTALL_VERIFICATION:
      return "InstallVerificationFailed";
    case EVSEAL_OCPP_NONE:
      return "";
  }
  return "";
}

const char* evseal_ocpp_security_event(evseal_ocpp outcome) {
  switch (outcome) {
    case EVSEAL_OCPP_INVALID_SIGNATURE:
      return "InvalidFirmwareSignature";
    case EVSEAL_OCPP_INVALID_CERTIFICATE:
      return "InvalidFirmwareSigningCertificate";
    case EVSEAL_OCPP_SIGNATURE_VERIFIED:
    case EVSEAL_OCPP_INSTALL_VERIFICATION:
    case EVSEAL_OCPP_NONE:
      return "";
  }
  return "";
}
