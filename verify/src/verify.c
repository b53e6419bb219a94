/* The push state machine: what the next octets are, where they go, and what happens when they are
 * complete. */
#include "evseal/verify.h"

#include "judge.h"
#include "state_write.h"
#include "stream.h"
#include "tree.h"

_Static_assert(sizeof(evseal_verify_ctx) <= EVSEAL_VERIFY_CTX_MAX,
               "the published context size is too small");

_Static_assert(SLOT_LEN + sizeof(uint32_t) <= SLOT_PREFIX, "a chunk buffer's head overlaps");

uint8_t* evseal_stream_slot(const evseal_verify_ctx* ctx, unsigned index) {
  size_t stride = EVSEAL_SLOT_OVERHEAD + (size_t)ctx->component.chunk_size;
  return ctx->config.workspace + ctx->profile.envelope_bytes + index * stride;
}

/* Sets the sticky status. Success is no step's to give: only the final verdict is. */
static evseal_status fail(evseal_verify_ctx* ctx, evseal_status status) {
  ctx->status = status == EVSEAL_OK ? EVSEAL_MISUSE : status;
  return ctx->status;
}

static evseal_status check_config(const evseal_verify_config* config) {
  if (config->crypto == NULL || config->workspace == NULL ||
      (config->profile.len > 0 && config->profile.data == NULL)) {
    return EVSEAL_MISUSE;
  }
  bool recovery_fine = config->recovery.len == 0 ||
                       (config->recovery.len == EVSEAL_SHA256_LEN && config->recovery.data != NULL);
  if (!recovery_fine) {
    return EVSEAL_MISUSE;
  }
  return config->crypto->sha256 == NULL ? EVSEAL_CRYPTO_MISSING : EVSEAL_OK;
}

evseal_status evseal_verify_init(evseal_verify_ctx* ctx, const evseal_verify_config* config) {
  if (ctx == NULL) {
    return EVSEAL_MISUSE;
  }
  memset(ctx, 0, sizeof *ctx);
  ctx->report.failed_component = EVSEAL_MAX_COMPONENTS;
  if (config == NULL) {
    return fail(ctx, EVSEAL_MISUSE);
  }
  memcpy(&ctx->config, config, sizeof *config);
  evseal_status status = check_config(config);
  if (status == EVSEAL_OK) {
    status = evseal_judge_open_device(ctx);
  }
  /* Twice, as every decision: a single fault in one round does not decide. */
  evseal_status again = status == EVSEAL_OK ? evseal_judge_open_device(ctx) : status;
  if (status != EVSEAL_OK || again != EVSEAL_OK) {
    return fail(ctx, status != EVSEAL_OK ? status : again);
  }
  /* What cannot be without a fault from outside: the one is the other's copy, octet for octet. */
  // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c)
  if (memcmp(&ctx->config, config, sizeof *config) != 0) {
    return fail(ctx, EVSEAL_MISUSE);
  }
  ctx->budget.operations = EVSEAL_MAX_OPERATIONS;
  ctx->budget.name_steps = EVSEAL_MAX_NAME_STEPS;
  ctx->phase = PHASE_HEADER;
  ctx->status = EVSEAL_PENDING;
  return EVSEAL_PENDING;
}

#define MAGIC_KIND 3u
#define MAGIC_VERSION 4u

/* The magic: what kind of package this says it is. */
static evseal_status read_magic(const uint8_t* h, uint32_t* out_kind) {
  static const uint8_t magic[8] = {0x89, 'E', 'V', 0, 0, 0x0D, 0x0A, 0x1A};
  *out_kind = 0;
  if (memcmp(h, magic, MAGIC_KIND) != 0 || memcmp(h + 5, magic + 5, 3) != 0 ||
      (h[MAGIC_KIND] != 'S' && h[MAGIC_KIND] != 'U')) {
    return EVSEAL_FILE_MAGIC;
  }
  if (h[MAGIC_VERSION] != '1') {
    return EVSEAL_FILE_VERSION;
  }
  *out_kind = h[MAGIC_KIND] == 'S' ? EVSEAL_KIND_FIRMWARE : EVSEAL_KIND_TRUST_UPDATE;
  return EVSEAL_OK;
}

