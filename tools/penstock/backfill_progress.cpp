#include "tools/penstock/backfill_progress.hpp"

#include "tools/penstock/fields.hpp"
#include "tools/penstock/text_format.hpp"

#include <algorithm>

namespace penstock::cli {

namespace {

constexpr std::size_t failures_shown_max = 5;

constexpr std::size_t bar_most = 40;
constexpr std::size_t bar_least = 10;
/// The way in parts of which each gets a line.
constexpr std::uint64_t parts = 20;
/// An estimate from fewer intervals would jump.
constexpr std::uint64_t paced_least = 3;

std::uint64_t natural_of(const value& answer, std::string_view name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_of(answer, name)));
}

std::string intervals(std::uint64_t n) { return show_count(n) + (n == 1 ? " interval" : " intervals"); }

std::string repeated(std::string_view sign, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += sign;
  return out;
}

/// Completed, failed and running ones side by side; what is under way is never drawn as done.
std::string bar(const backfill_snapshot& b, std::size_t width, const screen& on) {
  const auto total = std::max<std::uint64_t>(b.total, 1);
  const auto upto = [&](std::uint64_t n) { return static_cast<std::size_t>(std::min(n, total) * width / total); };
  const auto completed = upto(b.completed);
  const auto failed = upto(b.done()) - completed;
  const auto running = upto(b.done() + b.running) - completed - failed;
  const auto left = width - completed - failed - running;
  const auto sign = [&](std::string_view utf8, std::string_view ascii) { return on.has_utf8 ? utf8 : ascii; };
  return colored(repeated(sign("█", "#"), completed), "32", on) + colored(repeated(sign("█", "x"), failed), "31", on) +
         colored(repeated(sign("▒", "="), running), "36", on) + colored(repeated(sign("░", "."), left), "2", on);
}

std::string remaining(const backfill_snapshot& b, const backfill_pace& pace) {
  if (b.status != "RUNNING" || pace.done < paced_least || pace.within.count() == 0) return {};
  const auto left = b.total - std::min(b.total, b.done());
  const auto each = static_cast<double>(pace.within.count()) / static_cast<double>(pace.done);
  const milliseconds at_last_end{static_cast<std::int64_t>(each * static_cast<double>(left))};
  return "about " + show_duration(std::max(milliseconds{0}, at_last_end - pace.since)) + " left";
}

std::string figures(const backfill_snapshot& b) {
  std::string text = show_count(b.done()) + " of " + show_count(b.total) + " done";
  if (b.failed > 0) text += ", " + show_count(b.failed) + " failed";
  if (b.running > 0) text += ", " + show_count(b.running) + " running";
  return text;
}

} // namespace

bool backfill_snapshot::has_ended() const {
  return status == "COMPLETED" || status == "FAILED" || status == "CANCELLED" || dry_run;
}

bool backfill_snapshot::stands_still() const { return has_ended() || (status == "PAUSED" && !error.empty()); }

backfill_snapshot read_backfill(const value& answer, std::string pipeline_name) {
  backfill_snapshot b;
  b.id = text_of(answer, "id");
  b.pipeline = std::move(pipeline_name);
  b.status = text_of(answer, "status");
  b.from = text_of(answer, "from");
  b.to = text_of(answer, "to");
  b.granularity = text_of(answer, "granularity");
  b.total = natural_of(answer, "totalIntervals");
  b.completed = natural_of(answer, "completedIntervals");
  b.failed = natural_of(answer, "failedIntervals");
  b.running = natural_of(answer, "runningIntervals");
  const auto* dry_run = answer.find("dryRun");
  b.dry_run = dry_run != nullptr && dry_run->as_bool() != nullptr && *dry_run->as_bool();
  b.created_at = parse_rfc3339(text_of(answer, "createdAt"));
  b.ended_at = parse_rfc3339(text_of(answer, "endedAt"));
  b.error = text_of(answer, "error");
  if (const auto* first = answer.find("firstInterval")) b.begin = text_of(*first, "start");
  if (const auto* last = answer.find("lastInterval")) b.end = text_of(*last, "end");
  if (const auto* failures = answer.find("failures"); failures != nullptr && failures->as_list() != nullptr)
    for (const auto& interval : *failures->as_list()) b.failures.push_back(text_of(interval, "start"));
  return b;
}

