#include "runtime/engines/log_files.hpp"

#include "runtime/engines/descriptor.hpp"
#include "runtime/engines/secret_mask.hpp"
#include "runtime/model/utf8.hpp"
#include "runtime/seams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

namespace penstock {

namespace fs = std::filesystem;

// A file per attempt, `<task>.<item>.<attempt>.log`. Its first line is the task's id; each further line is
// `<ms since 1970> <level> <text>`, so that it can be read with any text tool.

namespace {

constexpr std::size_t text_bytes_max = 16u << 10;
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

std::string file_name(const attempt_ref& ref) {
  char name[48];
  std::snprintf(name, sizeof name, "%08u.%u.%u.log", ref.task, ref.item, ref.attempt);
  return name;
}

class file_log final : public attempt_log {
public:
  file_log(fs::path file, std::string task_id, const std::vector<std::string>& secrets, std::uint64_t bytes_max,
           std::shared_ptr<clock_source> clock)
      : path_(std::move(file)), task_id_(std::move(task_id)), mask_(secrets), bytes_max_(bytes_max),
        clock_(std::move(clock)) {}

  void line(log_level level, std::string_view text) override {
    const std::string prefix = std::to_string(to_ms(clock_->now())) + ' ' + std::string(to_text(level)) + ' ';
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
    const std::lock_guard lock(mutex_);
    if (full_ || !open()) return;
    full_ = bytes_ + lines.size() > bytes_max_;
    const std::string last =
      prefix + "the log has reached its limit of " + std::to_string(bytes_max_) + " bytes; further lines are dropped\n";
    const std::string& out = full_ ? last : lines;
    bytes_ += out.size();
    // Logs are not worth failing an attempt for: a full disk shows elsewhere.
    (void)!::write(file_.get(), out.data(), out.size());
  }

  bool open() {
    if (file_) return true;
    std::error_code ignored;
    fs::create_directories(path_.parent_path(), ignored);
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file_) return false;
    const std::string head = task_id_ + '\n';
    return ::write(file_.get(), head.data(), head.size()) == static_cast<ssize_t>(head.size());
  }

  const fs::path path_;
  const std::string task_id_;
  const secret_mask mask_;
  const std::uint64_t bytes_max_;
  const std::shared_ptr<clock_source> clock_;
  std::mutex mutex_;
  descriptor file_;
  std::uint64_t bytes_ = 0;
  bool full_ = false;
};

std::optional<log_level> parse_level(std::string_view text) {
  for (const auto level : {log_level::debug, log_level::info, log_level::warn, log_level::error})
    if (to_text(level) == text) return level;
  return std::nullopt;
}

/// Nothing for a line that a crash left half-written.
std::optional<log_line> parse_line(std::string_view line, const std::string& task) {
  std::int64_t ms = 0;
  const auto [end, failed] = std::from_chars(line.data(), line.data() + line.size(), ms);
  if (failed != std::errc{} || end == line.data() + line.size() || *end != ' ') return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto level = parse_level(line.substr(0, space));
  if (!level) return std::nullopt;
  return log_line{from_ms(ms), *level, task, std::string(line.substr(space + 1))};
}

void read_file(const fs::path& file, std::vector<log_line>& out) {
  std::ifstream in(file, std::ios::binary);
  std::string task, line;
  std::getline(in, task);
  while (std::getline(in, line))
    if (auto parsed = parse_line(line, task)) out.push_back(std::move(*parsed));
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

std::shared_ptr<attempt_log> log_files::open_attempt(const attempt_ref& ref, const std::string& task_id,
                                                     const std::vector<std::string>& secrets, std::uint64_t bytes_max) {
  return std::make_shared<file_log>(fs::path(root_) / to_text(ref.run) / file_name(ref), task_id, secrets, bytes_max,
                                    clock_);
}

result<std::vector<log_line>> log_files::read(const run_id& run) const {
  std::vector<fs::path> files;
  std::error_code failed;
  const fs::path directory = fs::path(root_) / to_text(run);
  for (fs::directory_iterator at(directory, failed), end; !failed && at != end; at.increment(failed))
    files.push_back(at->path());
  if (failed && failed != std::errc::no_such_file_or_directory)
    return fail(errc::io_failed, "The logs in " + directory.string() + " cannot be read: " + failed.message());
  std::sort(files.begin(), files.end());
  std::vector<log_line> out;
  for (const auto& file : files) read_file(file, out);
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return out;
}

void log_files::remove(const run_id& run) const {
  std::error_code ignored;
  fs::remove_all(fs::path(root_) / to_text(run), ignored);
}

} // namespace penstock
