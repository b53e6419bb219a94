#include "evseal/manifest/package_file.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "evseal/manifest/payload_writer.hpp"
#include "evseal/manifest/tree.hpp"

namespace evseal::manifest {
namespace {

constexpr std::size_t kKindOctet = 3;
constexpr std::size_t kVersionOctet = 4;

Error bad_file(const std::filesystem::path& path, std::string why, std::string status) {
  return Error{ErrorCode::malformed, path.string(), std::move(why), {}, std::move(status)};
}

void put_be32(Bytes& out, std::uint32_t value) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::uint32_t get_be32(ByteView octets) {
  std::uint32_t value = 0;
  for (const std::uint8_t octet : octets.first(4)) {
    value = value << 8U | octet;
  }
  return value;
}

// The kind that a header says. A header that ends too early is as good as its octets are.
Result<Kind> check_magic(ByteView head, const std::filesystem::path& path) {
  bool version_only = head.size() >= kPackageMagic.size();
  bool same = true;
  Kind kind = Kind::firmware;
  for (std::size_t i = 0; i < std::min(head.size(), kPackageMagic.size()); ++i) {
    const bool update = i == kKindOctet && head[i] == kTrustUpdateMagic[i];
    kind = update ? Kind::trust_update : kind;
    const bool equal = update || head[i] == kPackageMagic[i];
    same = same && equal;
    version_only = version_only && (equal || i == kVersionOctet);
  }
  if (same) {
    return kind;
  }
  return version_only
             ? bad_file(path, "has a file version that this program does not know", "file_version")
             : bad_file(path, "is not an evseal package", "file_magic");
}

Error bad_mask() {
  return Error{ErrorCode::malformed,
               "component mask",
               "names unknown components, or all of them",
               {},
               "component_mask"};
}

}  // namespace

std::uint64_t payload_offset_for(std::uint64_t envelope_bytes) {
  const std::uint64_t end = kHeaderBytes + envelope_bytes;
  return (end + kPayloadAlignment - 1) / kPayloadAlignment * kPayloadAlignment;
}

std::optional<Kind> kind_of_header(ByteView head) {
  const auto begins = [head](const std::array<std::uint8_t, 8>& magic) {
    return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin());
  };
  if (begins(kPackageMagic)) {
    return Kind::firmware;
  }
  return begins(kTrustUpdateMagic) ? std::optional(Kind::trust_update) : std::nullopt;
}

Result<Bytes> encode_head(ByteView envelope, std::uint32_t component_mask, Kind kind) {
  if (envelope.empty() || envelope.size() > kMaxEnvelopeBytes) {
    return Error{ErrorCode::malformed,
                 "envelope",
                 "has " + std::to_string(envelope.size()) + " octets; 1 to 65536 are possible",
                 {},
                 "envelope_length"};
  }
  const auto& magic = kind == Kind::firmware ? kPackageMagic : kTrustUpdateMagic;
  Bytes head(magic.begin(), magic.end());
  put_be32(head, static_cast<std::uint32_t>(envelope.size()));
  put_be32(head, component_mask);
  head.insert(head.end(), envelope.begin(), envelope.end());
  head.resize(static_cast<std::size_t>(payload_offset_for(envelope.size())));
  return head;
}

Result<void> write_header(OutputFile& out, ByteView envelope, std::uint32_t component_mask,
                          std::uint64_t offset) {
  EVSEAL_TRY(const Bytes head, encode_head(envelope, component_mask));
  return out.write_at(offset, head);
}

Result<std::vector<std::size_t>> components_present(std::size_t component_count,
                                                    std::uint32_t mask) {
  if (component_count > kMaxComponents) {
    return bad_mask();
  }
  const std::uint64_t all = (std::uint64_t{1} << component_count) - 1;
  if ((mask & ~all) != 0 || (mask != 0 && mask == all)) {
    return bad_mask();
  }
  std::vector<std::size_t> present;
  for (std::size_t i = 0; i < component_count; ++i) {
    if (mask == 0 || (mask >> i & 1U) != 0) {
      present.push_back(i);
    }
  }
  return present;
}

