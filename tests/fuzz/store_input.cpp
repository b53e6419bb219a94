#include "store_input.hpp"

#include "octets.hpp"

namespace evseal::fuzz {

StoreInput StoreInput::read(ByteView bytes) {
  StoreInput out;
  take_array(bytes, out.settings);
  for (Bytes& part : out.parts) {
    part = take_counted(bytes);
  }
  return out;
}

Bytes StoreInput::write() const {
  Bytes out(settings.begin(), settings.end());
  for (const Bytes& part : parts) {
    put_counted(out, part);
  }
  return out;
}

}  // namespace evseal::fuzz
