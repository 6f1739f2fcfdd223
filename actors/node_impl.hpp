#pragma once

#include "actors/auditor.hpp"
#include "actors/blocking_pool.hpp"
#include "actors/core/partition_core.hpp"
#include "actors/core/pool_core.hpp"
#include "actors/core/reads.hpp"
#include "actors/gateway_protocol.hpp"
#include "actors/key_registry.hpp"
#include "actors/key_watchers.hpp"
#include "actors/node.hpp"
#include "actors/partition_protocol.hpp"
#include "actors/run_files.hpp"
#include "actors/run_log.hpp"
#include "actors/timer_protocol.hpp"
#include "actors/watch_registry.hpp"
#include "actors/webhook.hpp"
#include "actors/worker.hpp"
#include "actors/workspace_registry.hpp"
#include "runtime/engines/log_files.hpp"
#include "storage/log_writer.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace penstock {

/// The real node. Members stand in the order in which they are needed: what comes later uses what comes before.
class node_impl final : public node {
public:
  node_impl(const node_settings& settings, std::shared_ptr<clock_source> clock, std::shared_ptr<random_source> random,
            const secret_key& master, std::unique_ptr<store> state, partition_id partition_count);
  ~node_impl() override;

  /// Reads the keys, makes the first one if there is none.
  [[nodiscard]] result<void> open_keys(const std::optional<std::string>& bootstrap_key, node_news& news);
  /// Reads what the system partition knows; before the actors start.
  [[nodiscard]] result<void> load_registry();
  void start_actors();
  void end_actors();
  void stop() override;

  void create_pipeline(const caller& who, pipeline_draft draft, request_key once, reply<pipeline_view> done) override;
  void update_pipeline(const caller& who, pipeline_id id, pipeline_patch patch, reply<pipeline_view> done) override;
  void delete_pipeline(const caller& who, pipeline_id id, std::optional<pipeline_state> if_state,
                       reply<void> done) override;
  void get_pipeline(const caller& who, pipeline_id id, reply<pipeline_view> done) override;
  void list_pipelines(const caller& who, pipeline_filter filter, page which,
                      reply<listing<pipeline_view>> done) override;
  void start_run(const caller& who, start_request request, reply<started_run> done) override;
  void get_run(const caller& who, run_id id, reply<run_view> done) override;
  void list_runs(const caller& who, run_filter filter, page which, reply<listing<run_view>> done) override;
  void count_runs(const caller& who, figure_query query, reply<std::vector<figure_point>> done) override;
  void cancel_run(const caller& who, run_id id, reply<run_view> done) override;
  void set_run_priority(const caller& who, run_id id, task_priority priority, reply<run_view> done) override;
  void read_logs(const caller& who, run_id id, std::uint64_t from, std::uint32_t limit,
                 reply<std::vector<log_line>> done) override;
  void get_output(const caller& who, run_id id, reply<output_file> done) override;
  std::shared_ptr<void> watch_run(const caller& who, run_id id, reply<run_view> changed) override;
  void create_key(const caller& who, key_draft draft, reply<created_key> done) override;
  void list_keys(const caller& who, page which, reply<listing<api_key_record>> done) override;
  void revoke_key(const caller& who, api_key_id id, reply<revoked_key> done) override;
  expected<caller, key_refusal> authenticate(std::string_view api_key) override;
  bool is_still_good(const caller& who) const override;
  std::shared_ptr<void> watch_keys(std::function<void(api_key_id)> ended) override;
  bool knows_workspace(workspace_id id) const override;
  void make_workspace(const caller& who, reply<void> done) override;
  node_figures figures() const override;
  std::optional<std::string> not_ready() const override;

