#include "actors/node_impl.hpp"

#include "actors/core/events.hpp"
#include "actors/core/job_claim_core.hpp"
#include "actors/core/sealed_records.hpp"
#include "actors/core/system_core.hpp"
#include "actors/listing_page.hpp"
#include "actors/webhook_url.hpp"
#include "storage/webhook_signature.hpp"

#include <algorithm>

// The node's operations on those who may start runs by signed requests, and what they send.
namespace penstock {

namespace {

constexpr std::size_t triggers_max = 1'000;

} // namespace

/// An incoming request on its way to its run.
struct node_impl::external_start {
  trigger_request request;
  workspace_id workspace;
  std::string sender;
  std::string key;
  std::optional<pipeline_id> pipeline;
  bool again = false;
  reply<triggered_run> done;
};

void node_impl::register_trigger(const caller& who, trigger_draft draft, reply<trigger_record> done) {
  if (auto fits = check_webhook_url("callback_url", draft.callback_url); !fits)
    return done(unexpected(std::move(fits).error()));
  const auto now = clock_->now();
  auto made = std::make_shared<trigger_record>();
  made->id = trigger_id{make_uuid7(now, 0, random_->next())};
  made->workspace = who.workspace;
  made->name = std::move(draft.name);
  made->source = std::move(draft.source);
  made->callback_url = std::move(draft.callback_url);
  made->pipeline = draft.pipeline;
  made->created_at = now;
  made->created_by = who.subject;
  made->sealed_secret = seals_.seal(place_of(*made), draft.secret);
  auto note = note_of(who, made->id.raw);
  system_change command;
  command.decide = [made, once = std::move(draft.once)](system_draft& tables, timestamp) -> result<void> {
    const auto before = tables.earlier(made->workspace, once);
    if (!before) return unexpected(before.error());
    const auto& all = tables.tables().triggers();
    if (*before) {
      const auto it = all.find(trigger_id{**before});
      if (it == all.end()) return fail(errc::not_found, "the webhook this Idempotency-Key registered was deleted");
      *made = it->second;
      return {};
    }
    const auto mine = [&](const auto& entry) { return entry.second.workspace == made->workspace; };
    if (std::ranges::count_if(all, mine) >= static_cast<std::ptrdiff_t>(triggers_max))
      return fail(errc::invalid_transition,
                  "a workspace has at most " + std::to_string(triggers_max) + " registered webhooks");
    tables.put(*made);
    tables.remember(made->workspace, once, made->id.raw);
    return {};
  };
  command.done = [made, done = std::move(done)](result<void> stored) {
    made->sealed_secret.clear();
    if (!stored) done(unexpected(std::move(stored).error()));
    else done(std::move(*made));
  };
  submit(system_entity, std::move(command), std::move(note));
}

void node_impl::list_triggers(const caller& who, page which, reply<listing<trigger_record>> done) {
  auto all = registry_.read([&](const system_tables& tables) {
    std::vector<trigger_record> out;
    for (const auto& [id, record] : tables.triggers())
      if (record.workspace == who.workspace) out.push_back(record);
    return out;
  });
  for (auto& record : all) record.sealed_secret.clear();
  std::ranges::reverse(all);
  done(page_of(std::move(all), which));
}

void node_impl::delete_trigger(const caller& who, trigger_id id, reply<void> done) {
  system_change command;
  command.decide = [id, workspace = who.workspace](system_draft& draft, timestamp) -> result<void> {
    const auto it = draft.tables().triggers().find(id);
    if (it == draft.tables().triggers().end() || it->second.workspace != workspace)
      return fail(errc::not_found, "there is no registered webhook " + to_text(id));
    draft.erase(id);
    return {};
  };
  command.done = std::move(done);
  submit(system_entity, std::move(command), note_of(who, id.raw));
}

std::optional<trigger_record> node_impl::trigger_of(trigger_id id) const {
  return registry_.read([&](const system_tables& tables) -> std::optional<trigger_record> {
    const auto it = tables.triggers().find(id);
    if (it == tables.triggers().end()) return std::nullopt;
    return it->second;
  });
}

bool node_impl::is_signed_by(trigger_id id, std::string_view body, std::string_view signature) const {
  const auto trigger = trigger_of(id);
  // Somebody unknown takes as long as somebody known.
  const auto secret =
    trigger ? seals_.open(place_of(*trigger), trigger->sealed_secret) : result<std::string>{make_webhook_secret()};
  return is_signed_with(secret ? *secret : make_webhook_secret(), body, signature) && trigger && secret;
}

std::optional<caller> node_impl::signer(trigger_id id) const {
  const auto trigger = trigger_of(id);
  if (!trigger) return std::nullopt;
  return caller{.workspace = trigger->workspace, .subject = to_text(id)};
}

void node_impl::trigger_run(trigger_request request, reply<triggered_run> done) {
  const auto sender = trigger_of(request.trigger);
  if (!sender) return done(fail(errc::unauthorized, "the webhook is not registered any more"));
  auto start = std::make_shared<external_start>();
  start->workspace = sender->workspace;
  start->sender = sender->name;
  start->key = job_key(seals_, sender->id, request.external_job_id);
  start->pipeline = request.pipeline ? request.pipeline : sender->pipeline;
  start->request = std::move(request);
  start->done = std::move(done);
  if (start->pipeline) return claim_external(start);
  // The one that is called as the sender is, if there is just one.
  post_or_refuse(start->done, [this, start] {
    const auto named = pipelines_named(start->workspace, start->sender);
    if (named.size() == 1) start->pipeline = named.front();
    claim_external(start);
  });
}

std::vector<pipeline_id> node_impl::pipelines_named(workspace_id workspace, const std::string& name) const {
  std::vector<pipeline_id> out;
  for (partition_id p = 1; p <= around_.partition_count; ++p) {
    const auto prefix = keys::pipeline_name_prefix(p, workspace, name);
    state_->scan(family::index, prefix, keys::behind(prefix), [&](std::string_view key, std::string_view) {
      out.push_back(pipeline_id{keys::plain_id(key)});
      return out.size() < 2;
    });
  }
  return out;
}

void node_impl::claim_external(const std::shared_ptr<external_start>& start) {
  job_claim wanted;
  if (start->pipeline) {
    wanted.pipeline = *start->pipeline;
    wanted.run = run_id{make_uuid7(clock_->now(), wanted.pipeline.slot(), random_->next())};
  }
  const auto own = wanted.run;
  submit(job_entity(start->key),
         claim_command{claim_job{start->key, wanted,
                                 [this, start, own](result<job_claim> claim) {
                                   if (!claim) start->done(unexpected(std::move(claim).error()));
                                   else start_claimed(start, *claim, own);
                                 }}},
         nullptr);
}

void node_impl::start_claimed(const std::shared_ptr<external_start>& start, const job_claim& claim, run_id own) {
  penstock::start_run command;
  command.workspace = start->workspace;
  command.parameters = start->request.parameters;
  command.trigger = trigger_kind::webhook;
  command.triggered_by = start->sender;
  command.traceparent = start->request.traceparent;
  command.id = claim.run;
  command.webhook = start->request.trigger.raw;
  command.external_job_id = start->request.external_job_id;
  command.done = [this, start, claim, own](result<started_run> started) {
    if (started) return start->done(triggered_run{claim.run, started->replayed || claim.run != own});
    if (started.error().code == errc::unavailable) return start->done(unexpected(std::move(started).error()));
    // The claim was for nothing. If it was somebody else's, this request may have better luck.
    const bool again = claim.run != own && start->pipeline && !start->again;
    auto released = [this, start, again, why = std::move(started).error()](const result<void>&) {
      if (!again) return start->done(unexpected(why));
      start->again = true;
      claim_external(start);
    };
    submit(job_entity(start->key), claim_command{release_job{start->key, claim.run, std::move(released)}}, nullptr);
  };
  const caller signed_by{
    .workspace = start->workspace, .subject = to_text(start->request.trigger), .origin = start->request.origin};
  submit(claim.pipeline.raw, pipeline_command{std::move(command)}, note_of(signed_by, claim.pipeline.raw));
}

result<run_record> node_impl::external_run(const trigger_callback& callback) const {
  auto run = callback.run;
  if (run.is_nil()) {
    const auto key = job_key(seals_, callback.trigger, callback.external_job_id);
    const auto p = partition_of(slot_of(job_entity(key)), around_.partition_count);
    std::string bytes;
    if (state_->get(family::requests, keys::request(p, key), bytes))
      if (const auto claim = codec::decode<job_claim_record>(bytes)) run = claim->run;
  }
  auto record = read_record<run_record>(*state_, keys::run(run));
  if (!record || record->webhook != callback.trigger.raw || record->external_job_id != callback.external_job_id)
    return fail(errc::not_found, "this webhook started no run for the job " + callback.external_job_id);
  return record;
}

void node_impl::take_callback(trigger_callback callback, reply<void> done) {
  post_or_refuse(done, [this, callback = std::move(callback), done] {
    const auto run = external_run(callback);
    if (!run) return done(unexpected(run.error()));
    if (callback.status != callback_status::cancelled || is_terminal(run->status)) return done({});
    auto cancelled = [done](const result<run_view>& r) {
      // It may have ended meanwhile; then there is nothing left to cancel.
      if (!r && r.error().code != errc::invalid_transition) done(unexpected(r.error()));
      else done({});
    };
    const caller signed_by{
      .workspace = run->workspace, .subject = to_text(callback.trigger), .origin = callback.origin};
    submit(run->id.raw, run_message{penstock::cancel_run{"webhook"}, run->workspace, std::move(cancelled), {}},
           note_of(signed_by, run->id.raw));
  });
}

} // namespace penstock
