#include "storage/turn_check.hpp"

namespace penstock {

namespace {

bool is_own(const mutation_view& m) {
  return m.where == family::meta && (m.key.empty() || static_cast<std::uint8_t>(m.key[0]) < own_meta_tags);
}

} // namespace

result<turn_survey> survey(const std::vector<turn_entry>& entries) {
  turn_survey found;
  bool own = false;
  for (const auto& entry : entries) {
    const auto decoded = for_each_mutation(entry.mutations.bytes(), [&](const mutation_view& m) {
      if (m.kind == mutation_kind::add) found.counts[family_place(m.where)] = true;
      own = own || is_own(m);
    });
    if (!decoded) return unexpected(decoded.error());
  }
  if (own) return fail(errc::internal, "a change writes a record of family meta that is the store's own");
  return found;
}

} // namespace penstock
