#include "storage/memory_log.hpp"

#include "storage/big_endian.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace penstock {

namespace {

// A page is: checksum u64 of all that follows | kind u8 | turn u64 | page u32 | pages u32 | bytes u16 | payload | end
// u8.
constexpr std::size_t page_bytes = std::tuple_size_v<memory_page>;
constexpr std::size_t head_bytes = 8 + 1 + 8 + 4 + 4 + 2;
constexpr std::size_t payload_max = page_bytes - head_bytes - 1;
constexpr char end_byte = '\xa5';

enum class page_state { whole, cut_short, damaged };

struct page_view {
  page_state state = page_state::damaged;
  memory_record_kind kind = memory_record_kind::turn;
  std::uint64_t turn = 0;
  std::uint32_t page = 0;
  std::uint32_t pages = 0;
  std::string_view payload;
};

std::uint64_t checksum(std::string_view bytes) {
  static constexpr std::array<std::uint8_t, crypto_shorthash_KEYBYTES> key{};
  std::array<std::uint8_t, crypto_shorthash_BYTES> sum{};
  crypto_shorthash(sum.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), key.data());
  return big_endian_at<std::uint64_t>({reinterpret_cast<const char*>(sum.data()), sum.size()});
}

page_view look_at(const memory_page& page) {
  const std::string_view bytes{page.data(), page.size()};
  if (page.back() == '\0') return {page_state::cut_short, {}, 0, 0, 0, {}};
  const auto size = big_endian_at<std::uint16_t>(bytes, head_bytes - 2);
  if (page.back() != end_byte || size > payload_max || big_endian_at<std::uint64_t>(bytes) != checksum(bytes.substr(8)))
    return {};
  return {page_state::whole,
          static_cast<memory_record_kind>(bytes[8]),
          big_endian_at<std::uint64_t>(bytes, 9),
          big_endian_at<std::uint32_t>(bytes, 17),
          big_endian_at<std::uint32_t>(bytes, 21),
          bytes.substr(head_bytes, size)};
}

unexpected<error> damaged(std::size_t page, const std::string& what) {
  return fail(errc::corrupt_record, "memory log, byte " + std::to_string(page * page_bytes) + ": " + what);
}

/// Reads the record that begins at `at`, if it is complete, and moves on. Answers false if it is not.
bool take_record(const std::vector<page_view>& pages, std::size_t& at, memory_record& out) {
  const auto& first = pages[at];
  if (first.state != page_state::whole || first.page != 0 || first.pages > pages.size() - at) return false;
  out = {first.kind, first.turn, {}};
  for (std::uint32_t i = 0; i < first.pages; ++i) {
    const auto& page = pages[at + i];
    if (page.state != page_state::whole || page.turn != first.turn || page.page != i) return false;
    out.payload += page.payload;
  }
  at += first.pages;
  return true;
}

} // namespace

std::vector<memory_page> to_pages(const memory_record& record) {
  const auto count = std::max<std::size_t>(1, (record.payload.size() + payload_max - 1) / payload_max);
  std::vector<memory_page> pages;
  std::string_view rest = record.payload;
  for (std::size_t i = 0; i < count; ++i) {
    const auto part = rest.substr(0, payload_max);
    rest.remove_prefix(part.size());
    std::string body(1, static_cast<char>(record.kind));
    put_big_endian(body, record.turn);
    put_big_endian(body, static_cast<std::uint32_t>(i));
    put_big_endian(body, static_cast<std::uint32_t>(count));
    put_big_endian(body, static_cast<std::uint16_t>(part.size()));
    body += part;
    body.resize(page_bytes - 8 - 1);
    body += end_byte;
    std::string bytes;
    put_big_endian(bytes, checksum(body));
    bytes += body;
    memory_page page{};
    std::memcpy(page.data(), bytes.data(), page.size());
    pages.push_back(page);
  }
  return pages;
}

result<memory_log_contents> read_pages(const std::vector<memory_page>& pages) {
  std::vector<page_view> views;
  for (const auto& page : pages) {
    views.push_back(look_at(page));
    if (views.back().state == page_state::damaged)
      return damaged(views.size() - 1, "a page was written whole and does not decode");
  }
  memory_log_contents out;
  std::size_t at = 0;
  for (memory_record record; at < views.size() && take_record(views, at, record);) out.records.push_back(record);
  out.sound_pages = at;
  if (out.records.empty()) return out;
  // A write begins only after the one before is synced, so nothing of a later one can be there.
  const auto torn_turn = out.records.back().turn + 1;
  for (; at < views.size(); ++at)
    if (views[at].state == page_state::whole && views[at].turn != torn_turn)
      return damaged(out.sound_pages, "turn " + std::to_string(torn_turn) + " was on disk and does not decode");
  return out;
}

} // namespace penstock
