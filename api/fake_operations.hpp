#pragma once

#include "actors/refusing_operations.hpp"
#include "api/fake_audit.hpp"
#include "api/fake_schedules.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace penstock::test {

/// Operations in memory for tests of the API: pipelines and runs are kept, nothing is executed. A test moves runs on with
/// `end_run`. Answers come inside the call unless `hold` is set; then `release` gives them, from its caller's thread.
class fake_operations : public fake_schedules<fake_audit<refusing_webhooks<operations>>> {
public:
  static constexpr std::string_view admin_key = "gcs_live_sk_admin_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  static constexpr std::string_view reader_key = "gcs_live_sk_reader_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
  static constexpr std::string_view other_key = "gcs_live_sk_other_cccccccccccccccccccccccccccccccc";

  fake_operations() {
    const auto add = [this](std::string_view key, workspace_id workspace, std::string subject, scope_set scopes) {
      caller who{workspace, std::move(subject), scopes};
      who.key = api_key_id{next_id()};
      who.counted_as = who.key->raw;
      callers_[std::string{key}] = std::move(who);
    };
    constexpr auto all = static_cast<scope_set>(scope::admin);
    add(admin_key, default_workspace, "admin-key", all);
    add(reader_key, default_workspace, "reader-key",
        static_cast<scope_set>(static_cast<int>(scope::read_pipelines) | static_cast<int>(scope::read_jobs)));
    add(other_key, workspace_id{*parse_uuid("9c1f0e2a-1111-7222-8333-444455556666")}, "other-key", all);
  }

  // What a test sets and sees.
  timestamp now = from_ms(1'700'000'000'000);
  std::string refuse_definition; ///< Not empty: every definition is refused with this at `tasks[0].sql`.
  std::vector<std::string> warnings;
  std::optional<error> next_error; ///< The next operation fails with it.
  pipeline_draft last_draft;
  pipeline_patch last_patch;
  start_request last_start;
  request_key last_key;
  node_figures shown;
  std::string not_ready_because;     ///< While `shown` is not ready.
  std::set<workspace_id> workspaces; ///< Known ones.
  std::size_t workspaces_made = 0;
  figure_query last_figures;
  std::vector<figure_point> figure_points; ///< What every question for figures is answered with.
  std::map<run_id, output_file> outputs;
  std::map<run_id, std::vector<log_line>> logs;
  std::size_t watchers() const {
    std::scoped_lock lock{mutex_};
    return watches_.size();
  }
  /// Keeps answers back until `release`.
  void hold() {
    std::scoped_lock lock{mutex_};
    holding_ = true;
  }
  void release() {
    for (;;) {
      std::function<void()> next;
      {
        std::scoped_lock lock{mutex_};
        holding_ = false;
        if (held_.empty()) return;
        next = std::move(held_.front());
        held_.pop_front();
      }
      next();
    }
  }
  std::size_t held() const {
    std::scoped_lock lock{mutex_};
    return held_.size();
  }

  void move_run(run_id id, run_status status, const std::string& why = {}) {
    std::vector<std::pair<reply<run_view>, run_view>> calls;
    {
      std::scoped_lock lock{mutex_};
      auto& run = runs_.at(id);
      run.record.status = status;
      if (!run.record.started_at) run.record.started_at = now;
      if (is_terminal(status)) run.record.ended_at = now;
      run.error = why;
      for (auto& task : run.tasks) {
        task.status = status == run_status::succeeded ? task_status::succeeded
                      : status == run_status::failed  ? task_status::failed
                                                      : task_status::running;
        task.error = why;
      }
      for (const auto& w : watches_)
        if (w->id == id) calls.emplace_back(w->changed, run);
    }
    for (auto& [call, view] : calls) call(std::move(view));
  }

  void create_pipeline(const caller& who, pipeline_draft draft, request_key once, reply<pipeline_view> done) override {
    answer<pipeline_view>(std::move(done), [&, this]() -> result<pipeline_view> {
      last_draft = draft;
      last_key = once;
      if (!refuse_definition.empty())
        return unexpected(
          error{errc::invalid_argument, refuse_definition, {{"tasks[0].sql", refuse_definition, 1, 1}}});
      pipeline_view p;
      p.record.id = pipeline_id{next_id()};
      p.record.workspace = who.workspace;
      p.record.name = draft.name;
      p.record.description = draft.description;
      p.record.enabled = draft.enabled;
      p.record.schedule = draft.schedule;
      p.record.domain = draft.domain;
      p.record.type = draft.type;
      p.record.tags = draft.tags;
      p.record.attributes = draft.attributes;
      p.record.created_at = now;
      p.record.created_by = who.subject;
      p.source = draft.source;
      p.warnings = warnings;
      pipelines_[p.record.id] = p;
      order_.push_back(p.record.id);
      p.source.reset();
      return p;
    });
  }