  void create_schedule(const caller& who, pipeline_id pipeline, schedule_draft draft, request_key once,
                       reply<schedule_view> done) override;
  void update_schedule(const caller& who, schedule_id id, schedule_draft changes, reply<schedule_view> done) override;
  void pause_schedule(const caller& who, schedule_id id, bool paused, reply<schedule_view> done) override;
  void delete_schedule(const caller& who, schedule_id id, reply<void> done) override;
  void get_schedule(const caller& who, schedule_id id, reply<schedule_view> done) override;
  void list_schedules(const caller& who, schedule_filter filter, page which,
                      reply<listing<schedule_view>> done) override;
  void preview_schedule(const caller& who, preview_request request, reply<std::vector<timestamp>> done) override;
  void create_backfill(const caller& who, backfill_draft draft, request_key once, reply<backfill_view> done) override;
  void get_backfill(const caller& who, backfill_id id, reply<backfill_view> done) override;
  void list_backfills(const caller& who, std::optional<pipeline_id> pipeline, page which,
                      reply<listing<backfill_view>> done) override;
  void change_backfill(const caller& who, backfill_id id, backfill_action action, reply<backfill_view> done) override;
  void add_dependency(const caller& who, dependency_draft draft, request_key once,
                      reply<dependency_record> done) override;
  void remove_dependency(const caller& who, dependency_id id, reply<void> done) override;
  void dependencies_of(const caller& who, pipeline_id id, reply<dependency_graph> done) override;
  void put_calendar(const caller& who, calendar_record calendar, reply<calendar_record> done) override;
  void delete_calendar(const caller& who, std::string name, reply<void> done) override;
  void list_calendars(const caller& who, reply<std::vector<calendar_record>> done) override;
  void put_pool(const caller& who, pool_record pool, reply<pool_view> done) override;
  void delete_pool(const caller& who, std::string name, reply<void> done) override;
  void list_pools(const caller& who, reply<std::vector<pool_view>> done) override;

  void create_endpoint(const caller& who, endpoint_draft draft, reply<endpoint_view> done) override;
  void update_endpoint(const caller& who, endpoint_id id, endpoint_draft changes, reply<endpoint_view> done) override;
  void delete_endpoint(const caller& who, endpoint_id id, reply<void> done) override;
  void get_endpoint(const caller& who, endpoint_id id, reply<endpoint_view> done) override;
  void list_endpoints(const caller& who, page which, reply<listing<endpoint_view>> done) override;
  void rotate_secret(const caller& who, endpoint_id id, std::optional<std::string> secret, milliseconds overlap,
                     reply<endpoint_view> done) override;
  void test_endpoint(const caller& who, endpoint_id id, reply<delivery_attempt> done) override;
  void list_deliveries(const caller& who, const uuid& receiver, page which,
                       reply<listing<delivery_record>> done) override;
  void redeliver(const caller& who, delivery_id id, reply<delivery_record> done) override;
  void register_trigger(const caller& who, trigger_draft draft, reply<trigger_record> done) override;
  void list_triggers(const caller& who, page which, reply<listing<trigger_record>> done) override;
  void delete_trigger(const caller& who, trigger_id id, reply<void> done) override;
  bool is_signed_by(trigger_id id, std::string_view body, std::string_view signature) const override;
  std::optional<caller> signer(trigger_id id) const override;
  void trigger_run(trigger_request request, reply<triggered_run> done) override;
  void take_callback(trigger_callback callback, reply<void> done) override;

