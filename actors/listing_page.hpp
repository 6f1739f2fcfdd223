#pragma once

#include "actors/caller.hpp"

#include <utility>
#include <vector>

namespace penstock {

/// A page out of all there is.
template <class T>
[[nodiscard]] listing<T> page_of(std::vector<T> all, page which) {
  listing<T> out;
  out.total = all.size();
  for (auto i = which.offset; i < all.size() && out.entries.size() < which.limit; ++i)
    out.entries.push_back(std::move(all[i]));
  return out;
}

} // namespace penstock
