#include "evseal/manifest/payload_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "block_pipeline.hpp"
#include "evseal/manifest/canonical_json.hpp"
#include "evseal/manifest/intel_hex.hpp"
#include "evseal/manifest/tree.hpp"
#include "gzip_writer.hpp"
#include "tree_writer.hpp"

namespace evseal::manifest {
namespace {

namespace fs = std::filesystem;

// Below this the work takes less time than starting threads for it.
constexpr std::uint64_t kLeastForThreads = 256U << 10U;
constexpr unsigned kMostThreads = 64;
constexpr std::size_t kReadBytes = 256U << 10U;

// An open file whose size must stay what it was when the work began.
struct Input {
  fs::path path;
  FileDescriptor file;
  std::uint64_t size = 0;

  static Result<Input> open(const fs::path& path);
  [[nodiscard]] Result<void> check_unchanged() const;
  [[nodiscard]] ReadAt reader() const {
    return [this](std::uint64_t offset, std::span<std::uint8_t> out) {
      return read_exactly_at(file, offset, out, path);
    };
  }
};

Result<Input> Input::open(const fs::path& path) {
  Input input;
  input.path = path;
  EVSEAL_TRY(input.file, open_for_reading(path));
  EVSEAL_TRY(input.size, file_size(input.file, path));
  if (input.size == 0) {
    return Error{ErrorCode::malformed, path.string(), "is empty"};
  }
  ::posix_fadvise(input.file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return input;
}

// One that became shorter was noticed by reading; one that grew is noticed here.
Result<void> Input::check_unchanged() const {
  EVSEAL_TRY(const std::uint64_t now, file_size(file, path));
  if (now != size) {
    return Error{ErrorCode::io, path.string(), "changed its size while it was read",
                 "make sure that nothing writes to the file and run the command again"};
  }
  return {};
}

// An image in the form in which it is hashed: a file, or what an Intel HEX file flattens to.
struct Image {
  std::uint64_t size = 0;
  ReadAt read;
  std::optional<std::uint64_t> load_address;
  Bytes octets;  // of a HEX file; `read` refers to it
};

class PayloadWriter {
 public:
  PayloadWriter(const Recipe& recipe, OutputFile* out, std::uint64_t offset,
                const PayloadOptions& options)
      : recipe_(recipe), out_(out), offset_(offset), options_(options) {}

  Result<Manifest> write(std::int64_t created);

 private:
  Result<void> open_inputs();
  Result<Component> write_component(const RecipeComponent& entry, const Input& input);
  Result<void> write_plain(const Image& image, Component& component, const RecipeComponent& entry);
  Result<void> write_compressed(const Image& image, Component& component,
                                const RecipeComponent& entry);
  Result<void> load_hex(const RecipeComponent& entry, const Input& input, Image& image);
  Result<TreeLayout> layout_for(const RecipeComponent& entry, std::uint64_t stored_size) const;
  Result<Sha256> digest_of(const Input& input);
  Result<void> step(std::uint64_t octets);
  Step counting_step() {
    return [this](std::uint64_t octets) { return step(octets); };
  }
  WorkerPool* pool_for(std::uint64_t size);

  const Recipe& recipe_;
  OutputFile* out_;
  std::uint64_t offset_;
  const PayloadOptions& options_;
  std::vector<Input> inputs_;
  std::vector<Input> sbom_inputs_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::unique_ptr<WorkerPool> pool_;
};

WorkerPool* PayloadWriter::pool_for(std::uint64_t size) {
  if (size < kLeastForThreads) {
    return nullptr;
  }
  if (!pool_) {
    const unsigned wanted =
        options_.threads != 0 ? options_.threads : std::thread::hardware_concurrency();
    const unsigned threads = std::clamp(wanted, 1U, kMostThreads);
    if (threads == 1) {
      return nullptr;
    }
    pool_ = std::make_unique<WorkerPool>(threads - 1);  // the caller's thread is the other one
  }
  return pool_.get();
}

Result<void> PayloadWriter::step(std::uint64_t octets) {
  if (options_.cancel != nullptr && options_.cancel->load(std::memory_order_relaxed)) {
    return Error{ErrorCode::interrupted, recipe_.name, "was stopped before it was done"};
  }
  done_ += octets;
  if (options_.progress && octets > 0) {
    options_.progress(done_, total_);
  }
  return {};
}

// All files are opened before the first is read: a wrong path in the last component must not cost
// the time of the others.
Result<void> PayloadWriter::open_inputs() {
  for (const RecipeComponent& entry : recipe_.components) {
    EVSEAL_TRY(Input input, Input::open(entry.file));
    total_ += input.size;
    inputs_.push_back(std::move(input));
  }
  for (const RecipeSbom& entry : recipe_.sbom) {
    EVSEAL_TRY(Input input, Input::open(entry.file));
    sbom_inputs_.push_back(std::move(input));
  }
  return {};
}

Result<TreeLayout> PayloadWriter::layout_for(const RecipeComponent& entry,
                                             std::uint64_t stored_size) const {
  auto layout =
      TreeLayout::create(stored_size, entry.chunk_size.value_or(default_chunk_size(stored_size)));
  if (!layout) {
    return Error{ErrorCode::usage, recipe_.name + ": component \"" + entry.id + "\"",
                 layout.error().why, "set a larger \"chunk_size\" for it in the recipe"};
  }
  return layout;
}

Result<void> PayloadWriter::load_hex(const RecipeComponent& entry, const Input& input,
                                     Image& image) {
  const std::string name = input.path.string();
  if (input.size > kMaxHexText) {
    return Error{ErrorCode::malformed, name, "is larger than any Intel HEX file of 64 MiB"};
  }
  Bytes text(static_cast<std::size_t>(input.size));
  EVSEAL_CHECK(input.reader()(0, text));
  EVSEAL_CHECK(step(input.size));
  EVSEAL_TRY(const HexImage hex, read_intel_hex(text, name));
  EVSEAL_TRY(FlatImage flat, flatten(hex, entry.hex, name));
  if (entry.load_address && *entry.load_address != flat.load_address) {
    return Error{ErrorCode::usage, recipe_.name + ": component \"" + entry.id + "\"",
                 "load_address is " + std::to_string(*entry.load_address) + ", but " + name +
                     " begins at " + std::to_string(flat.load_address),
                 "leave load_address out: it follows from an Intel HEX file"};
  }
  image.load_address = flat.load_address;
  image.octets = std::move(flat.data);
  image.size = image.octets.size();
  image.read = [&octets = image.octets](std::uint64_t offset, std::span<std::uint8_t> out) {
    std::memcpy(out.data(), octets.data() + offset, out.size());
    return Result<void>();
  };
  return {};
}

Result<void> PayloadWriter::write_plain(const Image& image, Component& component,
                                        const RecipeComponent& entry) {
  EVSEAL_TRY(const TreeLayout layout, layout_for(entry, image.size));
  // The text of a HEX file was counted when it was read.
  const Step step =
      image.octets.empty() ? counting_step() : [this](std::uint64_t) { return this->step(0); };
  Sha256Stream digest;
  EVSEAL_TRY(component.tree_root,
             write_tree(layout, image.read, &digest, {out_, offset_}, pool_for(image.size), step));
  component.sha256 = digest.finish();
  component.stored_size = image.size;
  component.chunk_size = static_cast<std::uint32_t>(layout.chunk_size());
  offset_ += layout.stored_bytes_in_file();
  return {};
}

// The chunk size depends on the compressed size, so the image is compressed to an unnamed file
// beside the output first.
Result<void> PayloadWriter::write_compressed(const Image& image, Component& component,
                                             const RecipeComponent& entry) {
  std::error_code no_folder;
  fs::path beside = out_ != nullptr ? out_->path() : fs::temp_directory_path(no_folder) / "evseal";
  beside += ".gz";
  EVSEAL_TRY(OutputFile temporary, OutputFile::create(beside, OutputFile::Mode::overwrite, 0600));
  const Step counting =
      image.octets.empty() ? counting_step() : [this](std::uint64_t) { return this->step(0); };
  Sha256Stream digest;
  EVSEAL_TRY(component.stored_size,
             write_gzip(image.size, image.read, digest, temporary, pool_for(image.size), counting));
  component.sha256 = digest.finish();
  EVSEAL_TRY(const TreeLayout layout, layout_for(entry, component.stored_size));
  const ReadAt read = [&](std::uint64_t offset, std::span<std::uint8_t> out) {
    return read_exactly_at(temporary.descriptor(), offset, out, temporary.path());
  };
  const Step silent = [this](std::uint64_t) { return step(0); };
  EVSEAL_TRY(component.tree_root, write_tree(layout, read, nullptr, {out_, offset_},
                                             pool_for(component.stored_size), silent));
  component.chunk_size = static_cast<std::uint32_t>(layout.chunk_size());
  offset_ += layout.stored_bytes_in_file();
  return {};
}

Result<void> check_preserve(const RecipeComponent& entry, const Image& image,
                            const std::string& recipe_name) {
  for (const PreserveRange& range : entry.preserve) {
    if (range.offset > image.size || range.size > image.size - range.offset) {
      return Error{ErrorCode::usage, recipe_name + ": component \"" + entry.id + "\"",
                   "a \"preserve\" range reaches past the image's " + std::to_string(image.size) +
                       " octets"};
    }
  }
  return {};
}

Result<Component> PayloadWriter::write_component(const RecipeComponent& entry, const Input& input) {
  Image image;
  image.size = input.size;
  image.read = input.reader();
  image.load_address = entry.load_address;
  if (is_intel_hex(entry)) {
    EVSEAL_CHECK(load_hex(entry, input, image));
  }
  EVSEAL_CHECK(check_preserve(entry, image, recipe_.name));
  Component component;
  component.id = entry.id;
  component.version = entry.version;
  component.security_version = entry.security_version;
  component.size = image.size;
  component.encoding = entry.encoding;
  component.hardware = entry.hardware;
  component.load_address = image.load_address;
  component.requirements = entry.requirements;
  component.preserve = entry.preserve;
  component.metrology = entry.metrology;
  EVSEAL_CHECK(entry.encoding == Encoding::none ? write_plain(image, component, entry)
                                                : write_compressed(image, component, entry));
  EVSEAL_CHECK(input.check_unchanged());
  return component;
}

Result<Sha256> PayloadWriter::digest_of(const Input& input) {
  Sha256Stream digest;
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, input.size)));
  for (std::uint64_t offset = 0; offset < input.size;) {
    const auto octets =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), input.size - offset));
    const std::span<std::uint8_t> piece(buffer.data(), octets);
    EVSEAL_CHECK(read_exactly_at(input.file, offset, piece, input.path));
    digest.update(piece);
    offset += octets;
    EVSEAL_CHECK(step(0));
  }
  EVSEAL_CHECK(input.check_unchanged());
  return digest.finish();
}

