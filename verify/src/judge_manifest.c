/* Rule 8: is this package for this device, and may it be installed now? */
#include "judge.h"
#include "manifest_fields.h"

/* The unit's serial number; an entry without the list is for all of them, unless `must_list`. */
static bool serial_listed(evseal_span entry, evseal_span serial, bool must_list) {
  evseal_span rest;
  evseal_span item;
  if (!evseal_json_member(entry, "serials", &rest)) {
    return !must_list;
  }
  while (evseal_json_next_item(&rest, &item)) {
    evseal_span text;
    size_t len = 0;
    if (evseal_json_string(item, &text, &len) && serial.len > 0 &&
        evseal_span_equal(text, serial)) {
      return true;
    }
  }
  return false;
}

static bool in_range(const evseal_hardware_range* range, const evseal_unit* unit) {
  return !range->present ||
         (unit->hardware_known && unit->hardware >= range->min && unit->hardware <= range->max);
}

/* Section 7.1: one entry must match in full; the status tells how far the nearest one came. */
static evseal_status check_compatible(const evseal_verify_ctx* ctx) {
  evseal_status nearest = EVSEAL_WRONG_DEVICE;
  evseal_span rest = ctx->report.manifest.compatible_json;
  evseal_span entry;
  while (evseal_json_next_item(&rest, &entry)) {
    evseal_span vendor;
    evseal_span model;
    evseal_hardware_range range;
    if (!evseal_field_name(entry, "vendor", NAME_MAX_OCTETS, &vendor) ||
        !evseal_field_name(entry, "model", NAME_MAX_OCTETS, &model) ||
        !evseal_field_hardware(entry, &range)) {
      return EVSEAL_MANIFEST_SCHEMA;
    }
    if (!evseal_span_equal(vendor, ctx->profile.vendor) ||
        !evseal_span_equal(model, ctx->profile.model)) {
      continue;
    }
    if (!in_range(&range, &ctx->config.unit)) {
      nearest = nearest == EVSEAL_WRONG_DEVICE ? EVSEAL_WRONG_HARDWARE : nearest;
      continue;
    }
    if (serial_listed(entry, ctx->config.unit.serial, ctx->config.recovery.len > 0)) {
      return EVSEAL_OK;
    }
    nearest = EVSEAL_WRONG_SERIAL;
  }
  return nearest;
}

/* A name in a SEQUENCE OF UTF8String of the profile; an empty list names everything. */
static bool in_scope_list(evseal_span names, evseal_span name) {
  der_reader reader = der_open(names);
  evseal_span listed;
  bool all = der_done(&reader);
  while (evseal_der_read(&reader, DER_UTF8_STRING, &listed)) {
    if (evseal_span_equal(listed, name)) {
      return true;
    }
  }
  return all;
}

/* Kind, recovery and stage. */
static evseal_status check_kind(const judgement* j) {
  const evseal_verify_ctx* ctx = j->ctx;
  const evseal_manifest* manifest = &ctx->report.manifest;
  if ((uint32_t)manifest->kind != ctx->kind) {
    return EVSEAL_KIND_MISMATCH;
  }
  bool taken = manifest->kind == EVSEAL_KIND_FIRMWARE ||
               (EVSEAL_WITH_TRUST_UPDATE && j->store->require_trust_update.len > 0);
  if (!taken) {
    return EVSEAL_KIND_UNSUPPORTED;
  }
  bool asked = ctx->config.recovery.len > 0;
  bool answers = asked && manifest->has_recovery &&
                 memcmp(ctx->config.recovery.data, manifest->recovery, EVSEAL_SHA256_LEN) == 0;
  if (asked != manifest->has_recovery || asked != answers) {
    return EVSEAL_RECOVERY_REFUSED;
  }
  return (ctx->profile.stages & (uint32_t)manifest->stage) != 0 ? EVSEAL_OK : EVSEAL_STAGE_REFUSED;
}

/* The device's limits. */
static evseal_status check_limits(evseal_verify_ctx* ctx) {
  const evseal_manifest* manifest = &ctx->report.manifest;
  if (manifest->num_components > ctx->profile.max_components) {
    return EVSEAL_LIMIT_COMPONENTS;
  }
  for (unsigned i = 0; i < manifest->num_components; i++) {
    evseal_status status = evseal_manifest_component(&ctx->component, manifest, i);
    if (status != EVSEAL_OK) {
      return status;
    }
    if (ctx->component.chunk_size > ctx->profile.chunk_bytes) {
      ctx->report.failed_component = i;
      return EVSEAL_LIMIT_CHUNK;
    }
  }
  return EVSEAL_OK;
}

