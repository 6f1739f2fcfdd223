#include "actors/latest_reader.hpp"

#include <utility>

namespace penstock {

void latest_reader::poke() {
  {
    const std::lock_guard lock{mutex_};
    if (over_) return;
    if (reading_) {
      again_ = true;
      return;
    }
    reading_ = true;
  }
  post();
}

void latest_reader::post() {
  post_([weak = weak_from_this()] {
    if (const auto alive = weak.lock()) alive->run();
  });
}

void latest_reader::run() {
  {
    // What has changed until here is read now.
    const std::lock_guard lock{mutex_};
    again_ = false;
  }
  const bool last = read_();
  {
    const std::lock_guard lock{mutex_};
    over_ = last;
    reading_ = !over_ && std::exchange(again_, false);
    if (!reading_) return;
  }
  post();
}

} // namespace penstock