uint64_t evseal_step_size(const uint8_t header[EVSEAL_HEADER_LEN]) {
  uint32_t kind = 0;
  if (read_magic(header, &kind) != EVSEAL_OK || kind != EVSEAL_KIND_TRUST_UPDATE) {
    return 0;
  }
  uint64_t len = (uint64_t)header[8] << 24 | (uint64_t)header[9] << 16 | (uint64_t)header[10] << 8 |
                 header[11];
  uint64_t end = EVSEAL_HEADER_LEN + len;
  return end + (PAYLOAD_ALIGNMENT - end % PAYLOAD_ALIGNMENT) % PAYLOAD_ALIGNMENT;
}

/* Rule 1. */
evseal_status evseal_stream_read_header(evseal_verify_ctx* ctx) {
  const uint8_t* h = ctx->header;
  evseal_status status = read_magic(h, &ctx->kind);
  if (status != EVSEAL_OK) {
    return status;
  }
  uint32_t len = (uint32_t)h[8] << 24 | (uint32_t)h[9] << 16 | (uint32_t)h[10] << 8 | h[11];
  ctx->mask = (uint32_t)h[12] << 24 | (uint32_t)h[13] << 16 | (uint32_t)h[14] << 8 | h[15];
  if (len == 0 || len > ctx->profile.envelope_bytes) {
    return EVSEAL_ENVELOPE_LENGTH;
  }
  ctx->envelope_len = len;
  return EVSEAL_OK;
}

static evseal_status take_header(evseal_verify_ctx* ctx) {
  evseal_status status = evseal_stream_read_header(ctx);
  if (status != EVSEAL_OK) {
    return status;
  }
  ctx->phase = PHASE_ENVELOPE;
  return EVSEAL_PENDING;
}

uint64_t evseal_stream_payload_start(const evseal_verify_ctx* ctx) {
  uint64_t end = EVSEAL_HEADER_LEN + (uint64_t)ctx->envelope_len;
  return end + (PAYLOAD_ALIGNMENT - end % PAYLOAD_ALIGNMENT) % PAYLOAD_ALIGNMENT;
}

void evseal_stream_expect_element(evseal_verify_ctx* ctx) {
  ctx->phase = evseal_tree_expects_node(ctx) ? PHASE_NODE : PHASE_CHUNK;
}

evseal_status evseal_stream_begin_component(evseal_verify_ctx* ctx) {
  unsigned count = ctx->report.manifest.num_components;
  while (ctx->next_component < count && (ctx->report.present >> ctx->next_component & 1u) == 0) {
    ctx->next_component++;
  }
  if (ctx->next_component == count) {
    ctx->phase = PHASE_END;
    return EVSEAL_PENDING;
  }
  unsigned index = ctx->next_component++;
  evseal_status status = evseal_manifest_component(&ctx->component, &ctx->report.manifest, index);
  if (status != EVSEAL_OK) {
    return status;
  }
  const evseal_callbacks* callbacks = &ctx->config.callbacks;
  evseal_answer answer = EVSEAL_SKIP;
  if ((ctx->report.applicable >> index & 1u) != 0) {
    answer = callbacks->on_component == NULL
                 ? EVSEAL_TAKE
                 : callbacks->on_component(callbacks->user, &ctx->component);
  }
  if (answer == EVSEAL_SKIP) {
    ctx->phase = PHASE_SKIP;
    ctx->remaining = ctx->component.file_size;
    return EVSEAL_PENDING;
  }
  if (answer != EVSEAL_TAKE) {
    return EVSEAL_ABORTED;
  }
  if (EVSEAL_MAX_LEAVES >> EVSEAL_MAX_LEVELS > 1u &&
      ctx->component.num_chunks > 1u << EVSEAL_MAX_LEVELS) {
    ctx->report.failed_component = index;
    return EVSEAL_LIMIT_CHUNK;
  }
  size_t area = ctx->config.workspace_len - ctx->profile.envelope_bytes;
  size_t buffers = area / (EVSEAL_SLOT_OVERHEAD + (size_t)ctx->component.chunk_size);
  size_t most = callbacks->hash_chunks == NULL ? 1u : EVSEAL_MAX_BATCH;
  ctx->num_buffers = (unsigned)(buffers < most ? buffers : most);
  ctx->num_full = 0;
  ctx->checked = 0;
  ctx->report.taken |= 1u << index;
  evseal_tree_start(ctx);
  evseal_stream_expect_element(ctx);
  return EVSEAL_PENDING;
}

/* What a judgement decides about the payload and about what is remembered. */
typedef struct outcome {
  uint32_t present;
  uint32_t applicable;
  uint32_t needed;
  uint32_t raises_floors;
  int64_t time_floor;
  uint64_t file_size; /* header, envelope, padding, and the components that are present */
} outcome;

