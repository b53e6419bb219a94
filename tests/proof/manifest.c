/* A manifest with every optional member: the validator, the schema, the components. Its holes are
 * digits and small letters: other octets would be other punctuation, and so another frame. */
#include "evseal/manifest.h"

#include "harness.h"

static uint8_t text[sizeof manifest_frame];

/* As the standard says, octet by octet: Frama-C's specification leaves the answer open, and so
 * every name would be found wherever one of its length stands. */
int memcmp(const void* first, const void* second, size_t len) {
  const uint8_t* a = first;
  const uint8_t* b = second;
  //@ loop unroll 256;
  for (size_t i = 0; i < len; i++) {
    if (a[i] != b[i]) {
      return a[i] < b[i] ? -1 : 1;
    }
  }
  return 0;
}

int main(void) {
  evseal_manifest manifest;
  evseal_component component;
  evseal_span id;
  uint32_t least = 0;
  evseal_span span = {text, sizeof text};
  fill_frame(text, FRAME_OF(manifest));
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