Result<std::vector<UnverifiedExtent>> unverified_layout(const Manifest& manifest,
                                                        std::uint32_t mask,
                                                        std::uint64_t payload_offset) {
  EVSEAL_TRY(const auto present, components_present(manifest.components.size(), mask));
  std::vector<UnverifiedExtent> extents;
  std::uint64_t offset = payload_offset;
  for (const std::size_t i : present) {
    const Component& component = manifest.components[i];
    EVSEAL_TRY(const TreeLayout layout,
               TreeLayout::create(component.stored_size, component.chunk_size));
    const std::uint64_t length = layout.stored_bytes_in_file();
    if (length > std::numeric_limits<std::uint64_t>::max() - offset) {
      return Error{ErrorCode::malformed,
                   "component \"" + component.id + "\"",
                   "lies past the end of any file",
                   {},
                   "manifest_schema"};
    }
    extents.push_back({i, offset, length});
    offset += length;
  }
  return extents;
}

Result<std::uint64_t> payload_length(const Manifest& manifest, std::uint32_t mask) {
  EVSEAL_TRY(const auto extents, unverified_layout(manifest, mask, 0));
  return extents.empty() ? 0 : extents.back().offset + extents.back().length;
}

// One package: header, envelope and padding from `offset` on.
Result<void> UnverifiedPackageFile::read_package(std::uint64_t offset,
                                                 std::uint32_t envelope_limit) {
  std::array<std::uint8_t, kHeaderBytes> header{};
  const std::size_t available =
      static_cast<std::size_t>(std::min<std::uint64_t>(header.size(), size_ - offset));
  EVSEAL_CHECK(read_exactly_at(file_, offset, std::span(header).first(available), path_));
  EVSEAL_TRY(kind_, check_magic(std::span(header).first(available), path_));
  if (available < header.size()) {
    return bad_file(path_, "ends within its header", "truncated");
  }
  const std::uint32_t length = get_be32(std::span(header).subspan(8, 4));
  mask_ = get_be32(std::span(header).subspan(12, 4));
  if (length == 0 || length > std::min(envelope_limit, kMaxEnvelopeBytes)) {
    return bad_file(path_, "its envelope is empty or larger than allowed", "envelope_length");
  }
  const std::uint64_t payload = payload_offset_for(length);
  if (size_ - offset < payload) {
    return bad_file(path_, "ends within its envelope", "truncated");
  }
  Bytes rest(static_cast<std::size_t>(payload - kHeaderBytes));
  EVSEAL_CHECK(read_exactly_at(file_, offset + kHeaderBytes, rest, path_));
  if (std::any_of(rest.begin() + length, rest.end(), [](std::uint8_t c) { return c != 0; })) {
    return bad_file(path_, "the padding behind the envelope is not zero", "padding");
  }
  rest.resize(length);
  envelope_ = std::move(rest);
  package_offset_ = offset;
  return {};
}

Result<UnverifiedPackageFile> UnverifiedPackageFile::open(const std::filesystem::path& path,
                                                          std::uint32_t envelope_limit) {
  UnverifiedPackageFile package;
  package.path_ = path;
  EVSEAL_TRY(package.file_, open_for_reading(path));
  EVSEAL_TRY(package.size_, file_size(package.file_, path));
  EVSEAL_CHECK(package.read_package(0, envelope_limit));
  // A trust-update with something behind it is a step.
  while (package.kind_ == Kind::trust_update && package.payload_offset() < package.size_ &&
         package.steps_.size() < kMaxSteps) {
    const std::uint64_t end = package.payload_offset();
    package.steps_.push_back(
        {package.package_offset_, end - package.package_offset_, std::move(package.envelope_)});
    EVSEAL_CHECK(package.read_package(end, envelope_limit));
  }
  return package;
}

Result<std::vector<UnverifiedExtent>> UnverifiedPackageFile::unverified_layout(
    const Manifest& manifest) const {
  EVSEAL_TRY(auto extents, manifest::unverified_layout(manifest, mask_, payload_offset()));
  const std::uint64_t end =
      extents.empty() ? payload_offset() : extents.back().offset + extents.back().length;
  if (size_ < end) {
    return bad_file(path_, "ends before the last component does", "truncated");
  }
  if (size_ > end) {
    return bad_file(path_, "has octets after the last component", "trailing_data");
  }
  return extents;
}

}  // namespace evseal::manifest