static void find_outcome(outcome* out, const evseal_verify_ctx* ctx) {
  const evseal_report* report = &ctx->report;
  evseal_component component;
  memset(out, 0, sizeof *out);
  out->present = report->present;
  out->applicable = report->applicable;
  out->needed = report->needed;
  out->raises_floors = report->raises_floors ? 1u : 0u;
  out->time_floor = report->time_floor;
  out->file_size = evseal_stream_payload_start(ctx);
  for (unsigned i = 0; i < report->manifest.num_components; i++) {
    if ((report->present >> i & 1u) != 0 &&
        evseal_manifest_component(&component, &report->manifest, i) == EVSEAL_OK) {
      out->file_size += component.file_size;
    }
  }
}

/* So that octets of padding that did not arrive here are not taken for zeros. */
static void poison(evseal_verify_ctx* ctx) {
  memset(ctx->small, 0xFF, sizeof ctx->small);
}

/* Rules 2 to 9, then the padding or the first component. */
static evseal_status take_envelope(evseal_verify_ctx* ctx) {
  evseal_status status = evseal_judge_envelope(ctx);
  if (status != EVSEAL_OK) {
    ctx->report.operations = EVSEAL_MAX_OPERATIONS - ctx->budget.operations;
    return status;
  }
  outcome first;
  outcome second;
  find_outcome(&first, ctx);
  /* Twice, from the bytes on: a single fault (a glitched instruction) decides in one round only. */
  evseal_status again = evseal_judge_envelope(ctx);
  ctx->report.operations = EVSEAL_MAX_OPERATIONS - ctx->budget.operations;
  if (again != EVSEAL_OK || ctx->proof != 2u * PROOF_OF_ENVELOPE) {
    return again != EVSEAL_OK ? again : EVSEAL_MISUSE;
  }
  find_outcome(&second, ctx);
  ctx->file_size = first.file_size;
  if (memcmp(&first, &second, sizeof first) != 0) {
    return EVSEAL_MISUSE;
  }
  const evseal_callbacks* callbacks = &ctx->config.callbacks;
  if (callbacks->on_manifest != NULL &&
      callbacks->on_manifest(callbacks->user, &ctx->report.manifest) != EVSEAL_TAKE) {
    return EVSEAL_ABORTED;
  }
  ctx->remaining = evseal_stream_payload_start(ctx) - ctx->file_offset;
  if (ctx->remaining == 0) {
    return evseal_stream_begin_component(ctx);
  }
  poison(ctx);
  ctx->phase = PHASE_PADDING;
  return EVSEAL_PENDING;
}

static evseal_status take_padding(evseal_verify_ctx* ctx, size_t len) {
  static const uint8_t zeros[sizeof ctx->small] = {0};
  /* There is one octet at least; a loop that asked first whether there is could be misdirected past
   * both comparisons at once. */
  size_t i = 0;
  uint8_t any = 0;
  do {
    any |= ctx->small[i++];
  } while (i < len);
  ctx->doubt |= any;
  if (memcmp(ctx->small, zeros, len) != 0) {
    return EVSEAL_PADDING;
  }
  poison(ctx);
  ctx->remaining -= len;
  return ctx->remaining == 0 ? evseal_stream_begin_component(ctx) : EVSEAL_PENDING;
}

/* Octets of the chunk that comes next. */
static size_t next_chunk_len(const evseal_verify_ctx* ctx) {
  uint64_t left = ctx->component.stored_size - ctx->offset;
  return left < ctx->component.chunk_size ? (size_t)left : (size_t)ctx->component.chunk_size;
}

static uint32_t slot_len(const uint8_t* slot) {
  uint32_t len = 0;
  memcpy(&len, slot + SLOT_LEN, sizeof len);
  return len;
}

/* Fills the digest of every full buffer. */
static evseal_status hash_buffers(evseal_verify_ctx* ctx) {
  const evseal_callbacks* callbacks = &ctx->config.callbacks;
  evseal_hash_job jobs[EVSEAL_MAX_BATCH];
  for (unsigned i = 0; i < ctx->num_full; i++) {
    uint8_t* slot = evseal_stream_slot(ctx, i);
    slot[SLOT_PREFIX] = 0x00;
    jobs[i].bytes = evseal_span_of(slot + SLOT_PREFIX, 1u + slot_len(slot));
    jobs[i].digest = slot + SLOT_DIGEST;
    memset(jobs[i].digest, 0, EVSEAL_SHA256_LEN);
  }
  if (callbacks->hash_chunks != NULL && ctx->num_full > 1) {
    return callbacks->hash_chunks(callbacks->user, jobs, ctx->num_full);
  }
  for (unsigned i = 0; i < ctx->num_full; i++) {
    evseal_status status = ctx->config.crypto->sha256(jobs[i].digest, &jobs[i].bytes, 1);
    if (status != EVSEAL_OK) {
      return status;
    }
  }
  return EVSEAL_OK;
}

