#include "storage/startup_proof.hpp"

#include <catch2/catch.hpp>

using namespace penstock;

namespace {

const std::string directory = "/data/db";

/// A turn of a history in which the hash after turn N is 1000 + N; 100 bytes long each.
logged_turn turn_at(std::uint64_t number, std::uint64_t begin) {
  return {{.turn = number, .synced = number - 1, .before = number == 1 ? 0 : 999 + number, .after = 1'000 + number},
          begin,
          begin + 100};
}

scanned_log log_of(std::uint64_t number, std::uint64_t first, std::uint64_t last) {
  scanned_log log{"/data/db/" + std::to_string(number) + ".log", number, 0, {}};
  for (auto turn = first; turn <= last; ++turn) {
    log.contents.turns.push_back(turn_at(turn, log.bytes));
    log.contents.sighted.push_back({log.contents.turns.back().marker, log.bytes});
    log.bytes += 100;
  }
  log.contents.sound_bytes = log.bytes;
  return log;
}

/// The log ceases to decode at its turn `number`, whose marker and those after it can still be seen.
void damage(scanned_log& log, std::uint64_t number) {
  auto& c = log.contents;
  while (!c.turns.empty() && c.turns.back().marker.turn >= number) c.turns.pop_back();
  c.sound_bytes = c.turns.empty() ? 0 : c.turns.back().end;
  c.ends_clean = false;
}

proven_turn after(std::uint64_t turn) { return {turn, turn == 0 ? 0 : 1'000 + turn}; }

watermark mark_at(std::uint64_t turn, std::uint64_t log = 0) {
  return {.id = {}, .made = true, .turn = turn, .chain = after(turn).chain, .log = log};
}

std::string refusal(const result<log_proof>& proof) {
  REQUIRE_FALSE(proof);
  CHECK(proof.error().code == errc::corrupt_record);
  return proof.error().message;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

SCENARIO("whole logs prove their last turn", "[storage][proof]") {
  const auto proof = prove_logs(after(0), mark_at(0), {log_of(5, 1, 9), log_of(8, 10, 12)}, directory);
  REQUIRE(proof);
  CHECK(proof->last == after(12));
  CHECK(proof->cuts.empty());
  CHECK(prove_logs(after(0), mark_at(0), {}, directory)->last == after(0));
  CHECK(prove_logs(after(7), mark_at(6), {log_of(5, 3, 9)}, directory)->last == after(9));
  CHECK(prove_logs(after(7), mark_at(7), {log_of(5, 3, 6)}, directory)->last == after(7));
}

SCENARIO("a last turn that was never acknowledged is cut off", "[storage][proof]") {
  auto log = log_of(5, 1, 9);
  damage(log, 9);
  const auto proof = prove_logs(after(3), mark_at(8), {log}, directory);
  REQUIRE(proof);
  CHECK(proof->last == after(8));
  CHECK(proof->cuts == std::vector<log_cut>{{log.path, 800}});
}

SCENARIO("a damaged turn that was on disk is refused with its place", "[storage][proof]") {
  auto log = log_of(5, 1, 9);
  damage(log, 8);
  CHECK(holds(refusal(prove_logs(after(0), mark_at(0), {log}, directory)),
              "/data/db/5.log at byte 700 is damaged: turn 8"));
  // Also if only the watermark tells, and if the turn is in the tables as well.
  auto last = log_of(5, 1, 9);
  damage(last, 9);
  CHECK(holds(refusal(prove_logs(after(0), mark_at(9), {last}, directory)), "turn 9 was on disk"));
  CHECK(holds(refusal(prove_logs(after(9), mark_at(9), {log, log_of(8, 10, 12)}, directory)), "5.log at byte 700"));
  auto whole = log_of(5, 4, 9);
  damage(whole, 4);
  CHECK(holds(refusal(prove_logs(after(3), mark_at(3), {whole}, directory)), "5.log at byte 0 is damaged: turn 4"));
}

SCENARIO("missing log files are noticed", "[storage][proof]") {
  const auto middle = prove_logs(after(0), mark_at(0), {log_of(5, 1, 4), log_of(8, 7, 12)}, directory);
  CHECK(holds(refusal(middle), "8.log at byte 0 is damaged: turns 5 to 11 were on disk and are missing before it"));
  const auto oldest = prove_logs(after(2), mark_at(2), {log_of(8, 7, 12)}, directory);
  CHECK(holds(refusal(oldest), "turns 3 to 11"));
  const auto newest = prove_logs(after(0), mark_at(6), {log_of(5, 1, 4)}, directory);
  CHECK(holds(refusal(newest), "turns 5 to 6 were on disk and are missing; the newest log file is /data/db/5.log"));
  CHECK(holds(refusal(prove_logs(after(4), mark_at(6), {}, directory)), "there is no log file"));
  CHECK(holds(refusal(prove_logs(after(4), mark_at(4, 8), {log_of(5, 1, 4)}, directory)), "log file number 8"));
  CHECK(prove_logs(after(4), mark_at(4, 8), {log_of(9, 5, 6)}, directory));
}

SCENARIO("files of different histories are not taken for one", "[storage][proof]") {
  auto log = log_of(5, 1, 9);
  log.contents.turns[4].marker.before = 1;
  CHECK(holds(refusal(prove_logs(after(0), mark_at(0), {log}, directory)), "turn 5 does not follow turn 4"));
  auto mark = mark_at(7);
  mark.chain = 1;
  CHECK(holds(refusal(prove_logs(after(0), mark, {log_of(5, 1, 9)}, directory)), "turn 7 is not the one"));
  CHECK(holds(refusal(prove_logs(after(7), mark, {log_of(5, 1, 9)}, directory)), "turn 7 is not the one"));
  CHECK_FALSE(prove_logs({7, 1}, mark_at(2), {log_of(5, 1, 9)}, directory));
  CHECK_FALSE(prove_logs(after(0), mark_at(0), {log_of(5, 1, 4), log_of(8, 3, 6)}, directory));
}

SCENARIO("with turns synced once a second, all after the last synced one may go", "[storage][proof]") {
  auto log = log_of(5, 1, 9);
  for (auto& turn : log.contents.turns) turn.marker.synced = 4;
  for (auto& sighted : log.contents.sighted) sighted.marker.synced = 4;
  auto later = log_of(8, 10, 12);
  for (auto& turn : later.contents.turns) turn.marker.synced = 4;
  for (auto& sighted : later.contents.sighted) sighted.marker.synced = 4;
  damage(log, 6);
  const auto proof = prove_logs(after(2), mark_at(4), {log, later}, directory);
  REQUIRE(proof);
  CHECK(proof->last == after(5));
  CHECK(proof->cuts == std::vector<log_cut>{{log.path, 500}, {later.path, 0}});
  damage(log, 4);
  CHECK_FALSE(prove_logs(after(2), mark_at(4), {log, later}, directory));
}

SCENARIO("a later file may go on where a torn end was left behind", "[storage][proof]") {
  auto log = log_of(5, 1, 9);
  damage(log, 9);
  const auto proof = prove_logs(after(0), mark_at(8), {log, log_of(8, 9, 9)}, directory);
  REQUIRE(proof);
  CHECK(proof->last == after(9));
}
