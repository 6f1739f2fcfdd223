#include "tests/simulation/book_check.hpp"

#include "runtime/model/codec.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

namespace penstock::simulation {

namespace {

/// What the books are about, as it lies in the store.
struct stored_books {
  std::map<run_id, run_record> runs;
  std::map<pipeline_id, pipeline_record> pipelines; ///< But for those that are being deleted.
  std::vector<schedule_record> schedules;
  std::vector<backfill_record> backfills;
  std::set<std::string> leases; ///< Keys.
  std::set<uuid> busy;          ///< Schedules and backfills.
};

template <class Record>
Record decoded(std::string_view bytes) {
  auto record = codec::decode<Record>(bytes);
  REQUIRE(record);
  return std::move(*record);
}

stored_books read(const state_reader& state, partition_id partitions) {
  stored_books out;
  const std::string end(64, '\xff');
  state.scan(family::state, {}, end, [&](std::string_view key, std::string_view bytes) {
    switch (static_cast<keys::state_kind>(key[2])) {
      case keys::state_kind::run: out.runs.emplace(run_id{keys::plain_id(key)}, decoded<run_record>(bytes)); break;
      case keys::state_kind::schedule: out.schedules.push_back(decoded<schedule_record>(bytes)); break;
      case keys::state_kind::backfill: out.backfills.push_back(decoded<backfill_record>(bytes)); break;
      case keys::state_kind::lease: out.leases.emplace(key); break;
      case keys::state_kind::pipeline:
        if (auto record = decoded<pipeline_record>(bytes); !record.deleted)
          out.pipelines.emplace(record.id, std::move(record));
        break;
      default: break;
    }
    return true;
  });
  for (partition_id p = 1; p <= partitions; ++p) {
    const auto prefix = keys::index_of_partition(p, keys::index_kind::busy_launchers);
    state.scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      if (out.pipelines.contains(pipeline_id{keys::index_owner(key)})) out.busy.insert(keys::turned_id(key));
      return true;
    });
  }
  return out;
}

bool is_active(const stored_books& books, run_id id) {
  const auto run = books.runs.find(id);
  return run != books.runs.end() && !is_terminal(run->second.status);
}

void check_leases(const stored_books& books) {
  std::set<std::string> wanted;
  std::set<pipeline_id> lending;
  for (const auto& [id, run] : books.runs) {
    if (!run.holds_lease || run.status != run_status::running) continue;
    wanted.insert(keys::lease(run.pipeline, id));
    lending.insert(run.pipeline);
  }
  CHECK(books.leases == wanted);
  for (const auto& [id, run] : books.runs)
    if (run.status == run_status::pending && books.pipelines.contains(run.pipeline))
      CHECK(lending.contains(run.pipeline));
}

void check_launchers(const stored_books& books) {
  std::set<uuid> wanted;
  for (const auto& schedule : books.schedules) {
    const auto pipeline = books.pipelines.find(schedule.pipeline);
    if (pipeline == books.pipelines.end()) continue;
    if (!schedule.queued.empty() || !schedule.yielding.empty()) wanted.insert(schedule.id.raw);
    for (const auto run : schedule.yielding) CHECK(is_active(books, run));
    if (!pipeline->second.enabled || schedule.paused) continue;
    if (!schedule.queued.empty()) CHECK((schedule.last_run && is_active(books, *schedule.last_run)));
    CHECK(schedule.next_at);
  }
  for (const auto& backfill : books.backfills) {
    if (!books.pipelines.contains(backfill.pipeline)) continue;
    for (const auto run : backfill.active_runs) CHECK(is_active(books, run));
    if (backfill.dry_run) continue;
    if (!is_terminal(backfill.status) || !backfill.active_runs.empty()) wanted.insert(backfill.id.raw);
    if (backfill.status == backfill_status::running) CHECK(!backfill.active_runs.empty());
  }
  CHECK(books.busy == wanted);
}

} // namespace

void check_books(const state_reader& state, partition_id partitions) {
  const auto books = read(state, partitions);
  check_leases(books);
  check_launchers(books);
}

} // namespace penstock::simulation
