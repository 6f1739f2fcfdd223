#include "runtime/connectors/connector.hpp"

#include <algorithm>

namespace penstock {

const std::vector<connector>& connectors() {
  static const std::vector<connector> table{
    {"inline", &read_inline, nullptr},
    {"file", &read_file, &write_file},
  };
  return table;
}

const connector* find_connector(std::string_view name) {
  const auto& all = connectors();
  const auto at = std::find_if(all.begin(), all.end(), [&](const connector& c) { return c.name == name; });
  return at == all.end() ? nullptr : &*at;
}

} // namespace penstock
