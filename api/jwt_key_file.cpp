#include "api/jwt_key_file.hpp"

#include <sys/stat.h>

#include <spdlog/spdlog.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <sstream>

namespace penstock {

result<jwt_key_file::stamp> jwt_key_file::stamp_now() const {
  struct stat facts {};
  if (::stat(path_.c_str(), &facts) != 0)
    return fail(errc::io_failed, "the file of JWT keys " + path_ + " cannot be read: " + std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return fail(errc::io_failed, "the file of JWT keys " + path_ + " is no file");
  return stamp{std::int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec, facts.st_size, facts.st_ino};
}

result<jwt_key_set> jwt_key_file::read() const {
  std::ifstream in{path_, std::ios::binary};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return fail(errc::io_failed, "the file of JWT keys " + path_ + " is empty or cannot be read");
  auto keys = jwt_key_set::parse(text.str());
  if (!keys) return fail(errc::invalid_argument, "the file of JWT keys " + path_ + ": " + keys.error().message);
  return keys;
}

void jwt_key_file::take(jwt_key_set keys) {
  for (const auto& why : keys.left_out()) spdlog::warn("{} is left out: {}", path_, why);
  spdlog::info("read {} JWT keys from {}", keys.size(), path_);
  const std::scoped_lock lock{mutex_};
  keys_ = std::make_shared<const jwt_key_set>(std::move(keys));
  version_.fetch_add(1, std::memory_order_release);
}

result<std::shared_ptr<jwt_key_file>> jwt_key_file::open(std::string path) {
  std::shared_ptr<jwt_key_file> out{new jwt_key_file{std::move(path)}};
  const auto seen = out->stamp_now();
  if (!seen) return unexpected(seen.error());
  auto keys = out->read();
  if (!keys) return unexpected(std::move(keys).error());
  out->seen_ = *seen;
  out->take(std::move(*keys));
  return out;
}

jwt_key_file::snapshot jwt_key_file::current() const {
  const std::scoped_lock lock{mutex_};
  return {keys_, version_.load(std::memory_order_relaxed)};
}

void jwt_key_file::look() {
  // Taken before the reading: what is written meanwhile is seen the next time.
  const auto now = stamp_now();
  const auto seen = now.value_or(stamp{});
  if (seen == seen_) return;
  seen_ = seen;
  auto keys = now ? read() : result<jwt_key_set>{unexpected(now.error())};
  if (keys) take(std::move(*keys));
  else spdlog::error("{}; the keys read before stay in use", keys.error().message);
}

void jwt_key_file::watch() {
  watcher_ = std::jthread{[this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock{mutex};
    while (!wake.wait_for(lock, stop, look_every, [&] { return stop.stop_requested(); })) look();
  }};
}

} // namespace penstock
