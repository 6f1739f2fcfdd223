#include "storage/startup_proof.hpp"

#include <algorithm>
#include <optional>

namespace penstock {

namespace {

std::string place(const scanned_log& log, std::uint64_t offset) {
  return log.path + " at byte " + std::to_string(offset);
}

class walker {
public:
  walker(const proven_turn& flushed, const watermark& mark, const std::vector<scanned_log>& logs,
         const std::string& directory)
      : flushed_(flushed), mark_(mark), logs_(logs), directory_(directory), last_(flushed),
        required_(std::max(flushed.turn, mark.turn)) {
    for (const auto& log : logs)
      for (const auto& sighted : log.contents.sighted) required_ = std::max(required_, sighted.marker.synced);
  }

  result<log_proof> run() {
    if (auto there = check_newest_log(); !there) return unexpected(there.error());
    if (auto same = check_watermark(flushed_); !same) return unexpected(same.error());
    for (const auto& log : logs_)
      if (auto walked = walk(log); !walked) return unexpected(walked.error());
    if (last_.turn < required_) return missing_turns();
    return log_proof{last_, cuts_};
  }

private:
  result<void> check_newest_log() const {
    if (!logs_.empty() && logs_.back().number >= mark_.log) return {};
    if (mark_.log == 0) return {};
    return fail(errc::corrupt_record, directory_ + ": the log file number " + std::to_string(mark_.log) +
                                        " or one after it must be there, and is missing");
  }

  result<void> check_watermark(const proven_turn& turn) const {
    if (turn.turn != mark_.turn || turn.chain == mark_.chain) return {};
    return fail(errc::corrupt_record, directory_ + ": turn " + std::to_string(turn.turn) +
                                        " is not the one that the watermark file names: files of different databases "
                                        "or backups were mixed");
  }

  result<void> walk(const scanned_log& log) {
    if (stopped_) {
      if (log.bytes > 0) cuts_.push_back({log.path, 0});
      return {};
    }
    for (const auto& turn : log.contents.turns) {
      if (auto taken = take(log, turn); !taken) return taken;
      if (stopped_) return {};
    }
    if (log.contents.ends_clean) return {};
    if (const auto damaged = damaged_turn(log); damaged <= required_)
      return fail(errc::corrupt_record, place(log, log.contents.sound_bytes) + " is damaged: turn " +
                                          std::to_string(damaged) + " was on disk and does not decode");
    // The rest of a turn that was being written when the machine stopped. A later file may go on where this one ends.
    cuts_.push_back({log.path, log.contents.sound_bytes});
    return {};
  }

  result<void> take(const scanned_log& log, const logged_turn& turn) {
    const auto& marker = turn.marker;
    const proven_turn after{marker.turn, marker.after};
    seen_ = marker.turn;
    if (marker.turn < flushed_.turn || after == flushed_) return {};
    if (marker.turn > last_.turn + 1) {
      // A hole. If it is one that matters, `required_` says so.
      stopped_ = true;
      hole_ = place(log, turn.begin);
      cuts_.push_back({log.path, turn.begin});
      return {};
    }
    if (marker.turn <= last_.turn || marker.before != last_.chain)
      return fail(errc::corrupt_record, place(log, turn.begin) + " is damaged: turn " + std::to_string(marker.turn) +
                                          " does not follow turn " + std::to_string(last_.turn) +
                                          ": files of different databases or backups were mixed");
    last_ = after;
    return check_watermark(last_);
  }

  /// The turn that stands, or stood, where `log` ceases to decode.
  [[nodiscard]] std::uint64_t damaged_turn(const scanned_log& log) const {
    if (seen_) return *seen_ + 1;
    return log.contents.sighted.empty() ? flushed_.turn + 1 : log.contents.sighted.front().marker.turn;
  }

  [[nodiscard]] unexpected<error> missing_turns() const {
    const auto first = std::to_string(last_.turn + 1);
    const auto gap = last_.turn + 1 == required_
                       ? "turn " + first + " was on disk and is missing"
                       : "turns " + first + " to " + std::to_string(required_) + " were on disk and are missing";
    if (hole_) return fail(errc::corrupt_record, *hole_ + " is damaged: " + gap + " before it");
    const auto newest = logs_.empty() ? "there is no log file" : "the newest log file is " + logs_.back().path;
    return fail(errc::corrupt_record, directory_ + ": " + gap + "; " + newest);
  }

  const proven_turn& flushed_;
  const watermark& mark_;
  const std::vector<scanned_log>& logs_;
  const std::string& directory_;
  proven_turn last_;
  std::uint64_t required_; ///< Everything up to this turn was on disk.
  std::optional<std::uint64_t> seen_;
  std::optional<std::string> hole_;
  bool stopped_ = false;
  std::vector<log_cut> cuts_;
};

} // namespace

result<log_proof> prove_logs(const proven_turn& flushed, const watermark& mark, const std::vector<scanned_log>& logs,
                             const std::string& directory) {
  return walker{flushed, mark, logs, directory}.run();
}

} // namespace penstock
