#include "actors/core/pipeline_standings.hpp"

#include "actors/core/sealed_records.hpp"
#include "runtime/seams.hpp"
#include "storage/memory_store.hpp"
#include "storage/run_keys.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace penstock;

namespace {

using change_kind = standing_change::kind;

/// A partition whose entries become durable some time after they are proposed.
struct fixture {
  void propose(const standing_change& change) {
    mutation_batch out;
    standings.apply(change, out);
    if (out.empty()) return;
    standings.proposed(++proposed);
    turn_entry entry{1, proposed, 1, std::move(out)};
    waiting.push_back(std::move(entry));
  }

  void sync() {
    if (waiting.empty()) return;
    REQUIRE(state->write_turn(waiting));
    waiting.clear();
    standings.durable(proposed);
  }

  std::unique_ptr<store> state = std::move(*open_memory_store(std::make_shared<memory_disk>()));
  pipeline_standings standings{1, *state};
  std::uint64_t proposed = 0;
  std::vector<turn_entry> waiting;
};

const pipeline_id pipeline{make_uuid7(from_ms(1), 5, 6)};

std::size_t bytes_of(const standing_change& change, pipeline_standings& standings) {
  mutation_batch out;
  standings.apply(change, out);
  return out.bytes().size();
}

} // namespace

SCENARIO("only what changes a pipeline's standing is written", "[standing]") {
  fixture f;
  f.propose({change_kind::described, pipeline, default_workspace});
  const standing_change succeeded{change_kind::run_ended, pipeline, default_workspace};
  auto failed = succeeded;
  failed.failing = true;
  CHECK(bytes_of(succeeded, f.standings) == 0);
  CHECK(bytes_of(failed, f.standings) > 0);
  CHECK(bytes_of(failed, f.standings) == 0);
  CHECK(bytes_of(succeeded, f.standings) > 0);
  f.propose({change_kind::deleted, pipeline, default_workspace});
  CHECK(bytes_of(failed, f.standings) == 0);
}

SCENARIO("standings, lists and counts agree with a plain model, whatever is durable when", "[standing]") {
  seeded_random random{21};
  fixture f;
  std::map<pipeline_id, standing_record> model;
  std::vector<pipeline_id> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(pipeline_id{make_uuid7(from_ms(i), 5, random.next())});
  const workspace_id other{make_uuid7(from_ms(7), 7, 7)};
  for (int i = 0; i < 5'000; ++i) {
    const auto id = ids[random.next() % ids.size()];
    const auto dice = random.next() % 20;
    standing_change change;
    change.pipeline = id;
    change.workspace = id.raw.bytes[15] % 2 == 0 ? default_workspace : other;
    if (dice == 0) {
      change.what = change_kind::deleted;
      model.erase(id);
    } else if (dice < 5) {
      change.type = static_cast<pipeline_type>(1 + random.next() % 3);
      change.enabled = random.next() % 2 == 0;
      auto& record = model[id];
      record.workspace = change.workspace;
      record.type = change.type;
      record.enabled = change.enabled;
    } else {
      change.what = change_kind::run_ended;
      change.failing = random.next() % 3 == 0;
      if (const auto it = model.find(id); it != model.end()) it->second.failing = change.failing;
    }
    f.propose(change);
    if (random.next() % 7 == 0) f.sync();
    // A new leader knows what is in the store, and no more.
    if (random.next() % 500 == 0) {
      f.sync();
      f.standings.forget();
    }
  }
  f.sync();

  std::map<std::string, std::int64_t> counted;
  std::set<std::string> listed;
  for (const auto& id : ids) {
    const auto it = model.find(id);
    const auto stored = read_standing(*f.state, id);
    REQUIRE(stored.has_value() == (it != model.end()));
    if (it == model.end()) continue;
    CHECK(*stored == it->second);
    const auto which = keys::pipeline_class(stored->type, stored->standing());
    ++counted[keys::pipelines_of_class(1, stored->workspace, which)];
    listed.insert(keys::pipeline_by_class(1, stored->workspace, which, id));
  }
  std::set<std::string> in_index;
  const auto prefix = keys::index_of_partition(1, keys::index_kind::pipelines_by_class);
  f.state->scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
    in_index.emplace(key);
    return true;
  });
  CHECK(in_index == listed);
  for (const auto& workspace : {default_workspace, other})
    for (const auto type : {pipeline_type::etl, pipeline_type::automation, pipeline_type::saas})
      for (const auto standing : {pipeline_standing::active, pipeline_standing::paused, pipeline_standing::error}) {
        const auto key = keys::pipelines_of_class(1, workspace, keys::pipeline_class(type, standing));
        CHECK(f.state->counter(family::counters, key) == counted[key]);
      }
}
