#include "actors/core/dependency_book.hpp"

#include "actors/core/run_core.hpp"
#include "actors/core/sealed_records.hpp"

#include <algorithm>

namespace penstock {

sealed_place error_place(workspace_id workspace, pipeline_id downstream) {
  return {workspace, downstream.raw, 0, static_cast<std::uint8_t>(sealed_kind::error)};
}

void dependency_book::load() {
  if (marks_) return;
  marks_.emplace();
  const auto prefix = keys::upstream_marks_prefix(runs_.record().id);
  around_.state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view bytes) {
    if (auto mark = codec::decode<upstream_mark_record>(bytes))
      marks_->emplace(pipeline_id{keys::plain_id(key)}, std::move(*mark));
    return true;
  });
  const auto heard = keys::heard_runs_prefix(runs_.record().id);
  around_.state.scan(family::state, heard, keys::behind(heard), [&](std::string_view key, std::string_view) {
    heard_.insert(run_id{keys::plain_id(key)});
    return true;
  });
}

void dependency_book::store(pipeline_id upstream, const upstream_mark_record& mark, proposal& out) const {
  out.mutations.put(family::state, keys::upstream_mark(runs_.record().id, upstream), codec::encode(mark));
}

void dependency_book::upstream_ended(const penstock::upstream_ended& message, timestamp now, proposal& out) {
  load();
  const auto upstream = message.dependency.upstream;
  if (!heard_.insert(message.run).second) return;
  out.mutations.put(family::state, keys::heard_run(runs_.record().id, message.run), {});
  if (heard_.size() >= forget_at_) forget_taken(out);
  auto& mark = (*marks_)[upstream];
  mark.satisfied = message.dependency.type == dependency_type::weak || message.status == run_status::succeeded;
  store(upstream, mark, out);
  try_start(now, out);
}

void dependency_book::forget_taken(proposal& out) {
  std::erase_if(heard_, [&](run_id run) {
    if (may_come_again(run)) return false;
    out.mutations.remove(family::state, keys::heard_run(runs_.record().id, run));
    return true;
  });
  // Twice what is left, so that each is looked at a bounded number of times.
  forget_at_ = std::max(heard_min, 2 * heard_.size());
}

/// Its sender takes a message out once it was told that the receiver has made it durable, and not before.
bool dependency_book::may_come_again(run_id run) const {
  const auto sender = partition_of(run.slot(), around_.partition_count);
  const auto messages = keys::messages_of_run(sender, message_upstream_ended, run);
  bool found = false;
  around_.state.scan(family::outbox, messages, keys::behind(messages), [&](std::string_view, std::string_view) {
    found = true;
    return false;
  });
  return found;
}

void dependency_book::try_start(timestamp now, proposal& out) {
  const auto& record = runs_.record();
  const auto wanted = around_.registry->read([&](const system_tables& t) { return t.upstream_of(record.id); });
  if (wanted.empty() || !record.enabled || record.deleted) return;
  load();
  const auto satisfied = [&](const dependency_record& d) {
    const auto mark = marks_->find(d.upstream);
    return mark != marks_->end() && mark->second.satisfied;
  };
  if (!std::all_of(wanted.begin(), wanted.end(), satisfied)) return;
  run_order order;
  order.trigger = trigger_kind::dependency;
  order.triggered_by =
    wanted.size() == 1 ? to_text(wanted.front().upstream) : std::to_string(wanted.size()) + " upstreams";
  if (const auto started = runs_.launch(std::move(order), now, out); !started) {
    // The marks stay: it is tried again at the next end.
    auto& mark = (*marks_)[wanted.front().upstream];
    mark.sealed_error = seal_text(around_.seals, error_place(record.workspace, record.id), started.error().message);
    store(wanted.front().upstream, mark, out);
    return;
  }
  for (auto& [upstream, mark] : *marks_) {
    if (!mark.satisfied) continue;
    mark = {};
    store(upstream, mark, out);
  }
}

} // namespace penstock