/* What a signer's certificate and role let it sign. */
static evseal_status check_scope(evseal_verify_ctx* ctx, const evseal_role* role,
                                 uint32_t policies) {
  const evseal_manifest* manifest = &ctx->report.manifest;
  uint32_t policy = manifest->kind == EVSEAL_KIND_FIRMWARE ? (uint32_t)manifest->stage
                                                           : EVSEAL_POLICY_TRUST_UPDATE;
  bool waived = (role->flags & EVSEAL_ROLE_POLICIES_WAIVED) != 0;
  if (!waived && (policies & policy) == 0) {
    return EVSEAL_STAGE_MISMATCH;
  }
  if (!in_scope_list(role->models, ctx->profile.model) ||
      (role->kinds & (uint32_t)manifest->kind) == 0 ||
      (role->stages & (uint32_t)manifest->stage) == 0) {
    return EVSEAL_SCOPE_MODEL;
  }
  for (unsigned i = 0; i < manifest->num_components; i++) {
    evseal_status status = evseal_manifest_component(&ctx->component, manifest, i);
    if (status != EVSEAL_OK) {
      return status;
    }
    if (!in_scope_list(role->components, ctx->component.id)) {
      return EVSEAL_SCOPE_COMPONENT;
    }
  }
  return EVSEAL_OK;
}

void evseal_judge_scope(judgement* j) {
  evseal_verify_ctx* ctx = j->ctx;
  for (unsigned i = 0; i < j->envelope.num_signers; i++) {
    evseal_role role;
    if (!evseal_judge_counts(j, i)) {
      continue;
    }
    uint32_t policies = ctx->certificates[j->envelope.signers[i].leaf].policies;
    ctx->verdicts[i].status = evseal_trust_role(&role, j->store, ctx->verdicts[i].role)
                                  ? check_scope(ctx, &role, policies)
                                  : EVSEAL_CHAIN_NO_ANCHOR;
  }
}

/* A requirement is met by a component of this manifest or by what the device already has. */
static bool requirement_met(const evseal_verify_ctx* ctx, evseal_span id, uint32_t least) {
  evseal_component other;
  for (unsigned i = 0; i < ctx->report.manifest.num_components; i++) {
    if (evseal_manifest_component(&other, &ctx->report.manifest, i) == EVSEAL_OK &&
        evseal_span_equal(other.id, id) && in_range(&other.hardware, &ctx->config.unit) &&
        other.security_version >= least) {
      return true;
    }
  }
  evseal_slot slot;
  return evseal_device_slot(&slot, &ctx->profile, &ctx->state, id) &&
         slot.security_version >= least;
}

/* Slot, rollback, jump and requirements of ctx->component. */
static evseal_status check_component(evseal_verify_ctx* ctx) {
  const evseal_component* component = &ctx->component;
  evseal_slot slot;
  if (!evseal_device_slot(&slot, &ctx->profile, &ctx->state, component->id)) {
    return EVSEAL_COMPONENT_UNKNOWN;
  }
  if (component->security_version < slot.security_version) {
    return EVSEAL_ROLLBACK;
  }
  if (component->security_version - slot.security_version > ctx->profile.security_version_jump) {
    return EVSEAL_VERSION_JUMP;
  }
  evseal_span id;
  uint32_t least = 0;
  for (unsigned i = 0; evseal_component_requirement(&id, &least, component, i); i++) {
    if (!requirement_met(ctx, id, least)) {
      return EVSEAL_REQUIREMENT_UNMET;
    }
  }
  /* Whether such a component is for this unit cannot be told: skipping it unsaid would be a guess.
   */
  if (component->hardware.present && !ctx->config.unit.hardware_known) {
    return EVSEAL_WRONG_HARDWARE;
  }
  uint32_t bit = 1u << component->index;
  bool applicable = in_range(&component->hardware, &ctx->config.unit);
  ctx->report.applicable |= applicable ? bit : 0;
  ctx->report.needed |= applicable && slot.needed ? bit : 0;
  return EVSEAL_OK;
}

static evseal_status check_components(evseal_verify_ctx* ctx) {
  for (unsigned i = 0; i < ctx->report.manifest.num_components; i++) {
    evseal_status status = evseal_manifest_component(&ctx->component, &ctx->report.manifest, i);
    if (status == EVSEAL_OK) {
      status = check_component(ctx);
    }
    if (status != EVSEAL_OK) {
      ctx->report.failed_component = i;
      return status;
    }
  }
  /* A package without anything for this unit is for other units. */
  return ctx->report.applicable != 0 ? EVSEAL_OK : EVSEAL_WRONG_HARDWARE;
}

