#include "actors/core/dependency_book.hpp"

#include "actors/core/sealed_records.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// A message is repeated until it was taken, so it is never older than what came meanwhile of one pipeline.
constexpr std::size_t seen_max = 64;

} // namespace

void dependency_book::load() {
  if (marks_) return;
  marks_.emplace();
  const auto prefix = keys::upstream_marks_prefix(runs_.record().id);
  around_.state.scan(family::state, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view bytes) {
    if (auto mark = codec::decode<upstream_mark_record>(bytes))
      marks_->emplace(pipeline_id{keys::plain_id(key)}, std::move(*mark));
    return true;
  });
}

void dependency_book::store(pipeline_id upstream, const upstream_mark_record& mark, proposal& out) const {
  out.mutations.put(family::state, keys::upstream_mark(runs_.record().id, upstream), codec::encode(mark));
}

void dependency_book::upstream_ended(const penstock::upstream_ended& message, timestamp now, proposal& out) {
  load();
  const auto upstream = message.dependency.upstream;
  auto& mark = (*marks_)[upstream];
  if (std::find(mark.seen.begin(), mark.seen.end(), message.run) != mark.seen.end()) return;
  if (mark.seen.size() >= seen_max) mark.seen.erase(mark.seen.begin());
  mark.seen.push_back(message.run);
  mark.satisfied = message.dependency.type == dependency_type::weak || message.status == run_status::succeeded;
  store(upstream, mark, out);
  try_start(now, out);
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
  // A start that is refused leaves the marks: it is tried again at the next end.
  if (!runs_.launch(std::move(order), now, out)) return;
  for (auto& [upstream, mark] : *marks_) {
    if (!mark.satisfied) continue;
    mark.satisfied = false;
    store(upstream, mark, out);
  }
}

void dependency_book::clear(proposal& out) {
  load();
  for (const auto& [upstream, mark] : *marks_)
    out.mutations.remove(family::state, keys::upstream_mark(runs_.record().id, upstream));
  marks_->clear();
}

} // namespace penstock
