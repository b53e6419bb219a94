/* A manifest with every optional member, any letters and digits: the validator, the schema, the
 * components. */
#include "evseal/manifest.h"

#include "frames.h"
#include "harness.h"

static uint8_t text[sizeof manifest_frame];

/* Holes of a manifest are digits (1) or small letters (2): other octets would be other punctuation,
 * and so another frame. */
static void fill_text(void) {
  for (size_t i = 0; i < sizeof text; i++) {
    text[i] = manifest_frame[i];
    if (manifest_holes[i] == 1) {
      text[i] = (uint8_t)Frama_C_interval('0', '9');
    }
    if (manifest_holes[i] == 2) {
      text[i] = (uint8_t)Frama_C_interval('a', 'z');
    }
  }
}

int main(void) {
  evseal_manifest manifest;
  evseal_component component;
  evseal_span id;
  uint32_t least = 0;
  evseal_span span = {text, sizeof text};
  fill_text();
  if (evseal_manifest_parse(&manifest, span) != EVSEAL_OK) {
    return 0;
  }
  for (unsigned i = 0; i < manifest.num_components; i++) {
    if (evseal_manifest_component(&component, &manifest, i) == EVSEAL_OK) {
      //@ check reached: \false;
      (void)evseal_component_requirement(&id, &least, &component, 0);
    }
  }
  return 0;
}
