#include "tools/penstock/fields.hpp"

namespace penstock::cli {

std::string text_of(const value& object, std::string_view name) {
  const auto* member = object.find(name);
  const auto* text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? std::string{} : *text;
}

std::int64_t int_of(const value& object, std::string_view name, std::int64_t otherwise) {
  const auto* member = object.find(name);
  const auto* number = member == nullptr ? nullptr : member->as_int();
  return number == nullptr ? otherwise : *number;
}

const value& data_of(const value& answer) {
  const auto* data = answer.find("data");
  return data == nullptr ? answer : *data;
}

const value::list* list_in(const value& answer) {
  if (const auto* bare = answer.as_list()) return bare;
  for (const auto* name : {"data", "items"}) {
    const auto* inner = answer.find(name);
    if (inner != nullptr && inner->as_list() != nullptr) return inner->as_list();
  }
  return nullptr;
}

value::list entries_of(const value& answer) {
  const auto* list = list_in(answer);
  return list == nullptr ? value::list{} : *list;
}

} // namespace penstock::cli
