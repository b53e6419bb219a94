#include "resume_input.hpp"

#include "octets.hpp"

namespace evseal::fuzz {

ResumeInput ResumeInput::read(ByteView bytes) {
  ResumeInput out;
  take_array(bytes, out.settings);
  out.progress = take_counted(bytes);
  out.package = PackageInput::read(bytes);
  return out;
}

Bytes ResumeInput::write() const {
  Bytes out(settings.begin(), settings.end());
  put_counted(out, progress);
  put(out, package.write());
  return out;
}

}  // namespace evseal::fuzz