/* Checks the full buffers and releases them in order: nothing is released before its own hash held.
 */
static evseal_status release_buffers(evseal_verify_ctx* ctx) {
  const evseal_callbacks* callbacks = &ctx->config.callbacks;
  if (callbacks->on_yield != NULL) {
    callbacks->on_yield(callbacks->user);
  }
  evseal_status status = hash_buffers(ctx);
  if (status != EVSEAL_OK) {
    return status;
  }
  unsigned count = ctx->num_full;
  for (unsigned i = 0; i < count; i++) {
    const uint8_t* slot = evseal_stream_slot(ctx, i);
    uint64_t offset = 0;
    memcpy(&offset, slot + SLOT_OFFSET, sizeof offset);
    ctx->doubt |= evseal_difference(slot + SLOT_EXPECTED, slot + SLOT_DIGEST);
    if (memcmp(slot + SLOT_EXPECTED, slot + SLOT_DIGEST, EVSEAL_SHA256_LEN) != 0) {
      ctx->report.failed_component = ctx->component.index;
      return EVSEAL_CHUNK_DIGEST;
    }
    ctx->checked += slot_len(slot);
    evseal_span bytes = evseal_span_of(slot + EVSEAL_SLOT_OVERHEAD, slot_len(slot));
    /* With the last one released, what is saved from now on is the whole truth. */
    ctx->num_full = i + 1 == count ? 0 : count;
    if (callbacks->on_chunk != NULL &&
        callbacks->on_chunk(callbacks->user, &ctx->component, offset, bytes) != EVSEAL_TAKE) {
      return EVSEAL_ABORTED;
    }
  }
  return EVSEAL_OK;
}

evseal_status evseal_stream_end_component(evseal_verify_ctx* ctx) {
  const evseal_callbacks* callbacks = &ctx->config.callbacks;
  ctx->report.complete |= 1u << ctx->component.index;
  if (callbacks->on_component_end != NULL &&
      callbacks->on_component_end(callbacks->user, &ctx->component) != EVSEAL_TAKE) {
    return EVSEAL_ABORTED;
  }
  return evseal_stream_begin_component(ctx);
}

static evseal_status take_chunk(evseal_verify_ctx* ctx, size_t len) {
  uint8_t* slot = evseal_stream_slot(ctx, ctx->num_full);
  uint32_t chunk_len = (uint32_t)len;
  evseal_tree_take_leaf(ctx, slot + SLOT_EXPECTED);
  memcpy(slot + SLOT_OFFSET, &ctx->offset, sizeof ctx->offset);
  memcpy(slot + SLOT_LEN, &chunk_len, sizeof chunk_len);
  ctx->offset += len;
  ctx->num_full++;
  bool last = evseal_tree_done(ctx);
  if (last || ctx->num_full == ctx->num_buffers) {
    evseal_status status = release_buffers(ctx);
    if (status != EVSEAL_OK) {
      return status;
    }
  }
  if (last) {
    /* Always so, unless a fault from outside skipped the check of a chunk. */
    return ctx->checked == ctx->component.stored_size ? evseal_stream_end_component(ctx)
                                                      : EVSEAL_MISUSE;
  }
  evseal_stream_expect_element(ctx);
  return EVSEAL_PENDING;
}

static evseal_status take_node(evseal_verify_ctx* ctx) {
  evseal_status status = evseal_tree_take_node(ctx, ctx->small);
  if (status != EVSEAL_OK) {
    ctx->report.failed_component = ctx->component.index;
    return status;
  }
  evseal_stream_expect_element(ctx);
  return EVSEAL_PENDING;
}

