#pragma once

#include "storage/column_families.hpp"

#include <array>

namespace penstock {

/// What a turn's mutations are about, found out before the first of them is carried out.
struct turn_survey {
  std::array<bool, family_slots> counts{}; ///< Families with an addition.
};

/// @returns `errc::corrupt_record` if a mutation does not decode, `errc::internal` if one writes what is the store's
/// own.
[[nodiscard]] result<turn_survey> survey(const std::vector<turn_entry>& entries);

} // namespace penstock