std::vector<std::string> draw_backfill(const backfill_snapshot& b, const backfill_pace& pace, const screen& on) {
  const auto room = on.columns > 1 ? on.columns - 1 : 1;
  const auto heading =
    b.pipeline + "  " + b.from + " to " + b.to + "  " + b.granularity + "  " + (b.dry_run ? "DRY RUN" : b.status);
  // Nothing of it runs, so that a bar would stay empty.
  if (b.dry_run) return {colored(fit(heading, room), "1", on)};
  auto text = std::to_string(b.total == 0 ? 100 : b.done() * 100 / b.total) + " %  " + figures(b);
  if (const auto left = remaining(b, pace); !left.empty()) text += "  " + left;
  const auto wanted = width_of(text) + 4;
  const auto width = std::clamp<std::size_t>(room > wanted ? room - wanted : 0, bar_least, bar_most);
  const auto beside = room > width + 4 ? room - width - 4 : 1;
  return {colored(fit(heading, room), "1", on), "  " + bar(b, width, on) + "  " + fit(text, beside)};
}

std::vector<std::string> tell_progress(const backfill_snapshot& before, const backfill_snapshot& after) {
  std::vector<std::string> lines;
  if (before.status.empty())
    lines.push_back("backfill " + after.id + " of " + after.pipeline + ": " + intervals(after.total) + " from " +
                    after.from + " to " + after.to);
  const auto part = [](const backfill_snapshot& b) { return b.total == 0 ? parts : b.done() * parts / b.total; };
  const bool has_moved = part(before) != part(after) && after.done() > 0;
  const bool first_failure = before.failed == 0 && after.failed > 0;
  const bool has_turned = !before.status.empty() && before.status != after.status && !after.has_ended();
  if (has_moved || first_failure) lines.push_back(figures(after));
  if (has_turned) lines.push_back(after.status == "PAUSED" ? "paused" : "goes on");
  return lines;
}

std::vector<std::string> tell_end(const backfill_snapshot& b) {
  if (b.dry_run)
    return {"dry run: " + intervals(b.total) + " from " + b.from + " to " + b.to + " would run" +
            (b.begin.empty() ? "" : ", the first one from " + b.begin + ", the last one until " + b.end) +
            "; nothing was started"};
  std::string took;
  if (b.created_at && b.ended_at) took = " after " + show_duration(*b.ended_at - *b.created_at);
  const auto name = "backfill " + b.id;
  if (b.status == "COMPLETED") return {name + " completed" + took + ", " + intervals(b.total)};
  if (b.status == "CANCELLED") return {name + " cancelled" + took + ", " + figures(b)};
  std::vector<std::string> lines;
  if (b.status == "FAILED") {
    lines.push_back(name + " failed" + took + ": " + show_count(b.failed) + " of " + intervals(b.total) + " failed");
    for (std::size_t i = 0; i < b.failures.size() && i < failures_shown_max; ++i)
      lines.push_back("  the one from " + b.failures[i]);
    if (b.failed > failures_shown_max && !b.failures.empty())
      lines.push_back("  and " + show_count(b.failed - failures_shown_max) + " more");
    lines.push_back("  run those again: penstock backfill retry " + b.id);
  } else {
    lines.push_back(name + " is paused, " + figures(b) + "; a run could not be started:");
    lines.push_back("  " + b.error);
    lines.push_back("  when that is mended: penstock backfill resume " + b.id);
  }
  return lines;
}

void backfill_display::show(const backfill_snapshot& backfill, timestamp now) {
  if (!began_) {
    began_ = now;
    done_at_first_ = backfill.done();
  }
  if (!moved_ || last_.done() != backfill.done()) moved_ = now;
  if (on_.is_terminal) {
    const auto done = backfill.done() - std::min(backfill.done(), done_at_first_);
    block_.draw(draw_backfill(backfill, {done, *moved_ - *began_, now - *moved_}, on_));
  } else {
    for (const auto& line : tell_progress(last_, backfill)) out_ << line << '\n';
    out_.flush();
  }
  last_ = backfill;
  noted_.clear();
}

void backfill_display::note(const std::string& line) {
  if (line == noted_) return;
  noted_ = line;
  if (on_.is_terminal) block_.note(line);
  else out_ << line << std::endl;
}

void backfill_display::finish(const backfill_snapshot& backfill, timestamp now) {
  if (!backfill.dry_run) show(backfill, now);
  for (const auto& line : tell_end(backfill)) out_ << line << '\n';
  out_.flush();
}

} // namespace penstock::cli
