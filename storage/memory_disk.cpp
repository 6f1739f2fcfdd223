#include "storage/memory_disk.hpp"

#include <algorithm>

namespace penstock {

memory_disk::memory_disk() : impl_(std::make_unique<impl>()) {}
memory_disk::~memory_disk() = default;

void memory_disk::crash(random_source& random) { impl_->crash(random); }
bool memory_disk::flip_synced_bit(random_source& random) { return impl_->flip_synced_bit(random); }
void memory_disk::fail_next_write_after(std::size_t pages) { impl_->fail_next_write_after(pages); }

memory_disk::impl::opening memory_disk::impl::open() {
  const std::lock_guard lock{mutex_};
  failed_ = false;
  fails_after_.reset();
  return ++opening_;
}

std::vector<memory_disk::impl::number> memory_disk::impl::files() const {
  const std::lock_guard lock{mutex_};
  std::vector<number> out;
  for (const auto& [file, pages] : files_) out.push_back(file);
  return out;
}

std::vector<memory_page> memory_disk::impl::read(number file) const {
  const std::lock_guard lock{mutex_};
  std::vector<memory_page> out;
  if (const auto it = files_.find(file); it != files_.end())
    for (const auto& page : it->second) out.push_back(page.bytes);
  return out;
}

std::uint64_t memory_disk::impl::pages() const {
  const std::lock_guard lock{mutex_};
  std::uint64_t count = 0;
  for (const auto& [file, pages] : files_) count += pages.size();
  return count;
}

bool memory_disk::impl::append(opening by, number file, const std::vector<memory_page>& pages) {
  const std::lock_guard lock{mutex_};
  if (!may_write(by)) return false;
  failed_ = fails_after_.has_value();
  const auto count = std::min(pages.size(), fails_after_.value_or(pages.size()));
  fails_after_.reset();
  auto& stored = files_[file];
  for (std::size_t i = 0; i < count; ++i) stored.push_back({pages[i], false});
  return !failed_;
}

bool memory_disk::impl::sync(opening by, number file) {
  const std::lock_guard lock{mutex_};
  if (!may_write(by)) return false;
  for (auto& page : files_[file]) page.synced = true;
  return true;
}

bool memory_disk::impl::truncate(opening by, number file, std::size_t pages) {
  const std::lock_guard lock{mutex_};
  if (!may_write(by)) return false;
  auto& stored = files_[file];
  stored.resize(std::min(stored.size(), pages));
  return true;
}

bool memory_disk::impl::remove(opening by, number file) {
  const std::lock_guard lock{mutex_};
  if (!may_write(by)) return false;
  files_.erase(file);
  return true;
}

void memory_disk::impl::crash(random_source& random) {
  const std::lock_guard lock{mutex_};
  ++opening_;
  for (auto& [file, pages] : files_) {
    for (auto& page : pages) {
      if (page.synced) continue;
      const auto size = page.bytes.size();
      // Whole, gone, or only its first part: at least one byte, at most all but one.
      const std::array<std::size_t, 3> kept{size, 0, 1 + random.next() % (size - 1)};
      std::fill(page.bytes.begin() + static_cast<std::ptrdiff_t>(kept[random.next() % kept.size()]), page.bytes.end(),
                '\0');
    }
  }
}

bool memory_disk::impl::flip_synced_bit(random_source& random) {
  const std::lock_guard lock{mutex_};
  std::vector<stored_page*> synced;
  for (auto& [file, pages] : files_)
    for (auto& page : pages)
      if (page.synced) synced.push_back(&page);
  if (synced.empty()) return false;
  auto& bytes = synced[random.next() % synced.size()]->bytes;
  const auto bit = random.next() % (8 * bytes.size());
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
  return true;
}

void memory_disk::impl::fail_next_write_after(std::size_t pages) {
  const std::lock_guard lock{mutex_};
  fails_after_ = pages;
}

} // namespace penstock