  void update_pipeline(const caller& who, pipeline_id id, pipeline_patch patch, reply<pipeline_view> done) override {
    answer<pipeline_view>(std::move(done), [&, this]() -> result<pipeline_view> {
      last_patch = patch;
      auto* p = find(who, id);
      if (!p) return missing();
      if (patch.if_state && *patch.if_state != pipeline_state::of(p->record))
        return fail(errc::precondition_failed, "the state is another");
      if (patch.name) p->record.name = *patch.name;
      if (patch.description) p->record.description = *patch.description;
      if (patch.enabled) p->record.enabled = *patch.enabled;
      if (patch.type) p->record.type = *patch.type;
      if (patch.schedule) p->record.schedule = *patch.schedule;
      if (patch.domain) p->record.domain = *patch.domain;
      if (patch.tags) p->record.tags = *patch.tags;
      if (const auto* members = patch.attributes.as_object())
        for (const auto& [name, v] : *members) p->record.attributes.set(name, v);
      if (patch.source || patch.always_revise) ++p->record.revision;
      if (patch.source) p->source = *patch.source;
      p->record.updated_at = now + milliseconds{1'000};
      auto changed = *p;
      changed.source.reset();
      return changed;
    });
  }

  void delete_pipeline(const caller& who, pipeline_id id, std::optional<pipeline_state> if_state,
                       reply<void> done) override {
    answer<void>(std::move(done), [&, this]() -> result<void> {
      const auto* p = find(who, id);
      if (!p) return missing();
      if (if_state && *if_state != pipeline_state::of(p->record))
        return fail(errc::precondition_failed, "the state is another");
      pipelines_.erase(id);
      std::erase(order_, id);
      return {};
    });
  }

  void get_pipeline(const caller& who, pipeline_id id, reply<pipeline_view> done) override {
    answer<pipeline_view>(std::move(done), [&, this]() -> result<pipeline_view> {
      auto* p = find(who, id);
      if (!p) return missing();
      return *p;
    });
  }

  void list_pipelines(const caller& who, pipeline_filter filter, page which,
                      reply<listing<pipeline_view>> done) override {
    answer<listing<pipeline_view>>(std::move(done), [&, this]() -> result<listing<pipeline_view>> {
      std::vector<pipeline_view> all;
      for (auto id = order_.rbegin(); id != order_.rend(); ++id) {
        auto p = pipelines_.at(*id);
        if (p.record.workspace != who.workspace || (filter.domain && p.record.domain != filter.domain)) continue;
        if (p.record.name.find(filter.search) == std::string::npos) continue;
        p.source.reset();
        all.push_back(std::move(p));
      }
      return cut(std::move(all), which);
    });
  }

  void start_run(const caller& who, start_request request, reply<started_run> done) override {
    answer<started_run>(std::move(done), [&, this]() -> result<started_run> {
      last_start = request;
      auto* p = find(who, request.pipeline);
      if (!p) return missing();
      run_view run;
      run.record.id = run_id{next_id()};
      run.record.pipeline = request.pipeline;
      run.record.workspace = who.workspace;
      run.record.trigger = request.trigger;
      run.record.triggered_by = request.triggered_by;
      run.record.created_at = now;
      run.record.status = run_status::running;
      run.record.tasks_total = 1;
      task_view task;
      task.id = "extract";
      task.status = task_status::running;
      run.tasks.push_back(task);
      if (request.wait.count() > 0) {
        run.record.status = run_status::succeeded;
        run.record.started_at = run.record.ended_at = now;
        run.tasks[0].status = task_status::succeeded;
      }
      runs_[run.record.id] = run;
      run_order_.push_back(run.record.id);
      p->last_run = run.record;
      return started_run{run, request.wait.count() > 0, false};
    });
  }

  void get_run(const caller& who, run_id id, reply<run_view> done) override {
    answer<run_view>(std::move(done), [&, this]() -> result<run_view> {
      auto* run = find_run(who, id);
      if (!run) return missing();
      return *run;
    });
  }

  void list_runs(const caller& who, run_filter filter, page which, reply<listing<run_view>> done) override {
    answer<listing<run_view>>(std::move(done), [&, this]() -> result<listing<run_view>> {
      if (filter.pipeline && !find(who, *filter.pipeline)) return missing();
      std::vector<run_view> all;
      for (auto id = run_order_.rbegin(); id != run_order_.rend(); ++id) {
        const auto& run = runs_.at(*id);
        if (filter.pipeline && run.record.pipeline != *filter.pipeline) continue;
        if (filter.status && run.record.status != *filter.status) continue;
        all.push_back(run);
      }
      return cut(std::move(all), which);
    });
  }

  void count_runs(const caller&, figure_query query, reply<std::vector<figure_point>> done) override {
    answer<std::vector<figure_point>>(std::move(done), [&, this]() -> result<std::vector<figure_point>> {
      last_figures = query;
      return figure_points;
    });
  }

  void cancel_run(const caller& who, run_id id, reply<run_view> done) override {
    answer<run_view>(std::move(done), [&, this]() -> result<run_view> {
      auto* run = find_run(who, id);
      if (!run) return missing();
      if (is_terminal(run->record.status)) return fail(errc::invalid_transition, "the run has ended");
      run->record.status = run_status::cancelled;
      return *run;
    });
  }

  void set_run_priority(const caller& who, run_id id, task_priority priority, reply<run_view> done) override {
    answer<run_view>(std::move(done), [&, this]() -> result<run_view> {
      auto* run = find_run(who, id);
      if (!run) return missing();
      if (is_terminal(run->record.status)) return fail(errc::invalid_transition, "the run has ended");
      run->record.priority = static_cast<std::uint8_t>(priority);
      return *run;
    });
  }

  void put_pool(const caller& who, pool_record pool, reply<pool_view> done) override {
    answer<pool_view>(std::move(done), [&, this]() -> result<pool_view> {
      pool.workspace = who.workspace;
      pool.updated_at = now;
      return pools_[{who.workspace, pool.name}] = pool_view{pool, 0};
    });
  }
  void delete_pool(const caller& who, std::string name, reply<void> done) override {
    answer<void>(std::move(done), [&, this]() -> result<void> {
      if (pools_.erase({who.workspace, name}) == 0) return missing();
      return {};
    });
  }
  void list_pools(const caller& who, reply<std::vector<pool_view>> done) override {
    answer<std::vector<pool_view>>(std::move(done), [&, this]() -> result<std::vector<pool_view>> {
      std::vector<pool_view> out;
      for (const auto& [key, pool] : pools_)
        if (key.first == who.workspace) out.push_back(pool);
      return out;
    });
  }

  void read_logs(const caller& who, run_id id, std::uint64_t from, std::uint32_t limit,
                 reply<std::vector<log_line>> done) override {
    answer<std::vector<log_line>>(std::move(done), [&, this]() -> result<std::vector<log_line>> {
      if (!find_run(who, id)) return missing();
      std::vector<log_line> out;
      const auto& all = logs[id];
      for (auto i = from; i < all.size() && out.size() < limit; ++i) out.push_back(all[i]);
      return out;
    });
  }

  void get_output(const caller& who, run_id id, reply<output_file> done) override {
    answer<output_file>(std::move(done), [&, this]() -> result<output_file> {
      if (!find_run(who, id) || !outputs.contains(id)) return missing();
      return outputs.at(id);
    });
  }

  std::shared_ptr<void> watch_run(const caller& who, run_id id, reply<run_view> changed) override {
    auto w = std::make_shared<watch>(watch{id, changed});
    std::optional<run_view> now_is;
    {
      std::scoped_lock lock{mutex_};
      if (auto* run = find_run(who, id)) now_is = *run;
      if (now_is) watches_.insert(w);
    }
    if (!now_is) {
      changed(missing());
      return nullptr;
    }
    changed(std::move(*now_is));
    return {w.get(), [this, w](void*) {
              std::scoped_lock lock{mutex_};
              watches_.erase(w);
            }};
  }

  void create_key(const caller& who, key_draft draft, reply<created_key> done) override {
    answer<created_key>(std::move(done), [&, this]() -> result<created_key> {
      last_key = draft.once;
      created_key k;
      k.record.id = api_key_id{next_id()};
      k.record.workspace = who.workspace;
      k.record.name = draft.name;
      k.record.prefix = "gcs_live_sk_abcd";
      k.record.scopes = draft.scopes;
      k.record.created_at = now;
      k.record.rate_limit = draft.rate_limit;
      if (draft.expires_in_days) k.record.expires_at = now + std::chrono::days{*draft.expires_in_days};
      k.key = "gcs_live_sk_" + to_text(k.record.id);
      keys_.push_back(k.record);
      return k;
    });
  }

  void list_keys(const caller&, page which, reply<listing<api_key_record>> done) override {
    answer<listing<api_key_record>>(std::move(done),
                                    [&, this]() -> result<listing<api_key_record>> { return cut(keys_, which); });
  }

  void revoke_key(const caller&, api_key_id id, reply<revoked_key> done) override {
    answer<revoked_key>(std::move(done), [&, this]() -> result<revoked_key> {
      const auto gone = std::erase_if(keys_, [&](const auto& k) { return k.id == id; });
      if (gone == 0) return missing();
      return revoked_key{};
    });
  }

  expected<caller, key_refusal> authenticate(std::string_view api_key) override {
    std::scoped_lock lock{mutex_};
    const auto known = callers_.find(api_key);
    if (known == callers_.end()) return unexpected(key_refusal::unknown);
    return known->second;
  }

  bool is_still_good(const caller& who) const override {
    std::scoped_lock lock{mutex_};
    return !who.key || !ended_.contains(*who.key);
  }

  std::shared_ptr<void> watch_keys(std::function<void(api_key_id)> ended) override {
    std::scoped_lock lock{mutex_};
    on_end_ = std::move(ended);
    return std::make_shared<int>(0);
  }

  /// Ends the key of a caller; `told`: whoever watches hears of it at once.
  void end_key(std::string_view api_key, bool told = true) {
    api_key_id id;
    {
      std::scoped_lock lock{mutex_};
      const auto known = callers_.find(api_key);
      id = *known->second.key;
      ended_.insert(id);
      callers_.erase(known);
    }
    if (told && on_end_) on_end_(id);
  }

  /// What authentication finds behind a key from now on.
  void put_caller(std::string_view api_key, caller who) {
    std::scoped_lock lock{mutex_};
    callers_.insert_or_assign(std::string{api_key}, std::move(who));
  }

  bool knows_workspace(workspace_id id) const override {
    std::scoped_lock lock{mutex_};
    return workspaces.contains(id);
  }

  void make_workspace(const caller& who, reply<void> done) override {
    answer<void>(std::move(done), [&, this]() -> result<void> {
      workspaces.insert(who.workspace);
      ++workspaces_made;
      return {};
    });
  }

  node_figures figures() const override { return shown; }
  std::optional<std::string> not_ready() const override {
    return shown.ready ? std::nullopt : std::optional{not_ready_because};
  }

private:
  struct watch {
    run_id id;
    reply<run_view> changed;
  };

  static unexpected<error> missing() { return fail(errc::not_found, "there is no such object"); }

  uuid next_id() { return make_uuid7(now, 5, ++ids_); }

  pipeline_view* find(const caller& who, pipeline_id id) {
    const auto p = pipelines_.find(id);
    return p != pipelines_.end() && p->second.record.workspace == who.workspace ? &p->second : nullptr;
  }

  run_view* find_run(const caller& who, run_id id) {
    const auto run = runs_.find(id);
    return run != runs_.end() && run->second.record.workspace == who.workspace ? &run->second : nullptr;
  }

  template <class T>
  static listing<T> cut(std::vector<T> all, page which) {
    listing<T> out;
    out.total = all.size();
    for (auto i = which.offset; i < all.size() && out.entries.size() < which.limit; ++i) out.entries.push_back(all[i]);
    return out;
  }

  template <class T, class Work>
  void answer(reply<T> done, Work work) {
    std::optional<result<T>> out;
    {
      std::scoped_lock lock{mutex_};
      if (next_error) out.emplace(unexpected(*std::exchange(next_error, std::nullopt)));
      else out.emplace(work());
      if (holding_) {
        held_.push_back([done = std::move(done), out = std::move(*out)] { done(out); });
        return;
      }
    }
    done(std::move(*out));
  }

  mutable std::mutex mutex_;
  std::map<std::string, caller, std::less<>> callers_;
  std::map<pipeline_id, pipeline_view> pipelines_;
  std::vector<pipeline_id> order_;
  std::map<run_id, run_view> runs_;
  std::vector<run_id> run_order_;
  std::map<std::pair<workspace_id, std::string>, pool_view> pools_;
  std::vector<api_key_record> keys_;
  std::set<std::shared_ptr<watch>> watches_;
  std::deque<std::function<void()>> held_;
  bool holding_ = false;
  std::set<api_key_id> ended_;
  std::function<void(api_key_id)> on_end_;
  std::uint64_t ids_ = 0;
};

} // namespace penstock::test
