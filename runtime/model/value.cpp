#include "runtime/model/value.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace penstock {

double value::number() const noexcept {
  if (const auto* i = as_int()) return static_cast<double>(*i);
  if (const auto* d = as_double()) return *d;
  return 0;
}

const value* value::find(std::string_view key) const noexcept {
  const auto* members = as_object();
  if (!members) return nullptr;
  const auto it = std::find_if(members->begin(), members->end(), [&](const member& m) { return m.first == key; });
  return it == members->end() ? nullptr : &it->second;
}

value& value::set(std::string_view key, value v) {
  if (is_null()) data_ = object{};
  auto* members = as_object();
  assert(members);
  const auto it = std::find_if(members->begin(), members->end(), [&](const member& m) { return m.first == key; });
  if (it != members->end()) it->second = std::move(v);
  else members->emplace_back(std::string{key}, std::move(v));
  return *this;
}

void value::push_back(value v) {
  if (is_null()) data_ = list{};
  auto* entries = as_list();
  assert(entries);
  entries->push_back(std::move(v));
}

std::string_view value::kind_name() const noexcept {
  static constexpr std::array<std::string_view, 7> names{"null", "true or false", "an integer", "a number",
                                                         "text", "a list",        "an object"};
  return names[data_.index()];
}

} // namespace penstock
