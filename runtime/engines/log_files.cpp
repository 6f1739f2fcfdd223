#include "runtime/engines/log_files.hpp"

#include "runtime/engines/descriptor.hpp"
#include "runtime/engines/secret_mask.hpp"
#include "runtime/model/utf8.hpp"
#include "runtime/seams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>

namespace penstock {

namespace fs = std::filesystem;

// A line is `<ms since 1970> <level> <task> <text>`, so that it can be read with any text tool. Attempts that run side by
// side append to one file, each line with one call, so that its bytes stay together.

namespace {

constexpr std::size_t text_bytes_max = 16u << 10;
constexpr std::size_t piece_bytes = 64u << 10;  ///< Read at once.
constexpr std::size_t garbage_bytes = 1u << 20; ///< Without a line's end.
constexpr std::string_view cut_mark = " … (line cut at 16 KiB)";
constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t bad = find_invalid_utf8(text);
    out.append(text.substr(0, bad));
    if (bad == std::string_view::npos) break;
    out.append(replacement);
    text.remove_prefix(bad + 1);
  }
  return out;
}

/// At most `text_bytes_max`, not in the middle of a character.
std::string cut(std::string text) {
  if (text.size() <= text_bytes_max) return text;
  std::size_t end = text_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text.append(cut_mark);
}

class file_log final : public attempt_log {
public:
  file_log(fs::path file, std::string task_id, std::uint64_t bytes_max, std::shared_ptr<clock_source> clock)
      : path_(std::move(file)), task_id_(std::move(task_id)), bytes_max_(bytes_max), clock_(std::move(clock)) {}

  void mask(const std::vector<std::string>& secrets) override {
    const std::lock_guard lock(mutex_);
    mask_ = secret_mask(secrets);
  }

  void line(log_level level, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    // Masking costs most, and a command that prints for ever would go on paying for it.
    if (full_) return;
    const std::string prefix =
      std::to_string(to_ms(clock_->now())) + ' ' + std::string(to_text(level)) + ' ' + task_id_ + ' ';
    const std::string hidden = mask_.hide(text);
    std::string lines;
    for (std::string_view rest = hidden;;) {
      const auto end = rest.find('\n');
      lines += prefix + cut(valid_utf8(rest.substr(0, end))) + '\n';
      if (end == std::string_view::npos || end + 1 == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
    append(prefix, lines);
  }

private:
  void append(const std::string& prefix, const std::string& lines) {
    if (!open()) return;
    full_ = bytes_ + lines.size() > bytes_max_;
    const std::string last =
      prefix + "the log has reached its limit of " + std::to_string(bytes_max_) + " bytes; further lines are dropped\n";
    const std::string& out = full_ ? last : lines;
    bytes_ += out.size();
    // Logs are not worth failing an attempt for: a full disk shows elsewhere. But a line cut short must not take the
    // next one with it.
    const ssize_t n = ::write(file_.get(), out.data(), out.size());
    if (n > 0 && static_cast<std::size_t>(n) < out.size()) (void)!::write(file_.get(), "\n", 1);
  }

  bool open() {
    if (file_) return true;
    std::error_code ignored;
    fs::create_directories(path_.parent_path(), ignored);
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    return bool{file_};
  }

  const fs::path path_;
  const std::string task_id_;
  const std::uint64_t bytes_max_;
  const std::shared_ptr<clock_source> clock_;
  std::mutex mutex_;
  secret_mask mask_;
  descriptor file_;
  std::uint64_t bytes_ = 0;
  bool full_ = false;
};

std::optional<log_level> parse_level(std::string_view text) {
  for (const auto level : {log_level::debug, log_level::info, log_level::warn, log_level::error})
    if (to_text(level) == text) return level;
  return std::nullopt;
}

/// Takes what stands before the next blank off `rest`; nothing if there is no blank.
std::optional<std::string_view> take_word(std::string_view& rest) {
  const auto end = rest.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return word;
}

/// Nothing for a line that a crash left half-written.
std::optional<log_line> parse_line(std::string_view rest) {
  const auto time = take_word(rest), level_name = take_word(rest), task = take_word(rest);
  if (!time || !level_name || !task) return std::nullopt;
  std::int64_t ms = 0;
  const auto [end, failed] = std::from_chars(time->data(), time->data() + time->size(), ms);
  const auto level = parse_level(*level_name);
  if (failed != std::errc{} || end != time->data() + time->size() || !level) return std::nullopt;
  return log_line{from_ms(ms), *level, std::string(*task), std::string(rest)};
}

} // namespace

std::string_view to_text(log_level l) noexcept {
  switch (l) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warn: return "warn";
    case log_level::error: return "error";
  }
  return "info";
}

log_files::log_files(std::string data_dir, std::shared_ptr<clock_source> clock)
    : root_(std::move(data_dir) + "/logs"), clock_(std::move(clock)) {}

std::string log_files::path_of(const run_id& run) const { return root_ + "/" + to_text(run) + "/lines"; }

std::shared_ptr<attempt_log> log_files::open_attempt(const attempt_ref& ref, const std::string& task_id,
                                                     std::uint64_t bytes_max) {
  return std::make_shared<file_log>(path_of(ref.run), task_id, bytes_max, clock_);
}

result<void> log_files::scan(const run_id& run, std::uint64_t offset,
                             const std::function<bool(log_line&&, std::uint64_t)>& take) const {
  const std::string path = path_of(run);
  const auto failed = [&] {
    return fail(errc::io_failed, "The log " + path + " cannot be read: " + std::strerror(errno));
  };
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};
  if (!file) return failed();
  std::string held; // Read, from `offset` on, but not taken.
  std::vector<char> piece(piece_bytes);
  for (;;) {
    const ssize_t n = ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(offset + held.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed();
    if (n == 0) return {};
    held.append(piece.data(), static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (auto end = held.find('\n'); end != std::string::npos; end = held.find('\n', begin)) {
      auto line = parse_line(std::string_view{held}.substr(begin, end - begin));
      begin = end + 1;
      if (line && !take(std::move(*line), offset + begin)) return {};
    }
    if (begin == 0 && held.size() > garbage_bytes) begin = held.size(); // No line of ours is as long.
    held.erase(0, begin);
    offset += begin;
  }
}

void log_files::remove(const run_id& run) const {
  std::error_code ignored;
  fs::remove_all(fs::path(root_) / to_text(run), ignored);
}

} // namespace penstock
