#pragma once

#include <functional>
#include <memory>
#include <mutex>

namespace penstock {

/// Reads something again when it may have changed, and hands over what it read: one at a time, so that states come in
/// order, and merged when changes come faster than they are taken. Thread-safe; owned by a `shared_ptr`, and silent once
/// that is gone.
class latest_reader : public std::enable_shared_from_this<latest_reader> {
public:
  /// @param post runs a job on some thread.
  /// @param read reads, hands over, and answers whether that was the last time. Never called twice at once.
  latest_reader(std::function<void(std::function<void()>)> post, std::function<bool()> read)
      : post_(std::move(post)), read_(std::move(read)) {}

  /// Something may have changed. Returns at once.
  void poke();

private:
  void post();
  void run();

  std::function<void(std::function<void()>)> post_;
  std::function<bool()> read_;
  std::mutex mutex_;
  bool reading_ = false; ///< Until what was read is handed over; a change meanwhile asks for another read.
  bool again_ = false;
  bool over_ = false;
};

} // namespace penstock
