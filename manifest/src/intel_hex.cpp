#include "evseal/manifest/intel_hex.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace evseal::manifest {
namespace {

constexpr std::uint64_t kAddressSpace = std::uint64_t{1} << 32U;
constexpr std::size_t kMaxListedParts = 8;

std::string address_text(std::uint64_t address) {
  std::array<char, 24> text{};
  (void)std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(address));
  return text.data();
}

// The octets of one data record; `at` is where they begin in the reader's pool.
struct Record {
  std::uint64_t address;
  std::size_t at;
  std::size_t size;
  std::size_t line;
};

class HexReader {
 public:
  HexReader(ByteView text, std::string_view name) : text_(as_text(text)), name_(name) {}
  Result<HexImage> read();

 private:
  enum Type : std::uint8_t {
    kData = 0,
    kEnd = 1,
    kSegmentBase = 2,
    kSegmentStart = 3,
    kLinearBase = 4,
    kLinearStart = 5,
  };
  // Length, address, type, up to 255 octets, checksum.
  static constexpr std::size_t kMaxRecord = 4 + 255 + 1;

  [[nodiscard]] Error fail(std::string why) const {
    return Error{ErrorCode::malformed, name_ + ":" + std::to_string(line_), std::move(why)};
  }
  Result<void> read_line(std::string_view line);
  Result<ByteView> decode(std::string_view line);
  Result<void> data_record(std::uint32_t offset, ByteView data);
  Result<void> other_record(std::uint8_t type, std::uint32_t offset, ByteView data);
  Result<HexImage> join();

  std::string_view text_;
  std::string name_;
  std::size_t line_ = 0;
  std::array<std::uint8_t, kMaxRecord> record_{};
  std::uint64_t base_ = 0;
  bool segmented_ = false;
  bool ended_ = false;
  std::optional<std::uint32_t> entry_point_;
  std::vector<Record> records_;
  Bytes pool_;
};

Result<HexImage> HexReader::read() {
  std::string_view rest = text_;
  while (!rest.empty()) {
    ++line_;
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (!line.empty()) {
      EVSEAL_CHECK(read_line(line));
    }
  }
  if (!ended_) {
    return Error{ErrorCode::malformed, name_,
                 "has no end record (:00000001FF): the file is cut off",
                 "build or copy the file again"};
  }
  return join();
}

int digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

// The octets of a line, the checksum included and checked.
Result<ByteView> HexReader::decode(std::string_view line) {
  if (line.front() != ':') {
    return fail("is not an Intel HEX record: it does not begin with ':'");
  }
  line.remove_prefix(1);
  if (line.size() % 2 != 0 || line.size() < 10 || line.size() > 2 * kMaxRecord) {
    return fail("a record has an even number of hexadecimal digits, at least 10");
  }
  std::uint8_t sum = 0;
  const std::size_t size = line.size() / 2;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = digit(line[2 * i]);
    const int low = digit(line[2 * i + 1]);
    if (high < 0 || low < 0) {
      return fail("has a character that is not a hexadecimal digit");
    }
    record_[i] = static_cast<std::uint8_t>(high * 16 + low);
    sum = static_cast<std::uint8_t>(sum + record_[i]);
  }
  if (record_[0] != size - 5) {
    return fail("says that it has " + std::to_string(record_[0]) + " data octets, but has " +
                std::to_string(size - 5));
  }
  if (sum != 0) {
    return fail("the checksum does not match");
  }
  return ByteView(record_.data(), size);
}

Result<void> HexReader::read_line(std::string_view line) {
  if (ended_) {
    return fail("there is something after the end record");
  }
  EVSEAL_TRY(const ByteView record, decode(line));
  const std::uint32_t offset = static_cast<std::uint32_t>(record[1]) << 8U | record[2];
  const ByteView data = record.subspan(4, record[0]);
  if (record[3] == kData) {
    return data_record(offset, data);
  }
  return other_record(record[3], offset, data);
}

Result<void> HexReader::data_record(std::uint32_t offset, ByteView data) {
  if (data.empty()) {
    return {};
  }
  // In segmented addressing the offset wraps within 64 KiB; nobody means that, so it is refused
  // rather than followed.
  if (segmented_ && offset + data.size() > 0x10000) {
    return fail("the record runs past the end of its 64 KiB segment");
  }
  const std::uint64_t address = base_ + offset;
  if (data.size() > kAddressSpace - address) {
    return fail("the record runs past 4 GiB");
  }
  records_.push_back({address, pool_.size(), data.size(), line_});
  pool_.insert(pool_.end(), data.begin(), data.end());
  return {};
}

Result<void> HexReader::other_record(std::uint8_t type, std::uint32_t offset, ByteView data) {
  if (type > kLinearStart) {
    Error error = fail("record type " + std::to_string(type) + " is not known");
    if (type >= 0x0A && type <= 0x0E) {
      error.hint = "this looks like a micro:bit universal hex; use the hex file of one board";
    }
    return error;
  }
  static constexpr std::array<std::size_t, 6> sizes = {0, 0, 2, 4, 2, 4};
  if (data.size() != sizes[type]) {
    return fail("a record of type " + std::to_string(type) + " has " + std::to_string(sizes[type]) +
                " data octets");
  }
  // Old tools put the start address into the end record; elsewhere the field has no meaning.
  if (type != kEnd && offset != 0) {
    return fail("a record of type " + std::to_string(type) + " has the address 0000");
  }
  std::uint32_t value = 0;
  for (const std::uint8_t octet : data) {
    value = value << 8U | octet;
  }
  if (type == kEnd) {
    ended_ = true;
  } else if (type == kSegmentBase || type == kLinearBase) {
    segmented_ = type == kSegmentBase;
    base_ = static_cast<std::uint64_t>(value) << (segmented_ ? 4U : 16U);
  } else {
    entry_point_ = value;
  }
  return {};
}

