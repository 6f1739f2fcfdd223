#include "storage/watermark.hpp"

#include "storage/durable_file.hpp"

#include <sodium.h>

#include <array>
#include <charconv>

namespace penstock {

namespace {

constexpr std::string_view head = "penstock watermark 1";

std::string hex(std::uint64_t v) {
  std::array<char, 17> text{};
  const auto* end = std::to_chars(text.data(), text.data() + text.size(), v, 16).ptr;
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

std::string hex(const database_id& id) {
  std::array<char, 2 * std::tuple_size_v<database_id> + 1> text{};
  sodium_bin2hex(text.data(), text.size(), id.data(), id.size());
  return text.data();
}

/// Against damage, not against forgery: whoever may write here may write the database, too.
std::string checksum(std::string_view text) {
  std::array<std::uint8_t, 16> sum{};
  crypto_generichash(sum.data(), sum.size(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), nullptr,
                     0);
  return hex(sum);
}

/// Cuts off and answers what stands behind ` name=` up to the next space.
std::optional<std::string_view> take_field(std::string_view& text, std::string_view name) {
  const auto opening = " " + std::string(name) + "=";
  if (!text.starts_with(opening)) return std::nullopt;
  text.remove_prefix(opening.size());
  const auto field = text.substr(0, text.find(' '));
  text.remove_prefix(field.size());
  return field;
}

std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view name, int base) {
  const auto field = take_field(text, name);
  std::uint64_t v = 0;
  if (!field) return std::nullopt;
  const auto [end, problem] = std::from_chars(field->data(), field->data() + field->size(), v, base);
  if (problem != std::errc{} || end != field->data() + field->size()) return std::nullopt;
  return v;
}

} // namespace

std::string encode_watermark(const watermark& mark) {
  auto text = std::string(head) + " id=" + hex(mark.id) + " made=" + (mark.made ? "1" : "0") +
              " turn=" + std::to_string(mark.turn) + " chain=" + hex(mark.chain) + " log=" + std::to_string(mark.log);
  return text + " sum=" + checksum(text) + "\n";
}

std::optional<watermark> decode_watermark(std::string_view text) {
  const auto all = text;
  if (!text.starts_with(head)) return std::nullopt;
  text.remove_prefix(head.size());
  watermark mark;
  const auto id = take_field(text, "id");
  std::size_t id_bytes = 0;
  if (!id || sodium_hex2bin(mark.id.data(), mark.id.size(), id->data(), id->size(), nullptr, &id_bytes, nullptr) != 0 ||
      id_bytes != mark.id.size())
    return std::nullopt;
  const auto made = take_number(text, "made", 10);
  const auto turn = take_number(text, "turn", 10);
  const auto chain = take_number(text, "chain", 16);
  const auto log = take_number(text, "log", 10);
  if (!made || !turn || !chain || !log) return std::nullopt;
  mark.made = *made == 1;
  mark.turn = *turn;
  mark.chain = *chain;
  mark.log = *log;
  // Whatever was altered, the text would not be what this watermark is written as.
  if (encode_watermark(mark) != all) return std::nullopt;
  return mark;
}

result<watermark> read_watermark(const std::string& path) {
  const auto text = read_file(path, 4'096);
  if (!text && text.error().code == errc::too_large)
    return fail(errc::corrupt_record, path + " is damaged: it is larger than it can be");
  if (!text) return unexpected(text.error());
  const auto mark = decode_watermark(*text);
  if (!mark) return fail(errc::corrupt_record, path + " is damaged: its checksum does not match");
  return *mark;
}

result<void> write_watermark(const std::string& path, const watermark& mark) {
  return replace_file(path, encode_watermark(mark));
}

} // namespace penstock
