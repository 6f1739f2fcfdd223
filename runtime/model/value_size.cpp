#include "runtime/model/value_size.hpp"

namespace penstock {

std::size_t memory_bytes(const value& v) {
  std::size_t bytes = sizeof(value);
  if (const auto* text = v.as_string()) bytes += text->size();
  if (const auto* items = v.as_list())
    for (const value& item : *items) bytes += memory_bytes(item);
  if (const auto* members = v.as_object())
    for (const auto& [key, member] : *members) bytes += sizeof(std::string) + key.size() + memory_bytes(member);
  return bytes;
}

} // namespace penstock
