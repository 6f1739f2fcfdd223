#include "runtime/model/codec.hpp"

namespace penstock::codec {

namespace {

enum class value_tag : std::uint8_t {
  null = 0,
  no = 1,
  yes = 2,
  integer = 3,
  number = 4,
  text = 5,
  list = 6,
  object = 7
};

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

bool take_text(std::string_view& in, std::string& text) {
  std::uint64_t size = 0;
  if (!take_varint(in, size) || size > in.size()) return false;
  text.assign(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

bool take_number(std::string_view& in, value& v) {
  double d = 0;
  if (in.size() < sizeof d) return false;
  std::memcpy(&d, in.data(), sizeof d);
  in.remove_prefix(sizeof d);
  v = d;
  return true;
}

bool take_list(std::string_view& in, value& v, unsigned depth) {
  std::uint64_t count = 0;
  if (!take_varint(in, count) || count > in.size()) return false;
  value::list entries(count);
  for (auto& entry : entries)
    if (!take_value(in, entry, depth + 1)) return false;
  v = std::move(entries);
  return true;
}

bool take_object(std::string_view& in, value& v, unsigned depth) {
  std::uint64_t count = 0;
  if (!take_varint(in, count) || count > in.size()) return false;
  value::object members(count);
  for (auto& [key, entry] : members)
    if (!take_text(in, key) || !take_value(in, entry, depth + 1)) return false;
  v = std::move(members);
  return true;
}

} // namespace

void put_varint(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out += static_cast<char>(v | 0x80);
    v >>= 7;
  }
  out += static_cast<char>(v);
}

bool take_varint(std::string_view& in, std::uint64_t& v) noexcept {
  v = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    v |= std::uint64_t{byte & 0x7fu} << shift;
    if (!(byte & 0x80)) return true;
  }
  return false;
}

void put_value(std::string& out, const value& v) {
  const auto tag = [&](value_tag t) { out += static_cast<char>(t); };
  if (const auto* b = v.as_bool()) tag(*b ? value_tag::yes : value_tag::no);
  else if (const auto* i = v.as_int()) {
    tag(value_tag::integer);
    put_varint(out, zigzag(*i));
  } else if (const auto* d = v.as_double()) {
    tag(value_tag::number);
    out.append(reinterpret_cast<const char*>(d), sizeof *d);
  } else if (const auto* s = v.as_string()) {
    tag(value_tag::text);
    put_text(out, *s);
  } else if (const auto* l = v.as_list()) {
    tag(value_tag::list);
    put_varint(out, l->size());
    for (const auto& entry : *l) put_value(out, entry);
  } else if (const auto* o = v.as_object()) {
    tag(value_tag::object);
    put_varint(out, o->size());
    for (const auto& [key, entry] : *o) {
      put_text(out, key);
      put_value(out, entry);
    }
  } else tag(value_tag::null);
}

bool take_value(std::string_view& in, value& v, unsigned depth) {
  if (in.empty() || depth > depth_max) return false;
  const auto tag = static_cast<value_tag>(in.front());
  in.remove_prefix(1);
  switch (tag) {
    case value_tag::null: v = value{}; return true;
    case value_tag::no: v = false; return true;
    case value_tag::yes: v = true; return true;
    case value_tag::integer: {
      std::uint64_t raw = 0;
      if (!take_varint(in, raw)) return false;
      v = unzigzag(raw);
      return true;
    }
    case value_tag::number: return take_number(in, v);
    case value_tag::text: {
      std::string text;
      if (!take_text(in, text)) return false;
      v = std::move(text);
      return true;
    }
    case value_tag::list: return take_list(in, v, depth);
    case value_tag::object: return take_object(in, v, depth);
  }
  return false;
}

} // namespace penstock::codec
