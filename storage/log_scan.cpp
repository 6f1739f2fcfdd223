#include "storage/log_scan.hpp"

#include "runtime/model/codec.hpp"
#include "storage/crc32c.hpp"

#include <algorithm>
#include <cstring>

namespace penstock {

namespace {

constexpr std::size_t block_bytes = 32'768;
constexpr std::size_t header_bytes = 7;        ///< Checksum u32, length u16, type u8; little-endian.
constexpr std::size_t batch_header_bytes = 12; ///< Sequence u64, count u32.
constexpr char log_data_tag = 3;

enum class fragment : std::uint8_t { none = 0, full = 1, first = 2, middle = 3, last = 4 };

std::uint32_t little_endian(std::string_view bytes, std::size_t count) {
  std::uint32_t v = 0;
  for (std::size_t i = count; i-- > 0;) v = v << 8 | static_cast<std::uint8_t>(bytes[i]);
  return v;
}

/// RocksDB stores checksums altered, so that a checksum over bytes that hold checksums is no weaker.
std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

/// Reads record after record as RocksDB would, and gives up at the first that is not right.
class strict_reader {
public:
  strict_reader(std::string_view bytes, const database_id& id, log_contents& out) : bytes_(bytes), id_(id), out_(out) {}

  void run() {
    while (step()) {}
    out_.ends_clean = all_zero(bytes_.substr(std::min<std::size_t>(out_.sound_bytes, bytes_.size())));
  }

private:
  /// One fragment. Answers false at the end or at damage; `sound_bytes` says where then.
  bool step() {
    const auto left_in_block = block_bytes - at_ % block_bytes;
    if (left_in_block < header_bytes) {
      at_ += left_in_block;
      return at_ < bytes_.size();
    }
    if (bytes_.size() < at_ + header_bytes) return false;
    const auto head = bytes_.substr(at_, header_bytes);
    const auto length = little_endian(head.substr(4), 2);
    const auto kind = static_cast<fragment>(head[6]);
    if (header_bytes + length > left_in_block || at_ + header_bytes + length > bytes_.size()) return false;
    if (masked(crc32c(bytes_.substr(at_ + 6, 1 + length))) != little_endian(head, 4)) return false;
    if (!take(kind, bytes_.substr(at_ + header_bytes, length))) return false;
    at_ += header_bytes + length;
    if (kind == fragment::full || kind == fragment::last) {
      if (!end_record()) return false;
      out_.sound_bytes = at_;
    }
    return at_ < bytes_.size();
  }

  bool take(fragment kind, std::string_view payload) {
    const bool begins = kind == fragment::full || kind == fragment::first;
    const bool continues = kind == fragment::middle || kind == fragment::last;
    if (begins == inside_ || begins == continues) return false;
    if (begins) {
      begin_ = at_;
      record_.clear();
    }
    // The marker stands at the front; of the rest only the checksums matter here.
    const auto wanted = batch_header_bytes + 2 + marker_bytes;
    record_bytes_ = (begins ? 0 : record_bytes_) + payload.size();
    if (record_.size() < wanted) record_ += payload.substr(0, wanted - record_.size());
    inside_ = kind == fragment::first || kind == fragment::middle;
    return true;
  }

  /// Answers false for a batch that is not ours; an empty one is RocksDB's own.
  bool end_record() {
    if (record_bytes_ == batch_header_bytes) return true;
    std::string_view rest = record_;
    if (rest.size() < batch_header_bytes + 2 || rest[batch_header_bytes] != log_data_tag) return false;
    rest.remove_prefix(batch_header_bytes + 1);
    std::uint64_t size = 0;
    if (!codec::take_varint(rest, size) || size != marker_bytes) return false;
    const auto marker = decode_marker(rest, id_);
    if (!marker) return false;
    out_.turns.push_back({*marker, begin_, at_});
    return true;
  }

  std::string_view bytes_;
  const database_id& id_;
  log_contents& out_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  std::size_t record_bytes_ = 0;
  std::string record_;
  bool inside_ = false;
};

/// Finds the markers in what `carry` and `payload` are together; `offset_of` maps a place in it to one in the file.
template <class OffsetOf>
void find_markers(std::string_view text, const database_id& id, log_contents& out, OffsetOf offset_of) {
  for (std::size_t at = 0; (at = text.find(marker_magic, at)) != std::string_view::npos; ++at)
    if (const auto marker = decode_marker(text.substr(at), id)) out.sighted.push_back({*marker, offset_of(at)});
}

void sight_markers(std::string_view bytes, const database_id& id, log_contents& out) {
  // One byte less than a marker is carried over, so that one across the boundary is found once.
  constexpr auto carry_max = marker_bytes - 1;
  std::string text;
  for (std::size_t block = 0; block < bytes.size(); block += block_bytes) {
    const auto carry = std::min(text.size(), carry_max);
    const auto payload = bytes.substr(block, block_bytes).substr(std::min(header_bytes, bytes.size() - block));
    text = text.substr(text.size() - carry);
    text += payload;
    find_markers(text, id, out, [&](std::size_t at) {
      return at >= carry ? block + header_bytes + (at - carry) : block - (carry - at);
    });
  }
}

} // namespace

log_contents scan_log(std::string_view bytes, const database_id& id) {
  log_contents out;
  strict_reader{bytes, id, out}.run();
  sight_markers(bytes, id, out);
  return out;
}

} // namespace penstock