  void list_audit(const caller& who, audit_filter filter, std::uint32_t limit, std::optional<audit_cursor> before,
                  reply<audit_page> done) override;
  void note_request(const caller& who, std::string_view object, std::string_view outcome) override;

private:
  /// Runs `work`, which sees to the reply, on a thread of `pool`; else the reply is told to come back later.
  template <class T, class F>
  void post_or_refuse(blocking_pool& pool, const reply<T>& done, F work) {
    const bool taken = pool.try_post([done, work = std::move(work)]() mutable {
      try {
        work();
      } catch (const std::exception& failure) {
        done(fail(errc::internal, failure.what()));
        throw;
      }
    });
    if (!taken) done(fail(errc::unavailable, "the server is busy; try again in a moment"));
  }
  template <class T, class F>
  void post_or_refuse(const reply<T>& done, F work) {
    post_or_refuse(*pool_, done, std::move(work));
  }
  /// Runs `work` on a thread that may block and answers with what it returns.
  template <class T, class F>
  void answer_from_pool(blocking_pool& pool, reply<T> done, F work) {
    auto shared = std::make_shared<reply<T>>(std::move(done));
    post_or_refuse<T>(
      pool, [shared](result<T> answer) { (*shared)(std::move(answer)); },
      [shared, work = std::move(work)]() mutable { (*shared)(work()); });
  }
  template <class T, class F>
  void answer_from_pool(reply<T> done, F work) {
    answer_from_pool(*pool_, std::move(done), std::move(work));
  }
  /// A client's command, with what the audit log says of it.
  void submit(const uuid& entity, entity_command command, audit_note_ptr note);
  /// Any other command.
  void pass(const uuid& entity, entity_command command);
  [[nodiscard]] result<compiled_definition> compile_definition(const definition& source,
                                                               const compile_options& defaults);
  [[nodiscard]] pool_view view_of(pool_record pool) const;
  void add_waiting(node_figures& out) const;
  void store_key_uses();

  struct external_start;
  void change_endpoint(const caller& who, endpoint_id id, std::function<void(endpoint_record&, timestamp)> change,
                       std::string secret, reply<endpoint_view> done);
  [[nodiscard]] result<endpoint_record> endpoint_of(workspace_id workspace, endpoint_id id) const;
  [[nodiscard]] std::optional<trigger_record> trigger_of(trigger_id id) const;
  [[nodiscard]] listing<delivery_record> deliveries_of(const uuid& receiver, page which) const;
  [[nodiscard]] std::vector<pipeline_id> pipelines_named(workspace_id workspace, const std::string& name) const;
  /// Sees which run stands for the job, or that a new one may; then starts it, unless it is there.
  void claim_external(const std::shared_ptr<external_start>& start);
  void start_claimed(const std::shared_ptr<external_start>& start, const job_claim& claim, run_id own);
  [[nodiscard]] result<run_record> external_run(const trigger_callback& callback) const;
  void add_webhook_figures(node_figures& out) const;
  [[nodiscard]] api_key_record key_record(workspace_id workspace, key_draft draft, std::string_view key) const;

  node_settings settings_;
  std::shared_ptr<clock_source> clock_;
  std::shared_ptr<random_source> random_;
  sealer seals_;
  std::unique_ptr<store> state_;
  plan_cache plans_;
  system_registry registry_;
  pool_figures pool_figures_;
  std::atomic<std::size_t> schedules_due_ = 0;
  entity_surroundings around_;
  reads reads_;
  key_registry keyring_;
  key_watchers key_watchers_;
  workspace_registry workspaces_;
  watch_registry watchers_;
  std::shared_ptr<log_files> logs_;
  run_log run_log_;
  std::function<std::optional<std::string>(const std::string&)> sql_error_;
  std::shared_ptr<engine> engines_;
  std::shared_ptr<worker_figures> worker_figures_;
  std::shared_ptr<blocking_pool> pool_; ///< Reads, and what answers as fast.
  // What takes longer has threads of its own, so that nobody's reads wait behind it.
  std::shared_ptr<blocking_pool> thinking_; ///< Compiles definitions, works out when schedules fire.
  std::shared_ptr<blocking_pool> files_;    ///< Makes and removes directories of attempts and runs.
  run_file_remover run_files_;
  std::unique_ptr<outbound_http> outbound_;
  std::shared_ptr<webhook_figures> webhook_figures_ = std::make_shared<webhook_figures>();
  refusal_log refusals_;

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<log_writer> log_;
  std::vector<partition_actor> partitions_;
  worker_actor worker_;
  timer_actor timers_;
  gateway_actor gateway_;
  webhook_actor webhooks_;
  auditor_actor auditor_;
  struct figures_slot {
    std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
    std::shared_ptr<partition_figures> figures = std::make_shared<partition_figures>();
  };
  std::vector<figures_slot> figures_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopped_{false};
};

} // namespace penstock