Result<Manifest> PayloadWriter::write(std::int64_t created) {
  EVSEAL_CHECK(open_inputs());
  EVSEAL_CHECK(step(0));
  Manifest manifest;
  manifest.package = recipe_.package;
  manifest.created = created;
  manifest.source = recipe_.source;
  manifest.compatible = recipe_.compatible;
  manifest.critical = recipe_.critical;
  manifest.trust_update = recipe_.trust_update;
  for (std::size_t i = 0; i < recipe_.sbom.size(); ++i) {
    EVSEAL_TRY(const Sha256 digest, digest_of(sbom_inputs_[i]));
    manifest.sbom.push_back({recipe_.sbom[i].name, recipe_.sbom[i].format, digest});
  }
  for (std::size_t i = 0; i < recipe_.components.size(); ++i) {
    EVSEAL_TRY(Component component, write_component(recipe_.components[i], inputs_[i]));
    manifest.components.push_back(std::move(component));
  }
  // A recipe that was made in a program, not loaded, may hold what no manifest can: better an error
  // now than when it is signed.
  EVSEAL_CHECK(to_canonical(manifest));
  return manifest;
}

Result<Manifest> run(const Recipe& recipe, std::int64_t created, OutputFile* out,
                     std::uint64_t offset, const PayloadOptions& options) {
  try {
    return PayloadWriter(recipe, out, offset, options).write(created);
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, recipe.name, problem.what()};
  }
}

}  // namespace

Result<Manifest> write_payload(const Recipe& recipe, std::int64_t created, OutputFile& out,
                               std::uint64_t payload_offset, const PayloadOptions& options) {
  if (payload_offset % kPayloadAlignment != 0) {
    return Error{ErrorCode::internal, out.path().string(),
                 "the payload must begin at a multiple of 4096"};
  }
  return run(recipe, created, &out, payload_offset, options);
}

Result<Manifest> describe_payload(const Recipe& recipe, std::int64_t created,
                                  const PayloadOptions& options) {
  return run(recipe, created, nullptr, 0, options);
}

}  // namespace evseal::manifest