// Puts the records in order of address and joins those that touch.
Result<HexImage> HexReader::join() {
  std::stable_sort(records_.begin(), records_.end(),
                   [](const Record& a, const Record& b) { return a.address < b.address; });
  HexImage image;
  image.entry_point = entry_point_;
  const Record* before = nullptr;
  for (const Record& record : records_) {
    const std::uint64_t end = before != nullptr ? before->address + before->size : 0;
    if (before != nullptr && record.address < end) {
      line_ = std::max(record.line, before->line);
      return fail("address " + address_text(record.address) + " was given before, in line " +
                  std::to_string(std::min(record.line, before->line)));
    }
    if (before == nullptr || record.address != end) {
      image.segments.push_back({record.address, {}});
    }
    const auto from = pool_.begin() + static_cast<std::ptrdiff_t>(record.at);
    Bytes& data = image.segments.back().data;
    data.insert(data.end(), from, from + static_cast<std::ptrdiff_t>(record.size));
    before = &record;
  }
  if (image.segments.empty()) {
    return Error{ErrorCode::malformed, name_, "has no data record"};
  }
  return image;
}

// A part of a segment that lies within the range.
struct Part {
  std::uint64_t address;
  ByteView data;
  [[nodiscard]] std::uint64_t end() const { return address + data.size(); }
};

std::vector<Part> parts_within(const HexImage& image, const std::optional<HexRange>& range) {
  std::vector<Part> parts;
  for (const HexSegment& segment : image.segments) {
    const std::uint64_t end = segment.address + segment.data.size();
    const std::uint64_t from = range ? std::max(segment.address, range->start) : segment.address;
    const std::uint64_t to = range ? std::min(end, range->end) : end;
    if (from < to) {
      parts.push_back({from, ByteView(segment.data)
                                 .subspan(static_cast<std::size_t>(from - segment.address),
                                          static_cast<std::size_t>(to - from))});
    }
  }
  return parts;
}

std::string range_text(const HexRange& range) {
  return address_text(range.start) + "-" + address_text(range.end);
}

// Ranges that would each flatten on their own.
std::vector<HexRange> islands_of(const std::vector<Part>& parts) {
  std::vector<HexRange> islands;
  for (const Part& part : parts) {
    if (islands.empty() || part.address - islands.back().end > kMaxHexGap) {
      islands.push_back({part.address, part.end()});
    } else {
      islands.back().end = part.end();
    }
  }
  return islands;
}

Error too_far_apart(const std::vector<HexRange>& islands, std::string_view name) {
  std::string list;
  for (std::size_t i = 0; i < islands.size() && i < kMaxListedParts; ++i) {
    list += (i == 0 ? "" : ", ") + range_text(islands[i]) + " (" +
            std::to_string(islands[i].end - islands[i].start) + " octets)";
  }
  if (islands.size() > kMaxListedParts) {
    list += " and " + std::to_string(islands.size() - kMaxListedParts) + " more";
  }
  const HexRange largest = *std::max_element(
      islands.begin(), islands.end(),
      [](const HexRange& a, const HexRange& b) { return a.end - a.start < b.end - b.start; });
  return Error{ErrorCode::malformed, std::string(name),
               "its parts lie more than 64 KiB apart, as different memories do: " + list,
               "choose a part: --hex-range " + range_text(largest) +
                   ", or in the recipe \"hex_range\": {\"start\": \"" +
                   address_text(largest.start) + "\", \"end\": \"" + address_text(largest.end) +
                   "\"}"};
}

}  // namespace

Result<HexImage> read_intel_hex(ByteView text, std::string_view name) {
  return HexReader(text, name).read();
}

Result<FlatImage> flatten(const HexImage& image, const HexOptions& options, std::string_view name) {
  const std::vector<Part> parts = parts_within(image, options.range);
  if (parts.empty()) {
    return Error{
        ErrorCode::malformed, std::string(name),
        options.range ? "has no octet in the range " + range_text(*options.range) : "has no octet"};
  }
  if (const auto islands = islands_of(parts); islands.size() > 1) {
    return too_far_apart(islands, name);
  }
  const std::uint64_t start = parts.front().address;
  const std::uint64_t size = parts.back().end() - start;
  if (size > kMaxHexImage) {
    return Error{ErrorCode::malformed, std::string(name),
                 "is " + std::to_string(size) + " octets as a binary, more than 64 MiB",
                 "choose a part with --hex-range START-END or \"hex_range\""};
  }
  FlatImage flat{start, Bytes(static_cast<std::size_t>(size), options.fill)};
  for (const Part& part : parts) {
    std::copy(part.data.begin(), part.data.end(),
              flat.data.begin() + static_cast<std::ptrdiff_t>(part.address - start));
  }
  return flat;
}

std::optional<std::uint64_t> parse_address(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

Result<HexRange> parse_hex_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto start = parse_address(text.substr(0, dash));
    const auto end = parse_address(text.substr(dash + 1));
    // Intel HEX has addresses of 32 bits.
    if (start && end && *start < *end && *end <= (std::uint64_t{1} << 32U)) {
      return HexRange{*start, *end};
    }
  }
  return Error{ErrorCode::usage, "\"" + printable(text) + "\"", "is not a range of addresses",
               "write START-END with START below END, like 0x8000000-0x8020000; END is not taken"};
}

}  // namespace evseal::manifest
