#pragma once

#include "runtime/error.hpp"
#include "runtime/model/ids.hpp"
#include "runtime/model/value.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// Records as bytes, driven by each struct's `describe`.
///
/// A record is a format version byte followed by its fields. A field is `number << 1 | wide` as a varint, then either a
/// varint (wide = 0: integers zigzagged where signed, booleans, enumerators, times) or a length and that many bytes
/// (wide = 1: texts, ids, lists, nested records). Fields that are zero, null or empty are left out and read back as that
/// whatever the member's initialiser says; unknown ones are skipped, so fields can be added. A field's number and kind
/// are permanent.
namespace penstock::codec {

inline constexpr std::uint8_t record_version = 1;
/// Nested records and values deeper than this are refused when read.
inline constexpr unsigned depth_max = 80;

void put_varint(std::string& out, std::uint64_t v);
[[nodiscard]] bool take_varint(std::string_view& in, std::uint64_t& v) noexcept;
void put_value(std::string& out, const value& v);
[[nodiscard]] bool take_value(std::string_view& in, value& v, unsigned depth);

[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t v) noexcept {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t v) noexcept {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_typed_id : std::false_type {};
template <class Tag>
struct is_typed_id<typed_id<Tag>> : std::true_type {};

template <class T>
inline constexpr bool is_narrow = std::is_integral_v<T> || std::is_enum_v<T> || std::is_same_v<T, timestamp>;

template <class T>
[[nodiscard]] std::uint64_t to_narrow(const T& v) noexcept {
  if constexpr (std::is_same_v<T, timestamp>) return zigzag(to_ms(v));
  else if constexpr (std::is_enum_v<T>) return static_cast<std::uint64_t>(v);
  else if constexpr (std::is_signed_v<T>) return zigzag(v);
  else return static_cast<std::uint64_t>(v);
}

template <class T>
void from_narrow(std::uint64_t raw, T& v) noexcept {
  if constexpr (std::is_same_v<T, timestamp>) v = from_ms(unzigzag(raw));
  else if constexpr (std::is_enum_v<T>) v = static_cast<T>(raw);
  else if constexpr (std::is_same_v<T, bool>) v = raw != 0;
  else if constexpr (std::is_signed_v<T>) v = static_cast<T>(unzigzag(raw));
  else v = static_cast<T>(raw);
}

template <class T>
void put_fields(std::string& out, const T& record);
template <class T>
[[nodiscard]] bool take_fields(std::string_view in, T& record, unsigned depth);

/// The payload of a wide field.
template <class T>
void put_wide(std::string& out, const T& v) {
  if constexpr (std::is_same_v<T, std::string>) out += v;
  else if constexpr (std::is_same_v<T, value>) put_value(out, v);
  else if constexpr (std::is_same_v<T, uuid> || is_typed_id<T>::value) out += v.view();
  else if constexpr (is_vector<T>::value) {
    for (const auto& entry : v) {
      using entry_type = typename T::value_type;
      if constexpr (is_narrow<entry_type>) put_varint(out, to_narrow(entry));
      else {
        std::string bytes;
        put_wide(bytes, entry);
        put_varint(out, bytes.size());
        out += bytes;
      }
    }
  } else put_fields(out, v);
}

template <class T>
[[nodiscard]] bool take_wide(std::string_view in, T& v, unsigned depth) {
  if (depth > depth_max) return false;
  if constexpr (std::is_same_v<T, std::string>) v.assign(in);
  else if constexpr (std::is_same_v<T, value>) return take_value(in, v, depth + 1) && in.empty();
  else if constexpr (std::is_same_v<T, uuid>) {
    if (in.size() != 16) return false;
    std::memcpy(v.bytes.data(), in.data(), 16);
  } else if constexpr (is_typed_id<T>::value) return take_wide(in, v.raw, depth);
  else if constexpr (is_vector<T>::value) {
    v.clear();
    while (!in.empty()) {
      std::uint64_t raw = 0;
      if (!take_varint(in, raw)) return false;
      using entry_type = typename T::value_type;
      entry_type entry{};
      if constexpr (is_narrow<entry_type>) from_narrow(raw, entry);
      else {
        if (raw > in.size() || !take_wide(in.substr(0, raw), entry, depth + 1)) return false;
        in.remove_prefix(raw);
      }
      v.push_back(std::move(entry));
    }
  } else return take_fields(in, v, depth + 1);
  return true;
}

/// Visitor that writes each field that is not zero, null or empty.
class writer {
public:
  explicit writer(std::string& out) : out_(out) {}

  template <class T>
  void operator()(std::uint32_t number, const char*, const T& v) {
    if constexpr (is_optional<T>::value) {
      if (v) write(number, *v);
    } else if constexpr (is_narrow<T>) {
      if (!(v == T{})) write(number, v);
    } else if constexpr (std::is_same_v<T, value>) {
      if (!v.is_null()) write(number, v);
    } else {
      write(number, v);
    }
  }

private:
  template <class T>
  void write(std::uint32_t number, const T& v) {
    if constexpr (is_narrow<T>) {
      put_varint(out_, std::uint64_t{number} << 1);
      put_varint(out_, to_narrow(v));
    } else {
      std::string bytes;
      put_wide(bytes, v);
      if (bytes.empty()) return;
      put_varint(out_, std::uint64_t{number} << 1 | 1);
      put_varint(out_, bytes.size());
      out_ += bytes;
    }
  }

  std::string& out_;
};

/// Visitor that sets numbers to zero, which is what a field left out means.
struct zeroing_visitor {
  template <class T>
  void operator()(std::uint32_t, const char*, T& v) {
    if constexpr (is_narrow<T>) v = T{};
  }
};

/// Visitor that fills the one field that is there, by number.
class field_reader {
public:
  field_reader(std::uint32_t number, bool wide, std::uint64_t raw, std::string_view bytes, unsigned depth)
      : number_(number), wide_(wide), raw_(raw), bytes_(bytes), depth_(depth) {}

  template <class T>
  void operator()(std::uint32_t number, const char*, T& v) {
    if (number != number_) return;
    if constexpr (is_optional<T>::value) {
      v.emplace();
      read(*v);
    } else {
      read(v);
    }
  }

  [[nodiscard]] bool ok() const noexcept { return ok_; }

private:
  template <class T>
  void read(T& v) {
    if (wide_ == is_narrow<T>) ok_ = false;
    else if constexpr (is_narrow<T>) from_narrow(raw_, v);
    else ok_ = take_wide(bytes_, v, depth_);
  }

  std::uint32_t number_;
  bool wide_;
  std::uint64_t raw_;
  std::string_view bytes_;
  unsigned depth_;
  bool ok_ = true;
};

template <class T>
void put_fields(std::string& out, const T& record) {
  writer w{out};
  T::describe(record, w);
}

template <class T>
bool take_fields(std::string_view in, T& record, unsigned depth) {
  zeroing_visitor zero;
  T::describe(record, zero);
  while (!in.empty()) {
    std::uint64_t head = 0;
    std::uint64_t raw = 0;
    if (!take_varint(in, head) || !take_varint(in, raw)) return false;
    const bool wide = head & 1;
    std::string_view bytes;
    if (wide) {
      if (raw > in.size()) return false;
      bytes = in.substr(0, raw);
      in.remove_prefix(raw);
    }
    field_reader r{static_cast<std::uint32_t>(head >> 1), wide, raw, bytes, depth};
    T::describe(record, r);
    if (!r.ok()) return false;
  }
  return true;
}

/// A record's bytes.
template <class T>
[[nodiscard]] std::string encode(const T& record) {
  std::string out(1, static_cast<char>(record_version));
  put_fields(out, record);
  return out;
}

/// @returns `errc::corrupt_record` unless `bytes` is a record of a known version.
template <class T>
[[nodiscard]] result<T> decode(std::string_view bytes) {
  T record{};
  if (bytes.empty() || static_cast<std::uint8_t>(bytes.front()) != record_version)
    return fail(errc::corrupt_record, "a stored record has an unknown format version");
  if (!take_fields(bytes.substr(1), record, 0)) return fail(errc::corrupt_record, "a stored record does not decode");
  return record;
}

} // namespace penstock::codec
