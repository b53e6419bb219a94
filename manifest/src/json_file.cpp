#include "evseal/manifest/json_file.hpp"

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "evseal/base/file.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

// Walks the text and tells how far the reader has come: nlohmann's SAX interface gives no
// positions.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** shared) : at_(at), shared_(shared) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    *shared_ = at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return !(a == b); }

 private:
  const char* at_;
  const char** shared_;
};

// "[json.exception…] parse error at line 3, column 5: WHY" holds a position of its own, which is
// ours already.
std::string reason_of(const json::exception& problem) {
  std::string_view text = problem.what();
  if (const std::size_t end = text.find("] "); end != std::string_view::npos) {
    text.remove_prefix(end + 2);
  }
  if (const std::size_t column = text.find("column "); column != std::string_view::npos) {
    if (const std::size_t colon = text.find(": ", column); colon != std::string_view::npos) {
      text.remove_prefix(colon + 2);
    }
  }
  return printable(text);
}

// Builds the value and notes where its parts stand. nlohmann's own reader would take the last of
// two members of the same name without a word.
class DocumentBuilder final : public json::json_sax_t {
 public:
  DocumentBuilder(std::string_view text, JsonDocument& document, std::size_t max_depth)
      : text_(text), document_(document), max_depth_(max_depth), token_end_(text.data()) {}

  // Where the reader stands; the iterators write it.
  [[nodiscard]] const char** cursor() { return &cursor_; }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  // Keeps the error; false, so that it can be returned to the reader.
  bool fail(std::size_t offset, std::string why);

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*elements*/) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*elements*/) override { return open(json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override;
  bool parse_error(std::size_t position, const std::string& last_token,
                   const json::exception& problem) override;

 private:
  struct Level {
    json* value;
    std::string path;
    std::string member;  // the name read last, in an object
  };

  bool add(json value);
  bool open(json value);
  bool close();
  json* place(json value);
  [[nodiscard]] std::size_t token_start() const;
  [[nodiscard]] JsonPosition position_of(std::size_t offset);

  std::string_view text_;
  JsonDocument& document_;
  std::size_t max_depth_;
  const char* cursor_ = nullptr;
  const char* token_end_;  // behind the token before
  std::vector<Level> levels_;
  std::optional<Error> failure_;
  std::size_t counted_ = 0;  // lines and columns are known up to this offset
  JsonPosition at_counted_{1, 1};
};

// Positions are asked for in ascending order, so counting goes on from the last one: linear over
// all.
JsonPosition DocumentBuilder::position_of(std::size_t offset) {
  if (offset < counted_) {
    counted_ = 0;
    at_counted_ = {1, 1};
  }
  for (; counted_ < offset && counted_ < text_.size(); ++counted_) {
    const auto octet = static_cast<unsigned char>(text_[counted_]);
    if (octet == '\n') {
      ++at_counted_.line;
      at_counted_.column = 1;
    } else if ((octet & 0xC0U) != 0x80U) {
      ++at_counted_.column;
    }
  }
  return at_counted_;
}

// The reader may stand one character behind a number; only punctuation and space can lie between.
std::size_t DocumentBuilder::token_start() const {
  const auto from = static_cast<std::size_t>(token_end_ - text_.data());
  const std::size_t start = text_.find_first_not_of(" \t\r\n,:]}", from);
  return start == std::string_view::npos ? text_.size() : start;
}

bool DocumentBuilder::fail(std::size_t offset, std::string why) {
  const JsonPosition at = position_of(offset);
  failure_ = Error{ErrorCode::usage,
                   document_.name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
                   std::move(why)};
  return false;
}

json* DocumentBuilder::place(json value) {
  if (levels_.empty()) {
    document_.positions[""] = position_of(token_start());
    document_.value = std::move(value);
    return &document_.value;
  }
  json& parent = *levels_.back().value;
  if (parent.is_object()) {
    return &(parent[levels_.back().member] = std::move(value));
  }
  const std::string path = levels_.back().path + "[" + std::to_string(parent.size()) + "]";
  document_.positions[path] = position_of(token_start());
  parent.push_back(std::move(value));
  return &parent.back();
}

bool DocumentBuilder::add(json value) {
  place(std::move(value));
  token_end_ = cursor_;
  return true;
}

bool DocumentBuilder::open(json value) {
  if (levels_.size() == max_depth_) {
    return fail(token_start(), "nested more than " + std::to_string(max_depth_) + " deep");
  }
  std::string path;
  if (!levels_.empty()) {
    const Level& parent = levels_.back();
    if (parent.value->is_array()) {
      path = parent.path + "[" + std::to_string(parent.value->size()) + "]";
    } else {
      path = parent.path.empty() ? parent.member : parent.path + "." + parent.member;
    }
  }
  json* placed = place(std::move(value));
  levels_.push_back(Level{placed, std::move(path), {}});
  token_end_ = cursor_;
  return true;
}

bool DocumentBuilder::close() {
  levels_.pop_back();
  token_end_ = cursor_;
  return true;
}

bool DocumentBuilder::key(string_t& name) {
  Level& level = levels_.back();
  const std::size_t start = token_start();
  const std::string path = level.path.empty() ? name : level.path + "." + name;
  if (level.value->contains(name)) {
    const JsonPosition first = document_.positions[path];
    return fail(start, "member \"" + printable(name) + "\" was given before, in line " +
                           std::to_string(first.line));
  }
  document_.positions[path] = position_of(start);
  level.member = name;
  token_end_ = cursor_;
  return true;
}

bool DocumentBuilder::parse_error(std::size_t position, const std::string& /*last_token*/,
                                  const json::exception& problem) {
  return fail(position == 0 ? 0 : position - 1, reason_of(problem));
}

}  // namespace

std::string JsonDocument::locate(std::string_view path) const {
  for (;;) {
    if (const auto found = positions.find(std::string(path)); found != positions.end()) {
      return name + ":" + std::to_string(found->second.line) + ":" +
             std::to_string(found->second.column);
    }
    if (path.empty()) {
      return name;
    }
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
}

Result<JsonDocument> parse_json(std::string_view text, std::string name, std::size_t max_depth) {
  JsonDocument document;
  document.name = std::move(name);
  DocumentBuilder builder(text, document, max_depth);
  try {
    const CountingIterator first(text.data(), builder.cursor());
    const CountingIterator last(text.data() + text.size(), builder.cursor());
    *builder.cursor() = text.data();
    // nlohmann takes a NUL for the end of the text and would leave unread what follows.
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
      builder.fail(nul, "there is a NUL character");
    } else if (json::sax_parse(first, last, &builder)) {
      return document;
    }
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, document.name, problem.what()};
  }
  return builder.failure().value_or(
      Error{ErrorCode::internal, document.name, "was refused without a reason"});
}

Result<JsonDocument> load_json_file(const std::filesystem::path& path, std::uint64_t limit) {
  EVSEAL_TRY(const Bytes bytes, read_small_file(path, limit));
  return parse_json(as_text(bytes), path.string());
}

}  // namespace evseal::manifest
