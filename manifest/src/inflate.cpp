#include "evseal/manifest/inflate.hpp"

#include <zlib.h>

#include <array>
#include <optional>
#include <utility>

namespace evseal::manifest {
namespace {

constexpr std::size_t kOutputBytes = 64U << 10U;
// zlib: 15 bits of window, and 16 for "gzip header and trailer, nothing else".
constexpr int kGzipWindow = 15 + 16;

Error refusal(std::string why) {
  return Error{ErrorCode::malformed, "compressed image", std::move(why), {}, "inflate"};
}

}  // namespace

struct Inflater::Impl {
  z_stream stream{};
  bool started = false;
  bool member_ended = false;
  std::uint64_t size = 0;
  std::uint64_t done = 0;
  Sha256 expected{};
  Sha256Stream digest;
  Sink sink;
  std::optional<Error> failure;
  std::array<std::uint8_t, kOutputBytes> output{};

  Impl() = default;
  ~Impl() {
    if (started) {
      inflateEnd(&stream);
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> push(ByteView stored);
  Result<void> step();
  Result<void> finish();
};

// One call of inflate(): gives out what it made. More than `size` is refused before a single octet
// too many goes out.
Result<void> Inflater::Impl::step() {
  stream.next_out = output.data();
  stream.avail_out = static_cast<uInt>(output.size());
  const int code = inflate(&stream, Z_NO_FLUSH);
  const std::size_t made = output.size() - stream.avail_out;
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
    return refusal(stream.msg != nullptr ? std::string("is not valid gzip: ") + stream.msg
                                         : "is not valid gzip");
  }
  if (made > size - done) {
    return refusal("inflates to more than the " + std::to_string(size) +
                   " octets that the manifest says");
  }
  done += made;
  member_ended = code == Z_STREAM_END;
  if (made == 0) {
    return {};
  }
  const ByteView octets(output.data(), made);
  digest.update(octets);
  return sink(octets);
}

Result<void> Inflater::Impl::push(ByteView stored) {
  while (!stored.empty()) {
    if (member_ended) {
      return refusal("has octets after its end");
    }
    constexpr std::size_t most = 1U << 30U;  // zlib counts in 32 bits
    const std::size_t piece = std::min(stored.size(), most);
    stream.next_in = const_cast<Bytef*>(stored.data());  // zlib does not write there
    stream.avail_in = static_cast<uInt>(piece);
    // Output that does not fit any more waits in zlib for the next octets; the trailer of a member
    // always follows.
    while (!member_ended && stream.avail_in > 0) {
      EVSEAL_CHECK(step());
    }
    stored = stored.subspan(piece - stream.avail_in);
  }
  return {};
}

Result<void> Inflater::Impl::finish() {
  if (!member_ended) {
    return refusal("is cut off");
  }
  if (done != size) {
    return refusal("inflates to " + std::to_string(done) + " octets, not the " +
                   std::to_string(size) + " that the manifest says");
  }
  if (digest.finish() != expected) {
    return refusal("inflates to something else than the manifest says (sha256)");
  }
  return {};
}

Inflater::Inflater(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

Result<Inflater> Inflater::create(std::uint64_t size, const Sha256& digest, Sink sink) {
  auto impl = std::make_unique<Impl>();
  if (inflateInit2(&impl->stream, kGzipWindow) != Z_OK) {
    return Error{ErrorCode::internal, "zlib", "cannot start to inflate"};
  }
  impl->started = true;
  impl->size = size;
  impl->expected = digest;
  impl->sink = std::move(sink);
  return Inflater(std::move(impl));
}

Result<void> Inflater::push(ByteView stored) {
  if (impl_->failure) {
    return *impl_->failure;
  }
  auto result = impl_->push(stored);
  if (!result) {
    impl_->failure = result.error();
  }
  return result;
}

Result<void> Inflater::finish() {
  if (impl_->failure) {
    return *impl_->failure;
  }
  auto result = impl_->finish();
  // The digest is used up: a second call must not look at it again.
  impl_->failure = result ? refusal("was finished already") : result.error();
  return result;
}

}  // namespace evseal::manifest
