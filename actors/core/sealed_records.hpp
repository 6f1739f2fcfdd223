#pragma once

#include "runtime/model/codec.hpp"
#include "runtime/model/records.hpp"
#include "storage/sealing.hpp"
#include "storage/store.hpp"

#include <string>

/// Records as they lie in the store: decoding, sealing and opening in one place.
namespace penstock {

/// @returns `errc::not_found` if there is no such key, `errc::corrupt_record` if it does not decode.
template <class T>
[[nodiscard]] result<T> read_record(const state_reader& state, std::string_view key) {
  std::string bytes;
  if (!state.get(family::state, key, bytes)) return fail(errc::not_found, "there is no such object");
  return codec::decode<T>(bytes);
}

template <class T>
[[nodiscard]] std::string seal_record(const sealer& seals, const sealed_place& place, const T& record) {
  return seals.seal(place, codec::encode(record));
}

template <class T>
[[nodiscard]] result<T> open_record(const sealer& seals, const sealed_place& place, std::string_view sealed) {
  auto plain = seals.open(place, sealed);
  if (!plain) return unexpected(std::move(plain).error());
  return codec::decode<T>(*plain);
}

/// Where a run's own sealed fields belong.
[[nodiscard]] inline sealed_place place_of(const run_record& run, sealed_kind kind, std::uint32_t version = 0) {
  return {run.workspace, run.id.raw, version, static_cast<std::uint8_t>(kind)};
}

/// Empty text stays empty, and is opened as such.
[[nodiscard]] inline std::string seal_text(const sealer& seals, const sealed_place& place, std::string_view text) {
  return text.empty() ? std::string{} : seals.seal(place, text);
}
[[nodiscard]] inline std::string open_text(const sealer& seals, const sealed_place& place, std::string_view sealed) {
  if (sealed.empty()) return {};
  auto text = seals.open(place, sealed);
  return text ? std::move(*text) : std::string{"(sealed under another master key)"};
}

/// Null stays empty, and is opened as such.
[[nodiscard]] inline std::string seal_value(const sealer& seals, const sealed_place& place, const value& v) {
  if (v.is_null()) return {};
  std::string bytes;
  codec::put_value(bytes, v);
  return seals.seal(place, bytes);
}
[[nodiscard]] inline result<value> open_value(const sealer& seals, const sealed_place& place, std::string_view sealed) {
  value v;
  if (sealed.empty()) return v;
  auto bytes = seals.open(place, sealed);
  if (!bytes) return unexpected(std::move(bytes).error());
  std::string_view rest = *bytes;
  if (!codec::take_value(rest, v, 0) || !rest.empty())
    return fail(errc::corrupt_record, "a stored value does not decode");
  return v;
}

} // namespace penstock
