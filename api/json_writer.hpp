#pragma once

#include "runtime/model/ids.hpp"
#include "runtime/model/time.hpp"
#include "runtime/model/value.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Appends compact JSON to a text, piece by piece and without a tree in between. Names of members are literals of ours
/// and are not escaped.
class json_writer {
public:
  explicit json_writer(std::string& out) : out_(out) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_list() { return open('['); }
  json_writer& end_list() { return close(']'); }
  json_writer& key(std::string_view name);

  json_writer& text(std::string_view v);
  json_writer& null();
  /// `v` is JSON already.
  json_writer& raw(std::string_view v);

  json_writer& put(std::string_view v) { return text(v); }
  json_writer& put(const char* v) { return text(v); }
  json_writer& put(const std::string& v) { return text(v); }
  json_writer& put(bool v) { return raw(v ? "true" : "false"); }
  json_writer& put(std::nullptr_t) { return null(); }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  json_writer& put(T v) {
    if constexpr (std::is_signed_v<T>) return integer(static_cast<std::int64_t>(v));
    else return natural(static_cast<std::uint64_t>(v));
  }
  json_writer& put(timestamp v) { return text(to_rfc3339(v)); }
  json_writer& put(const uuid& v) { return text(to_text(v)); }
  template <class Tag>
  json_writer& put(const typed_id<Tag>& v) {
    return text(to_text(v));
  }
  json_writer& put(const value& v);
  template <class T>
  json_writer& put(const std::optional<T>& v) {
    return v ? put(*v) : null();
  }

  template <class T>
  json_writer& member(std::string_view name, const T& v) {
    return key(name).put(v);
  }

private:
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  json_writer& integer(std::int64_t v);
  json_writer& natural(std::uint64_t v);
  void separate();

  std::string& out_;
  bool after_value_ = false;
};

} // namespace penstock
