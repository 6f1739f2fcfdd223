#include "api/json_writer.hpp"

#include "runtime/model/json.hpp"

#include <array>
#include <charconv>

namespace penstock {

void json_writer::separate() {
  if (after_value_) out_ += ',';
  after_value_ = true;
}

json_writer& json_writer::open(char bracket) {
  separate();
  out_ += bracket;
  after_value_ = false;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  out_ += bracket;
  after_value_ = true;
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  after_value_ = false;
  return *this;
}

json_writer& json_writer::text(std::string_view v) {
  separate();
  append_json_string(out_, v);
  return *this;
}

json_writer& json_writer::null() { return raw("null"); }

json_writer& json_writer::raw(std::string_view v) {
  separate();
  out_ += v;
  return *this;
}

json_writer& json_writer::put(const value& v) { return raw(write_json(v)); }

json_writer& json_writer::integer(std::int64_t v) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), v).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

json_writer& json_writer::natural(std::uint64_t v) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), v).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

} // namespace penstock