/* Where the octets of the present phase go, and how many it takes in one piece. */
static size_t target(evseal_verify_ctx* ctx, uint8_t** out_start) {
  size_t area = ctx->config.workspace_len - ctx->profile.envelope_bytes;
  *out_start = ctx->small;
  switch (ctx->phase) {
    case PHASE_HEADER:
      *out_start = ctx->header;
      return EVSEAL_HEADER_LEN;
    case PHASE_ENVELOPE:
      *out_start = ctx->config.workspace;
      return ctx->envelope_len;
    case PHASE_PADDING:
      return ctx->remaining < sizeof ctx->small ? (size_t)ctx->remaining : sizeof ctx->small;
    case PHASE_NODE:
      return TREE_NODE_LEN;
    case PHASE_CHUNK:
      *out_start = evseal_stream_slot(ctx, ctx->num_full) + EVSEAL_SLOT_OVERHEAD;
      return next_chunk_len(ctx);
    case PHASE_SKIP:
      *out_start = ctx->config.workspace + ctx->profile.envelope_bytes;
      return ctx->remaining < area ? (size_t)ctx->remaining : area;
    default:
      return 0;
  }
}

/* The present target is complete. */
static evseal_status complete(evseal_verify_ctx* ctx, size_t len) {
  switch (ctx->phase) {
    case PHASE_HEADER:
      return take_header(ctx);
    case PHASE_ENVELOPE:
      return take_envelope(ctx);
    case PHASE_PADDING:
      return take_padding(ctx, len);
    case PHASE_NODE:
      return take_node(ctx);
    case PHASE_CHUNK:
      return take_chunk(ctx, len);
    case PHASE_SKIP:
      ctx->remaining -= len;
      return ctx->remaining == 0 ? evseal_stream_begin_component(ctx) : EVSEAL_PENDING;
    default:
      return EVSEAL_MISUSE;
  }
}

size_t evseal_verify_buffer(evseal_verify_ctx* ctx, uint8_t** out_buffer) {
  *out_buffer = NULL;
  if (ctx->status != EVSEAL_PENDING || ctx->phase == PHASE_END) {
    return 0;
  }
  uint8_t* start = NULL;
  size_t len = target(ctx, &start);
  *out_buffer = start + ctx->filled;
  return len - ctx->filled;
}

/* Takes octets that have been written where the next ones go. */
static evseal_status take(evseal_verify_ctx* ctx, size_t len) {
  if (ctx->status != EVSEAL_PENDING || len == 0) {
    return ctx->status;
  }
  uint8_t* start = NULL;
  size_t whole = target(ctx, &start);
  if (len > whole - ctx->filled) {
    return fail(ctx, EVSEAL_MISUSE);
  }
  ctx->filled += len;
  ctx->file_offset += len;
  if (ctx->filled < whole) {
    return EVSEAL_PENDING;
  }
  ctx->filled = 0;
  return fail(ctx, complete(ctx, whole));
}

/* Counts what the caller gives. A verdict that has been given stays, whatever follows it. */
static void offer(evseal_verify_ctx* ctx, uint64_t len) {
  if (ctx->status == EVSEAL_PENDING) {
    ctx->offered += len;
  }
}

evseal_status evseal_verify_commit(evseal_verify_ctx* ctx, size_t len) {
  offer(ctx, len);
  return take(ctx, len);
}

evseal_status evseal_verify_push(evseal_verify_ctx* ctx, const uint8_t* bytes, size_t len) {
  if (ctx == NULL || (bytes == NULL && len > 0)) {
    return EVSEAL_MISUSE;
  }
  offer(ctx, len);
  while (len > 0 && ctx->status == EVSEAL_PENDING) {
    if (ctx->phase == PHASE_END) {
      return fail(ctx, EVSEAL_TRAILING_DATA);
    }
    uint8_t* buffer = NULL;
    size_t room = evseal_verify_buffer(ctx, &buffer);
    size_t now = len < room ? len : room;
    memcpy(buffer, bytes, now);
    bytes += now;
    len -= now;
    (void)take(ctx, now);
  }
  return ctx->status;
}

uint64_t evseal_verify_skippable(const evseal_verify_ctx* ctx) {
  return ctx->status == EVSEAL_PENDING && ctx->phase == PHASE_SKIP ? ctx->remaining - ctx->filled
                                                                   : 0;
}

evseal_status evseal_verify_skip(evseal_verify_ctx* ctx, uint64_t len) {
  if (ctx->status != EVSEAL_PENDING || len == 0) {
    return ctx->status;
  }
  if (len > evseal_verify_skippable(ctx)) {
    return fail(ctx, EVSEAL_MISUSE);
  }
  ctx->remaining -= len;
  ctx->offered += len;
  ctx->file_offset += len;
  /* What was fed of the component, and not counted yet, is all that remains: none is still to come.
   */
  if (ctx->remaining > ctx->filled) {
    return EVSEAL_PENDING;
  }
  ctx->filled = 0;
  return fail(ctx, evseal_stream_begin_component(ctx));
}

