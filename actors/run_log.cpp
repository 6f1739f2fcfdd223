#include "actors/run_log.hpp"

#include <algorithm>
#include <optional>

namespace penstock {

namespace {

constexpr std::size_t text_bytes_max = 8u << 20; ///< Of one answer.
constexpr std::size_t weight_max = 1'000'000;    ///< Lines and marks remembered, of all runs.
constexpr std::size_t marks_max = 8;             ///< Of a run: one for each of its readers.

/// Tells apart what is told of one run: 0 its beginning, then its tasks in their order, and behind them its end.
using told_key = std::uint32_t;

/// How far into a log a number of lines goes.
struct mark {
  std::uint64_t line = 0;
  std::uint64_t offset = 0; ///< In the file.
  std::size_t placed = 0;   ///< Of what is told.
};

/// What became of the run and its tasks, by key; nothing where that is still open.
std::vector<std::optional<log_line>> told_lines(const run_view& view) {
  std::vector<std::optional<log_line>> lines(view.tasks.size() + 2);
  const auto& run = view.record;
  const auto level = [](bool bad) { return bad ? log_level::error : log_level::info; };
  lines.front() = {run.created_at, log_level::info, {}, "Run started (" + std::string{to_text(run.trigger)} + ")"};
  for (std::size_t i = 0; i < view.tasks.size(); ++i) {
    const auto& task = view.tasks[i];
    if (!is_terminal(task.status) || !task.record.ended_at) continue;
    const bool bad = task.status == task_status::failed;
    auto text = "Task " + std::string{to_text(task.status)};
    if (task.record.rows > 0) text += ", " + std::to_string(task.record.rows) + " rows";
    if (bad) text += ": " + task.error;
    lines[i + 1] = {*task.record.ended_at, level(bad), task.id, std::move(text)};
  }
  if (run.ended_at)
    lines.back() = {*run.ended_at,
                    level(run.status == run_status::failed),
                    {},
                    "Run " + std::string{to_text(run.status)} + (view.error.empty() ? "" : ": " + view.error)};
  return lines;
}

} // namespace

/// Where the told lines of a run stand among those of its file, as far as anybody has read.
struct run_log::order {
  struct placed_line {
    told_key key = 0;
    std::uint64_t offset = 0; ///< In the file: the line stands before the one that begins there.
  };
  std::mutex mutex;
  std::vector<placed_line> placed; ///< As they were read.
  std::vector<bool> is_placed;     ///< By key.
  std::uint64_t frontier = 0;      ///< How far into the file anybody has read.
  std::vector<mark> marks;         ///< By line.

  // Of the cache.
  std::uint64_t used = 0;
  std::size_t weight = 0;

  [[nodiscard]] mark mark_before(std::uint64_t line) const {
    mark best;
    for (const auto& m : marks)
      if (m.line <= line) best = m;
    return best;
  }

  void keep(const mark& reached) {
    const auto place = std::lower_bound(marks.begin(), marks.end(), reached.line,
                                        [](const mark& m, std::uint64_t line) { return m.line < line; });
    if (place != marks.end() && place->line == reached.line) *place = reached;
    else marks.insert(place, reached);
    // Who is furthest behind reads the longest anyway.
    if (marks.size() > marks_max) marks.erase(marks.begin());
  }
};

/// One walk through a log.
class run_log::reading {
public:
  reading(order& of, const run_view& run, std::uint64_t from, std::uint32_t limit)
      : order_(of), told_(told_lines(run)), from_(from), limit_(limit), at_(of.mark_before(from)) {
    of.is_placed.resize(told_.size());
    for (told_key key = 0; key < told_.size(); ++key)
      if (told_[key] && !of.is_placed[key]) fresh_.push_back(key);
    // The beginning comes first, whatever the clock says.
    std::stable_sort(fresh_.begin(), fresh_.end(), [this](told_key a, told_key b) {
      return (a == 0) != (b == 0) ? a == 0 : told_[a]->at < told_[b]->at;
    });
  }

  [[nodiscard]] const mark& reached() const noexcept { return at_; }
  [[nodiscard]] std::vector<log_line> take() { return std::move(out_); }

  /// The next line of the file. @returns whether there is room for more.
  bool pass_file_line(log_line&& line, std::uint64_t end) {
    tell_before(line.at);
    if (is_full()) return false;
    pass(std::move(line));
    at_.offset = end;
    order_.frontier = std::max(order_.frontier, end);
    return !is_full();
  }

  /// There is nothing more in the file.
  void end_of_file() { tell_before(timestamp::max()); }

private:
  /// What is told here: what was told before at this place, and where nobody has read yet, what happened before `t`.
  void tell_before(timestamp t) {
    for (; !is_full() && at_.placed < order_.placed.size() && order_.placed[at_.placed].offset <= at_.offset;
         ++at_.placed) {
      const auto& line = told_[order_.placed[at_.placed].key];
      is_behind_ = !line;
      if (is_behind_) return;
      pass(log_line{*line});
    }
    if (at_.offset < order_.frontier || at_.placed < order_.placed.size()) return;
    for (; !is_full() && fresh_taken_ < fresh_.size(); ++fresh_taken_, ++at_.placed) {
      const auto key = fresh_[fresh_taken_];
      if (key != 0 && told_[key]->at >= t) return;
      order_.placed.push_back({key, at_.offset});
      order_.is_placed[key] = true;
      pass(log_line{*told_[key]});
    }
  }

  void pass(log_line&& line) {
    if (at_.line++ < from_) return;
    bytes_ += line.text.size();
    out_.push_back(std::move(line));
  }

  [[nodiscard]] bool is_full() const noexcept {
    return is_behind_ || out_.size() >= limit_ || bytes_ >= text_bytes_max;
  }

  order& order_;
  std::vector<std::optional<log_line>> told_;
  std::vector<told_key> fresh_; ///< Told for the first time, by time.
  std::size_t fresh_taken_ = 0;
  const std::uint64_t from_;
  const std::uint32_t limit_;
  mark at_;
  std::vector<log_line> out_;
  std::size_t bytes_ = 0;
  bool is_behind_ = false; ///< Somebody else has read of an end that this run's view does not hold yet.
};

result<std::vector<log_line>> run_log::read(const run_view& run, std::uint64_t from, std::uint32_t limit) {
  const auto order = order_of(run.record.id);
  const std::lock_guard lock{order->mutex};
  reading r{*order, run, from, limit};
  const auto read = files_->scan(run.record.id, r.reached().offset, [&](log_line&& line, std::uint64_t end) {
    return r.pass_file_line(std::move(line), end);
  });
  if (!read) return unexpected(read.error());
  r.end_of_file();
  order->keep(r.reached());
  weigh(*order);
  return r.take();
}

std::shared_ptr<run_log::order> run_log::order_of(run_id run) {
  const std::lock_guard lock{mutex_};
  while (weight_ > weight_max && orders_.size() > 1) {
    const auto oldest = std::min_element(orders_.begin(), orders_.end(),
                                         [](const auto& a, const auto& b) { return a.second->used < b.second->used; });
    weight_ -= oldest->second->weight;
    orders_.erase(oldest);
  }
  auto& found = orders_[run];
  if (!found) found = std::make_shared<order>();
  found->used = ++uses_;
  return found;
}

void run_log::weigh(order& of) {
  const std::lock_guard lock{mutex_};
  const auto weight = of.placed.size() + marks_max;
  weight_ += weight - of.weight;
  of.weight = weight;
}

} // namespace penstock
