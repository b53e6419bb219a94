#include "gzip_writer.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace evseal::manifest {
namespace {

constexpr std::size_t kBlockBytes = 256U << 10U;
constexpr std::size_t kWindowBytes = 32U << 10U;  // what deflate can refer back to
constexpr int kRawDeflate = -15;                  // zlib's name for "no header or trailer"
constexpr int kMemoryLevel = 8;                   // zlib's default
constexpr std::size_t kFlushRoom = 64;

// RFC 1952 §2.3: deflate, no flags, MTIME 0, XFL 2 (slowest), OS 255 (unknown).
constexpr std::array<std::uint8_t, 10> kHeader = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255};

Error zlib_failed() {
  return Error{ErrorCode::internal, "zlib", "cannot compress"};
}

// A raw deflate stream that is used again and again.
class Deflater {
 public:
  Deflater() = default;
  ~Deflater() {
    if (started_) {
      deflateEnd(&stream_);
    }
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Each block ends on an octet boundary (Z_SYNC_FLUSH), so that blocks can be put one behind the
  // other.
  Result<void> compress(ByteView dictionary, ByteView data, bool last, Bytes& out);

 private:
  z_stream stream_{};
  bool started_ = false;
};

Result<void> Deflater::compress(ByteView dictionary, ByteView data, bool last, Bytes& out) {
  const int ready = started_ ? deflateReset(&stream_)
                             : deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, kRawDeflate,
                                            kMemoryLevel, Z_DEFAULT_STRATEGY);
  if (ready != Z_OK) {
    return zlib_failed();
  }
  started_ = true;
  if (!dictionary.empty() && deflateSetDictionary(&stream_, dictionary.data(),
                                                  static_cast<uInt>(dictionary.size())) != Z_OK) {
    return zlib_failed();
  }
  // zlib promises its bound for Z_FINISH; the flush marker comes on top.
  out.resize(deflateBound(&stream_, static_cast<uLong>(data.size())) + kFlushRoom);
  stream_.next_in = const_cast<Bytef*>(data.data());  // zlib does not write there
  stream_.avail_in = static_cast<uInt>(data.size());
  stream_.next_out = out.data();
  stream_.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream_, last ? Z_FINISH : Z_SYNC_FLUSH);
  if (code != (last ? Z_STREAM_END : Z_OK) || stream_.avail_in != 0 || stream_.avail_out == 0) {
    return zlib_failed();
  }
  out.resize(out.size() - stream_.avail_out);
  return {};
}

class GzipWork final : public BlockWork {
 public:
  GzipWork(OutputFile& out, std::size_t slots) : out_(out), slots_(slots) {}

  // A block's buffer holds its dictionary in front of its data.
  Result<void> process(Block& block) override {
    PerSlot& slot = slots_[block.slot];
    const ByteView octets = block.data();
    const ByteView data = octets.subspan(slot.dictionary_size);
    slot.crc = crc32(0, data.data(), static_cast<uInt>(data.size()));
    slot.data_size = data.size();
    return slot.deflater.compress(octets.first(slot.dictionary_size), data, block.last,
                                  slot.compressed);
  }

  Result<void> retire(Block& block) override {
    PerSlot& slot = slots_[block.slot];
    crc_ = crc32_combine(crc_, slot.crc, static_cast<z_off_t>(slot.data_size));
    size_ += slot.compressed.size();
    return out_.write(slot.compressed);
  }

  void set_dictionary_size(const Block& block, std::size_t size) {
    slots_[block.slot].dictionary_size = size;
  }
  [[nodiscard]] std::uint32_t crc() const { return static_cast<std::uint32_t>(crc_); }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  struct PerSlot {
    Deflater deflater;
    Bytes compressed;
    std::size_t dictionary_size = 0;
    std::size_t data_size = 0;
    uLong crc = 0;
  };

  OutputFile& out_;
  std::vector<PerSlot> slots_;
  uLong crc_ = 0;
  std::uint64_t size_ = 0;
};

std::array<std::uint8_t, 8> trailer(std::uint32_t crc, std::uint64_t size) {
  std::array<std::uint8_t, 8> octets{};
  for (unsigned i = 0; i < 4; ++i) {
    octets[i] = static_cast<std::uint8_t>(crc >> (8 * i));
    octets[i + 4] = static_cast<std::uint8_t>(size >> (8 * i));  // ISIZE is modulo 2^32
  }
  return octets;
}

}  // namespace

Result<std::uint64_t> write_gzip(std::uint64_t size, const ReadAt& read, Sha256Stream& digest,
                                 OutputFile& out, WorkerPool* pool, const Step& step) {
  EVSEAL_CHECK(out.write(kHeader));
  GzipWork work(out, BlockPipeline::slots_for(pool));
  BlockPipeline pipeline(pool, work, kWindowBytes + kBlockBytes);
  std::array<std::uint8_t, kWindowBytes> window{};
  std::size_t window_size = 0;
  for (std::uint64_t offset = 0; offset < size;) {
    EVSEAL_TRY(Block* const block, pipeline.next());
    const auto octets =
        static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, size - offset));
    std::memcpy(block->buffer.data(), window.data(), window_size);
    const std::span<std::uint8_t> data = block->buffer.subspan(window_size, octets);
    EVSEAL_CHECK(read(offset, data));
    offset += octets;
    block->size = window_size + octets;
    block->last = offset == size;
    work.set_dictionary_size(*block, window_size);
    if (!block->last) {  // then the block is a full one, longer than the window
      window_size = window.size();
      std::memcpy(window.data(), data.data() + (octets - window_size), window_size);
    }
    pipeline.submit();
    digest.update(data);
    EVSEAL_CHECK(step(octets));
  }
  EVSEAL_CHECK(pipeline.finish());
  EVSEAL_CHECK(out.write(trailer(work.crc(), size)));
  return kHeader.size() + work.size() + 8;
}

}  // namespace evseal::manifest
