#include "actors/run_files.hpp"

#include "storage/keys.hpp"

namespace fs = std::filesystem;

namespace penstock {

namespace {

constexpr std::size_t removed_at_once = 50;
constexpr std::size_t looked_at_at_once = 100;

} // namespace

stray_files::stray_files(fs::path data_dir, const state_reader& state)
    : state_(state), data_dir_(std::move(data_dir)), rooms_{"logs", "artifacts", "outputs"} {}

std::optional<run_id> stray_files::gone(const fs::path& directory) const {
  const auto name = directory.filename().string();
  const auto id = parse_uuid(name);
  // What has another name was not put there for a run.
  if (!id || to_text(*id) != name) return std::nullopt;
  std::string bytes;
  if (state_.get(family::state, keys::run(run_id{*id}), bytes)) return std::nullopt;
  return run_id{*id};
}

std::optional<std::vector<run_id>> stray_files::look(std::size_t count_max) {
  std::vector<run_id> out;
  std::error_code failed;
  for (std::size_t seen = 0; seen < count_max;) {
    if (at_ == fs::directory_iterator{}) {
      if (rooms_.empty()) return seen > 0 ? std::optional{std::move(out)} : std::nullopt;
      at_ = fs::directory_iterator{data_dir_ / rooms_.back(), failed};
      rooms_.pop_back();
      continue;
    }
    ++seen;
    if (const auto run = gone(at_->path())) out.push_back(*run);
    at_.increment(failed);
    if (failed) at_ = {};
  }
  return out;
}

run_file_remover::run_file_remover(std::string data_dir, std::shared_ptr<const log_files> logs,
                                   const state_reader& state, std::shared_ptr<blocking_pool> pool)
    : data_dir_(std::move(data_dir)), logs_(std::move(logs)), pool_(std::move(pool)), strays_(data_dir_, state) {}

void run_file_remover::remove(run_id run) {
  {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(run);
    if (waiting_.size() > 1) return;
  }
  post_removal();
}

void run_file_remover::post_removal() {
  pool_->post([this] { remove_some(); });
}

void run_file_remover::remove_some() {
  for (std::size_t removed = 0; removed < removed_at_once; ++removed) {
    run_id run;
    {
      const std::lock_guard lock{mutex_};
      run = waiting_.front();
    }
    remove_now(run);
    const std::lock_guard lock{mutex_};
    waiting_.pop_front();
    if (waiting_.empty()) return;
  }
  post_removal();
}

void run_file_remover::remove_now(run_id run) const {
  std::error_code ignored;
  fs::remove_all(data_dir_ / "artifacts" / to_text(run), ignored);
  fs::remove_all(data_dir_ / "outputs" / to_text(run), ignored);
  logs_->remove(run);
}

void run_file_remover::sweep() {
  pool_->post([this] {
    const auto gone = strays_.look(looked_at_at_once);
    if (!gone) return;
    for (const auto run : *gone) remove_now(run);
    sweep();
  });
}

} // namespace penstock
