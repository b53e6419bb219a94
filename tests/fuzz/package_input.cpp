#include "package_input.hpp"

#include "octets.hpp"

namespace evseal::fuzz {

PackageInput PackageInput::read(ByteView bytes) {
  PackageInput out;
  take_array(bytes, out.settings);
  out.profile = take_counted(bytes);
  out.state = take_counted(bytes);
  take_array(bytes, out.mask);
  out.envelope = take_counted(bytes);
  out.payload.assign(bytes.begin(), bytes.end());
  return out;
}

Bytes PackageInput::write() const {
  Bytes out(settings.begin(), settings.end());
  put_counted(out, profile);
  put_counted(out, state);
  put(out, mask);
  put_counted(out, envelope);
  put(out, payload);
  return out;
}

Bytes PackageInput::file() const {
  Bytes out = {0x89, 'E', 'V', 'S', '1', 0x0D, 0x0A, 0x1A};
  out[3] = is_trust_update() ? 'U' : 'S';
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(envelope.size() >> static_cast<unsigned>(shift)));
  }
  put(out, mask);
  put(out, envelope);
  out.resize((out.size() + 4095) / 4096 * 4096);
  put(out, payload);
  return out;
}

}  // namespace evseal::fuzz