/* Section 2: the mask in its one form, and nothing missing that this device needs. */
static evseal_status check_mask(evseal_verify_ctx* ctx) {
  unsigned count = ctx->report.manifest.num_components;
  uint32_t all = count == 32 ? UINT32_MAX : (1u << count) - 1u;
  if ((ctx->mask & ~all) != 0 || ctx->mask == all) {
    return EVSEAL_COMPONENT_MASK;
  }
  ctx->report.present = ctx->mask == 0 ? all : ctx->mask;
  uint32_t absent = ctx->report.needed & ~ctx->report.present;
  for (unsigned i = 0; i < count; i++) {
    if ((absent >> i & 1u) != 0) {
      ctx->report.failed_component = i;
      return EVSEAL_COMPONENT_ABSENT;
    }
  }
  return EVSEAL_OK;
}

evseal_status evseal_judge_manifest_for_device(judgement* j) {
  evseal_status status = check_kind(j);
  if (status == EVSEAL_OK) {
    status = check_compatible(j->ctx);
  }
  return status == EVSEAL_OK ? check_limits(j->ctx) : status;
}

/* A device that lost its state gets every floor from the update, none by default. */
static bool resets_all(const evseal_verify_ctx* ctx) {
  const evseal_manifest* manifest = &ctx->report.manifest;
  evseal_slot slot;
  for (unsigned i = 0; evseal_profile_slot(&slot, &ctx->profile, i); i++) {
    evseal_span id;
    uint32_t version = 0;
    bool given = false;
    for (unsigned k = 0; !given && evseal_manifest_reset_slot(&id, &version, manifest, k); k++) {
      given = evseal_span_equal(id, slot.id);
    }
    if (!given) {
      return false;
    }
  }
  return manifest->resets_time_floor;
}

/* What a trust-update asks for. */
static evseal_status check_trust_update(evseal_verify_ctx* ctx) {
  const evseal_manifest* manifest = &ctx->report.manifest;
  bool recovers = ctx->config.recovery.len > 0;
  evseal_slot slot;
  evseal_span id;
  uint32_t version = 0;
  if (ctx->mask != 0) {
    return EVSEAL_COMPONENT_MASK;
  }
  if (!recovers &&
      (ctx->state.trust_epoch == UINT32_MAX || manifest->epoch != ctx->state.trust_epoch + 1u)) {
    return EVSEAL_TRUST_EPOCH;
  }
  for (unsigned i = 0; evseal_manifest_reset_slot(&id, &version, manifest, i); i++) {
    if (!evseal_device_slot(&slot, &ctx->profile, &ctx->state, id)) {
      return EVSEAL_COMPONENT_UNKNOWN;
    }
  }
  if (recovers && !resets_all(ctx)) {
    return EVSEAL_RECOVERY_REFUSED;
  }
  evseal_trust_store store;
  return evseal_judge_new_trust(ctx, &store);
}

static uint8_t hex_value(uint8_t digit) {
  return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* The DER goes where chunks would: a trust-update has none. */
evseal_status evseal_judge_new_trust(evseal_verify_ctx* ctx, evseal_trust_store* out) {
  evseal_span digits = ctx->report.manifest.trust_hex;
  size_t len = digits.len / 2;
  uint8_t* der = ctx->config.workspace + ctx->profile.envelope_bytes;
  if (len > ctx->profile.chunk_bytes) {
    return EVSEAL_TRUST_STORE;
  }
  for (size_t i = 0; i < len; i++) {
    der[i] = (uint8_t)(hex_value(digits.data[2 * i]) << 4 | hex_value(digits.data[2 * i + 1]));
  }
  ctx->new_trust_der = evseal_span_of(der, len);
  evseal_status status = evseal_trust_store_open(out, ctx->new_trust_der);
  /* A store that takes no trust-updates would be the device's last. */
  return status == EVSEAL_OK && out->require_trust_update.len == 0 ? EVSEAL_TRUST_STORE : status;
}

evseal_status evseal_judge_manifest_content(judgement* j) {
  if (EVSEAL_WITH_TRUST_UPDATE && j->ctx->report.manifest.kind == EVSEAL_KIND_TRUST_UPDATE) {
    return check_trust_update(j->ctx);
  }
  evseal_status status = check_components(j->ctx);
  return status == EVSEAL_OK ? check_mask(j->ctx) : status;
}
