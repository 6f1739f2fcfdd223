#pragma once

// For tests only.

#include "storage/store.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace penstock::test {

/// A directory of its own, removed when it goes.
class temporary_directory {
public:
  temporary_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "penstock-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make a temporary directory");
    path_ = pattern;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

using rows = std::map<std::string, std::string>;

/// All keys of a family.
[[nodiscard]] inline rows all_rows(const state_reader& from, family f) {
  rows out;
  from.scan(f, "", std::string(64, '\xff'), [&](std::string_view key, std::string_view bytes) {
    out.emplace(key, bytes);
    return true;
  });
  return out;
}

/// An entry that puts one key.
[[nodiscard]] inline turn_entry put_entry(std::uint16_t partition, std::uint64_t index, std::string_view key,
                                          std::string_view bytes) {
  turn_entry entry{
    .partition = partition, .index = index, .clock_ms = static_cast<std::int64_t>(index), .mutations = {}};
  entry.mutations.put(family::state, key, bytes);
  return entry;
}

} // namespace penstock::test
