#include "package_input.hpp"

#include <algorithm>

namespace evseal::fuzz {
namespace {

ByteView take(ByteView& rest, std::size_t size) {
  const ByteView out = rest.first(std::min(size, rest.size()));
  rest = rest.subspan(out.size());
  return out;
}

Bytes take_counted(ByteView& rest) {
  const ByteView length = take(rest, 2);
  const std::size_t size = length.size() < 2 ? 0 : std::size_t{length[0]} << 8U | length[1];
  const ByteView out = take(rest, size);
  return {out.begin(), out.end()};
}

template <std::size_t N>
void take_array(ByteView& rest, std::array<std::uint8_t, N>& out) {
  const ByteView octets = take(rest, N);
  std::copy(octets.begin(), octets.end(), out.begin());
}

void put(Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

void put_counted(Bytes& out, ByteView octets) {
  const std::size_t size = std::min<std::size_t>(octets.size(), 0xFFFF);
  out.push_back(static_cast<std::uint8_t>(size >> 8U));
  out.push_back(static_cast<std::uint8_t>(size));
  put(out, octets.first(size));
}

}  // namespace

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
