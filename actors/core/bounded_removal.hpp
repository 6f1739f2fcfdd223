#pragma once

#include "storage/keys.hpp"
#include "storage/store.hpp"

#include <cstddef>
#include <string>

namespace penstock {

/// Takes keys out of the store in steps: a commit stays small, however much is to go.
class bounded_removal {
public:
  bounded_removal(const state_reader& state, mutation_batch& out, std::size_t keys_max)
      : state_(state), out_(out), left_(keys_max) {}

  /// Removes what begins with `prefix`, as far as this step has room. @returns whether that was all.
  bool remove_all(family f, const std::string& prefix) {
    bool all = true;
    state_.scan(f, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      all = left_ > 0;
      if (!all) return false;
      --left_;
      out_.remove(f, key);
      return true;
    });
    return all;
  }

private:
  const state_reader& state_;
  mutation_batch& out_;
  std::size_t left_;
};

} // namespace penstock
