#pragma once

#include "storage/log_writer.hpp"

#include <vector>

namespace penstock {

/// A log writer for tests and simulation: entries wait until whoever plays the disk takes them.
class queued_log final : public log_writer {
public:
  void append(turn_entry entry) override { entries.push_back(std::move(entry)); }
  [[nodiscard]] std::size_t depth() const noexcept override { return entries.size(); }
  void stop() override {}

  std::vector<turn_entry> entries;
};

} // namespace penstock
