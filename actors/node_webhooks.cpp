#include "actors/node_impl.hpp"

#include "actors/core/delivery_ledger.hpp"
#include "actors/core/delivery_request.hpp"
#include "actors/core/events.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/core/system_core.hpp"
#include "actors/listing_page.hpp"
#include "actors/webhook_url.hpp"
#include "storage/webhook_signature.hpp"

#include <algorithm>

// The node's operations on endpoints, and what is delivered to them.
namespace penstock {

namespace {

constexpr std::size_t endpoints_max = 100; ///< Of a workspace: each event may go to all of them.

unexpected<error> no_endpoint(endpoint_id id) {
  return fail(errc::not_found, "there is no webhook endpoint " + to_text(id));
}

/// As clients may see it.
endpoint_view shown(endpoint_record record, std::string secret = {}) {
  record.sealed_secret.clear();
  record.sealed_old_secret.clear();
  return {std::move(record), std::move(secret)};
}

result<void> check_url(const endpoint_draft& draft) {
  return draft.url ? check_webhook_url("url", *draft.url) : result<void>{};
}

void apply(endpoint_record& record, const endpoint_draft& changes) {
  if (changes.url) record.url = *changes.url;
  if (changes.description) record.description = *changes.description;
  if (changes.events) record.events = *changes.events;
  if (changes.retries_max) record.retries_max = *changes.retries_max;
  if (changes.retry_delay_ms) record.retry_delay_ms = *changes.retry_delay_ms;
  if (changes.enabled) {
    record.enabled = *changes.enabled;
    record.disabled_because.clear();
  }
}

/// What an event of that type could say, with nothing behind it.
std::string made_up_data(const event_renderer& render, event_type type, workspace_id workspace, timestamp now,
                         random_source& random) {
  const auto new_id = [&] { return make_uuid7(now, 0, random.next()); };
  if (type == event_type::pipeline_paused) {
    pipeline_view pipeline;
    pipeline.record.id = pipeline_id{new_id()};
    pipeline.record.workspace = workspace;
    pipeline.record.name = "example";
    pipeline.record.enabled = false;
    pipeline.record.created_at = now;
    return render.pipeline(pipeline);
  }
  run_view run;
  run.record.id = run_id{new_id()};
  run.record.pipeline = pipeline_id{new_id()};
  run.record.workspace = workspace;
  run.record.created_at = now - milliseconds{1'000};
  run.record.started_at = run.record.created_at;
  run.record.ended_at = now;
  const bool failed = type == event_type::job_failed || type == event_type::etl_run_failed;
  run.record.status = failed ? run_status::failed : run_status::succeeded;
  if (failed) run.error = "an example of a failure";
  const bool etl = type == event_type::etl_run_completed || type == event_type::etl_run_failed;
  return etl ? render.etl_run(run) : render.job(run);
}

} // namespace

// --- endpoints ----------------------------------------------------------------------------------

void node_impl::change_endpoint(const caller& who, endpoint_id id,
                                std::function<void(endpoint_record&, timestamp)> change, std::string secret,
                                reply<endpoint_view> done) {
  auto changed = std::make_shared<endpoint_record>();
  system_change command;
  command.decide = [id, workspace = who.workspace, changed, change = std::move(change)](system_draft& draft,
                                                                                        timestamp now) -> result<void> {
    const auto it = draft.tables().endpoints().find(id);
    if (it == draft.tables().endpoints().end() || it->second.workspace != workspace) return no_endpoint(id);
    *changed = it->second;
    change(*changed, now);
    changed->updated_at = now;
    draft.put(*changed);
    return {};
  };
  command.done = [changed, secret = std::move(secret), done = std::move(done)](result<void> stored) {
    if (!stored) done(unexpected(std::move(stored).error()));
    else done(shown(std::move(*changed), secret));
  };
  submit(system_entity, std::move(command), note_of(who, id.raw));
}

void node_impl::create_endpoint(const caller& who, endpoint_draft draft, reply<endpoint_view> done) {
  if (auto fits = check_url(draft); !fits) return done(unexpected(std::move(fits).error()));
  const auto now = clock_->now();
  auto made = std::make_shared<endpoint_view>();
  made->record.id = endpoint_id{make_uuid7(now, 0, random_->next())};
  made->record.workspace = who.workspace;
  made->record.created_at = now;
  made->record.created_by = who.subject;
  apply(made->record, draft);
  // A secret that the client chose is not repeated.
  if (!draft.secret) made->secret = make_webhook_secret();
  made->record.sealed_secret = seals_.seal(place_of(made->record), draft.secret ? *draft.secret : made->secret);
  auto note = note_of(who, made->record.id.raw);
  system_change command;
  command.decide = [made, once = std::move(draft.once)](system_draft& tables, timestamp) -> result<void> {
    const auto workspace = made->record.workspace;
    const auto before = tables.earlier(workspace, once);
    if (!before) return unexpected(before.error());
    if (*before) {
      const auto it = tables.tables().endpoints().find(endpoint_id{**before});
      if (it == tables.tables().endpoints().end())
        return fail(errc::not_found, "the webhook endpoint this Idempotency-Key made was deleted");
      *made = {it->second, {}, true};
      return {};
    }
    if (tables.tables().endpoints_of(workspace).size() >= endpoints_max)
      return fail(errc::invalid_transition, "a workspace has at most " + std::to_string(endpoints_max) +
                                              " webhook endpoints; delete one before making another");
    tables.put(made->record);
    tables.remember(workspace, once, made->record.id.raw);
    return {};
  };
  command.done = [made, done = std::move(done)](result<void> stored) {
    if (!stored) return done(unexpected(std::move(stored).error()));
    auto view = shown(std::move(made->record), std::move(made->secret));
    view.replayed = made->replayed;
    done(std::move(view));
  };
  submit(system_entity, std::move(command), std::move(note));
}

void node_impl::update_endpoint(const caller& who, endpoint_id id, endpoint_draft changes, reply<endpoint_view> done) {
  if (auto fits = check_url(changes); !fits) return done(unexpected(std::move(fits).error()));
  change_endpoint(
    who, id, [changes = std::move(changes)](endpoint_record& record, timestamp) { apply(record, changes); }, {},
    std::move(done));
}

void node_impl::rotate_secret(const caller& who, endpoint_id id, std::optional<std::string> secret,
                              milliseconds overlap, reply<endpoint_view> done) {
  const auto made = secret ? std::string{} : make_webhook_secret();
  const auto given = secret ? std::move(*secret) : made;
  change_endpoint(
    who, id,
    [this, given, overlap](endpoint_record& record, timestamp now) {
      record.sealed_old_secret.clear();
      record.old_secret_until.reset();
      if (overlap.count() > 0) {
        record.sealed_old_secret = std::move(record.sealed_secret);
        record.old_secret_until = now + overlap;
      }
      record.sealed_secret = seals_.seal(place_of(record), given);
    },
    made, std::move(done));
}

void node_impl::delete_endpoint(const caller& who, endpoint_id id, reply<void> done) {
  system_change command;
  command.decide = [id, workspace = who.workspace](system_draft& draft, timestamp) -> result<void> {
    const auto it = draft.tables().endpoints().find(id);
    if (it == draft.tables().endpoints().end() || it->second.workspace != workspace) return no_endpoint(id);
    draft.erase(id);
    return {};
  };
  command.done = std::move(done);
  submit(system_entity, std::move(command), note_of(who, id.raw));
}

result<endpoint_record> node_impl::endpoint_of(workspace_id workspace, endpoint_id id) const {
  return registry_.read([&](const system_tables& tables) -> result<endpoint_record> {
    const auto it = tables.endpoints().find(id);
    if (it == tables.endpoints().end() || it->second.workspace != workspace) return no_endpoint(id);
    return it->second;
  });
}

void node_impl::get_endpoint(const caller& who, endpoint_id id, reply<endpoint_view> done) {
  auto found = endpoint_of(who.workspace, id);
  if (!found) done(unexpected(std::move(found).error()));
  else done(shown(std::move(*found)));
}

void node_impl::list_endpoints(const caller& who, page which, reply<listing<endpoint_view>> done) {
  auto all = registry_.read([&](const system_tables& tables) {
    std::vector<endpoint_view> out;
    for (const auto* record : tables.endpoints_of(who.workspace)) out.push_back(shown(*record));
    return out;
  });
  std::ranges::reverse(all);
  done(page_of(std::move(all), which));
}

void node_impl::test_endpoint(const caller& who, endpoint_id id, reply<delivery_attempt> done) {
  const auto endpoint = endpoint_of(who.workspace, id);
  if (!endpoint) return done(unexpected(endpoint.error()));
  if (!around_.render) return done(fail(errc::unavailable, "there is nothing here that says what events look like"));
  const auto now = clock_->now();
  const auto type = endpoint->events.empty() ? event_type::job_completed : endpoint->events.front();
  delivery_content content{event_id{make_uuid7(now, 0, random_->next())}, type, {}, {}};
  content.body =
    event_body(content.event, type, now, made_up_data(*around_.render, type, who.workspace, now, *random_));
  note_request(who, to_text(id), audit_ok);
  outbound_->send(delivery_request(around_.webhooks, target_of(around_, *endpoint, now), content, now),
                  [this, now, done = std::move(done)](const result<outbound_response>& response) {
                    done(delivery_outcome_of({}, response, now, clock_->now()).attempt);
                  });
}

// --- deliveries ---------------------------------------------------------------------------------

listing<delivery_record> node_impl::deliveries_of(const uuid& receiver, page which) const {
  listing<delivery_record> out;
  std::vector<uuid> ids;
  for (partition_id p = 1; p <= around_.partition_count; ++p) {
    out.total += static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, state_->counter(family::counters, keys::counter_of(p, keys::counter_kind::deliveries_of_endpoint, receiver))));
    std::uint64_t left = which.offset + which.limit;
    const auto prefix = keys::deliveries_of_endpoint(p, receiver);
    state_->scan(family::events, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      ids.push_back(keys::turned_id(key));
      return --left > 0;
    });
  }
  std::ranges::sort(ids, std::greater<>{});
  for (auto i = which.offset; i < ids.size() && out.entries.size() < which.limit; ++i) {
    std::string bytes;
    const auto p = partition_of(slot_of(ids[i]), around_.partition_count);
    if (!state_->get(family::events, keys::delivery(p, delivery_id{ids[i]}), bytes)) continue;
    if (auto record = codec::decode<delivery_record>(bytes)) out.entries.push_back(std::move(*record));
  }
  return out;
}