/* Rule 10's last part: the end has been reached, and nothing that the device needs was left out. */
static evseal_status final_status(evseal_verify_ctx* ctx) {
  if (ctx->status != EVSEAL_PENDING && ctx->status != EVSEAL_OK) {
    return ctx->status;
  }
  if (ctx->phase != PHASE_END) {
    return EVSEAL_TRUNCATED;
  }
  /* What cannot be without a fault from outside. */
  if (ctx->proof != 2u * PROOF_OF_ENVELOPE || ctx->doubt != 0 ||
      ctx->file_offset != ctx->file_size || ctx->offered != ctx->file_size) {
    return EVSEAL_MISUSE;
  }
  if (!ctx->report.authenticated || (ctx->report.needed & ~ctx->report.complete) != 0) {
    return EVSEAL_COMPONENT_SKIPPED;
  }
  return EVSEAL_OK;
}

evseal_status evseal_verify_finish(evseal_verify_ctx* ctx, evseal_report* out_report) {
  if (out_report != NULL) {
    memset(out_report, 0, sizeof *out_report);
  }
  if (ctx == NULL || out_report == NULL) {
    return EVSEAL_MISUSE;
  }
  evseal_status status = final_status(ctx);
  ctx->report.status = status;
  *out_report = ctx->report;
  /* Once more, before what was written is all that is left. */
  evseal_status again = final_status(ctx);
  if (again != status) {
    out_report->status = EVSEAL_MISUSE;
    again = EVSEAL_MISUSE;
  }
  ctx->status = again;
  return again;
}

evseal_status evseal_verify_security_version_floor(const evseal_verify_ctx* ctx, unsigned index,
                                                   uint32_t* out_floor) {
  evseal_component component;
  evseal_slot slot;
  *out_floor = UINT32_MAX;
  if (ctx->status != EVSEAL_OK ||
      evseal_manifest_component(&component, &ctx->report.manifest, index) != EVSEAL_OK ||
      !evseal_device_slot(&slot, &ctx->profile, &ctx->state, component.id)) {
    return EVSEAL_MISUSE;
  }
  bool installed = (ctx->report.complete >> index & 1u) != 0;
  bool raises =
      installed && ctx->report.raises_floors && component.security_version > slot.security_version;
  *out_floor = raises ? component.security_version : slot.security_version;
  return EVSEAL_OK;
}

evseal_status evseal_verify_next_state(const evseal_verify_ctx* ctx, evseal_remember what,
                                       uint8_t* out, size_t capacity, size_t* out_len) {
  state_sources sources;
  *out_len = 0;
  bool all = what == EVSEAL_REMEMBER_ALL;
  /* Where there is no state (init failed, or a recovery was refused), a new one must not come from
   * here: it would have no floors. */
  bool has_state = ctx->phase != 0 && (ctx->config.recovery.len == 0 || ctx->status == EVSEAL_OK);
  if ((!all && what != EVSEAL_REMEMBER_REVOCATIONS) || !has_state ||
      (all && ctx->status != EVSEAL_OK)) {
    return EVSEAL_MISUSE;
  }
  memset(&sources, 0, sizeof sources);
  sources.profile = &ctx->profile;
  sources.vendor = ctx->profile.vendor;
  sources.model = ctx->profile.model;
  sources.counter = ctx->state.counter + 1u;
  sources.time_floor = ctx->state.time_floor;
  sources.trust_epoch = ctx->state.trust_epoch;
  sources.trust_der = ctx->state.trust_der;
  sources.states[0] = &ctx->state;
  sources.num_states = 1;
  sources.crls = ctx->crls;
  sources.num_crls = ctx->num_crls;
  if (all) {
    sources.manifest = &ctx->report.manifest;
    sources.installed = ctx->report.raises_floors ? ctx->report.complete : 0;
    sources.time_floor = ctx->report.time_floor;
    if (ctx->kind == EVSEAL_KIND_TRUST_UPDATE) {
      sources.trust_epoch = ctx->report.manifest.epoch;
      sources.trust_der = ctx->new_trust_der;
    }
  }
  return evseal_state_write(out, capacity, out_len, ctx->config.crypto, &sources);
}