void node_impl::list_deliveries(const caller& who, const uuid& receiver, page which,
                                reply<listing<delivery_record>> done) {
  const auto trigger = trigger_of(trigger_id{receiver});
  if (!trigger || trigger->workspace != who.workspace)
    if (const auto found = endpoint_of(who.workspace, endpoint_id{receiver}); !found)
      return done(unexpected(found.error()));
  answer_from_pool<listing<delivery_record>>(std::move(done), [this, receiver, which] {
    return result<listing<delivery_record>>{deliveries_of(receiver, which)};
  });
}

void node_impl::redeliver(const caller& who, delivery_id id, reply<delivery_record> done) {
  submit(ledger_of(partition_of(id.slot(), around_.partition_count), around_.partition_count),
         delivery_command{penstock::redeliver{who.workspace, id, std::move(done)}}, note_of(who, id.raw));
}

// --- figures ------------------------------------------------------------------------------------

void node_impl::add_webhook_figures(node_figures& out) const {
  delivery_figures now;
  {
    const std::lock_guard lock{webhook_figures_->mutex};
    now = webhook_figures_->now;
  }
  const auto count = [&](const char* outcome, std::uint64_t n) {
    out.counters["penstock_webhook_attempts_total{outcome=\"" + std::string{outcome} + "\"}"] = static_cast<double>(n);
  };
  count("delivered", now.delivered);
  count("refused", now.refused);
  count("unanswered", now.unanswered);
  out.counters["penstock_webhook_latency_seconds_sum"] = static_cast<double>(now.latency_ms) / 1e3;
  out.counters["penstock_webhook_latency_seconds_count"] =
    static_cast<double>(now.delivered + now.refused + now.unanswered);
  out.gauges["penstock_webhook_attempts_under_way"] = static_cast<double>(now.in_flight);
  std::int64_t pending = 0;
  for (partition_id p = 1; p <= around_.partition_count; ++p)
    pending += state_->counter(family::counters, keys::counter_of(p, keys::counter_kind::pending_deliveries, {}));
  out.gauges["penstock_webhook_deliveries_pending"] = static_cast<double>(pending);
  out.gauges["penstock_webhook_endpoints_disabled"] =
    static_cast<double>(registry_.read([](const system_tables& tables) {
      return std::ranges::count_if(tables.endpoints(), [](const auto& entry) { return !entry.second.enabled; });
    }));
}

} // namespace penstock
