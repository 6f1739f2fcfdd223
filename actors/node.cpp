#include "actors/node_impl.hpp"

#include "actors/core/keyring_core.hpp"
#include "actors/core/run_lists.hpp"
#include "actors/gateway.hpp"
#include "actors/partition.hpp"
#include "actors/partition_count.hpp"
#include "actors/timer.hpp"
#include "runtime/connectors/files_path.hpp"
#include "runtime/engines/child_modes.hpp"
#include "runtime/engines/engine_set.hpp"
#include "runtime/engines/sql_check.hpp"
#include "runtime/forward_clock.hpp"
#include "runtime/threads.hpp"
#include "storage/api_key.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <iostream>

namespace penstock {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t pool_threads = 2; // Of each of the node's pools.
constexpr std::size_t pool_queue_max = 20'000;
/// Key in family `meta` under which the number of partitions is kept: keys of indexes depend on it.
constexpr std::string_view partition_count_key = "node/partitions";
/// Key in family `meta` of a text sealed under the master key the database was made with.
constexpr std::string_view key_check_key = "node/key_check";
constexpr std::string_view key_check_text = "sealed under the right master key";
constexpr sealed_place key_check_place{};

/// Documented; EX_SOFTWARE of sysexits.h.
constexpr int exit_cannot_write = 70;

std::shared_ptr<blocking_pool> make_pool(pool_pace pace = pool_pace::usual) {
  return std::make_shared<blocking_pool>(
    pool_threads, pool_queue_max, [](std::string_view what) { spdlog::error("a job off the actors failed: {}", what); },
    pace);
}

/// What cannot be written can't be acknowledged, and a failed sync must not be tried again: the process ends here.
[[noreturn]] void end_process(const error& why) {
  std::cerr << "penstockd: fatal: " << why.message << '\n' << std::flush;
  std::_Exit(exit_cannot_write);
}

/// Deciding leaves the processor to reading and answering: so a client is heard while 100,000 schedules are due.
class background_threads final : public caf::thread_hook {
public:
  void init(caf::actor_system&) override {}
  void thread_started() override { work_in_background(); }
  void thread_terminates() override {}
};

/// Before there are partitions; durable on return.
result<void> write_meta(store& state, std::string_view key, std::string_view bytes) {
  std::vector<turn_entry> entries(1);
  entries[0].index = state.position(0).index + 1;
  entries[0].mutations.put(family::meta, key, bytes);
  return state.write_turn(entries);
}

result<partition_id> settle_partition_count(store& state, partition_id wanted, node_news& news) {
  std::string bytes;
  if (state.get(family::meta, partition_count_key, bytes)) {
    const auto kept = decode_partition_count(bytes);
    if (!kept) return unexpected(kept.error());
    news.partitions_kept = *kept != wanted;
    return *kept;
  }
  if (auto written = write_meta(state, partition_count_key, encode_partition_count(wanted)); !written)
    return unexpected(written.error());
  return wanted;
}

/// The master key, proved to be the one that this database was made with: another would seal what nobody could open later,
/// and make every API key unknown.
result<secret_key> settle_master_key(store& state, const node_settings& settings, node_news& news) {
  const auto& dir = settings.engines.data_dir;
  const auto file = dir + "/master.key";
  std::string check;
  const bool known = state.get(family::meta, key_check_key, check);
  std::error_code unknown;
  if (known && !settings.master_key && !fs::exists(file, unknown) && !unknown)
    return fail(
      errc::io_failed,
      file +
        " is missing, and PENSTOCK_MASTER_KEY is not set: the data cannot be read without the key it was made with");
  auto master = load_master_key(settings.master_key, dir, news.master_key_made);
  if (!master) return master;
  const sealer seals{*master};
  if (!known) {
    if (auto written = write_meta(state, key_check_key, seals.seal(key_check_place, key_check_text)); !written)
      return unexpected(written.error());
  } else if (auto opened = seals.open(key_check_place, check); !opened || *opened != key_check_text) {
    return fail(errc::invalid_argument, (settings.master_key ? std::string{"PENSTOCK_MASTER_KEY"} : file) +
                                          " is not the key that the data in " + dir + " was made with");
  }
  return master;
}

/// Directories of attempts that ended with the last process.
void clear_work(const std::string& data_dir) {
  std::error_code ignored;
  fs::remove_all(data_dir + "/work", ignored);
}

result<void> make_directory(const std::string& what, const std::string& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (!failed) return {};
  return fail(errc::io_failed, "the " + what + " " + path + " cannot be made: " + failed.message());
}

} // namespace

result<std::unique_ptr<node>> node::open(const node_settings& settings, std::shared_ptr<clock_source> clock,
                                         std::shared_ptr<random_source> random, node_news& news) {
  const auto& library = settings.engines.duckdb_library;
  if (std::error_code ignored; !library.empty() && !fs::is_regular_file(library, ignored))
    return fail(errc::invalid_argument, "duckdb-library: there is no file " + library);
  if (auto made = make_directory("data directory", settings.engines.data_dir); !made)
    return unexpected(std::move(made).error());
  const auto files = files_directory_of(settings.engines.files_dir, default_workspace);
  if (auto made = make_directory("directory of files", files); !made) return unexpected(std::move(made).error());
  auto state = open_rocksdb_store(settings.engines.data_dir, settings.how);
  if (!state) return unexpected(std::move(state).error());
  auto master = settle_master_key(**state, settings, news);
  if (!master) return unexpected(std::move(master).error());
  auto partitions = settle_partition_count(**state, settings.partition_count, news);
  if (!partitions) return unexpected(std::move(partitions).error());
  news.partition_count = *partitions;
  clear_work(settings.engines.data_dir);
  const auto latest = latest_clock(**state, *partitions);
  news.clock_behind = std::max(latest - clock->now(), milliseconds{0});
  clock = std::make_shared<forward_clock>(std::move(clock), system_ticks(), latest);
  auto completed = settings;
  completed.engines.can_confine = news.tasks_confined = can_confine_tasks(settings.engines.self_executable);
  auto made = std::make_unique<node_impl>(completed, std::move(clock), std::move(random), *master, std::move(*state),
                                          *partitions);
  if (auto loaded = made->load_registry(); !loaded) return unexpected(loaded.error());
  made->start_actors();
  if (auto opened = made->open_keys(settings.bootstrap_key, news); !opened) return unexpected(opened.error());
  return std::unique_ptr<node>{std::move(made)};
}

node_impl::node_impl(const node_settings& settings, std::shared_ptr<clock_source> clock,
                     std::shared_ptr<random_source> random, const secret_key& master, std::unique_ptr<store> state,
                     partition_id partition_count)
    : settings_(settings), clock_(std::move(clock)), random_(std::move(random)), seals_(master),
      state_(std::move(state)), around_{*state_,           seals_,          plans_,    *random_,
                                        settings_.engines, partition_count, &registry_},
      reads_(around_), keyring_(seals_, clock_), logs_(std::make_shared<log_files>(settings_.engines.data_dir, clock_)),
      run_log_(logs_), worker_figures_(std::make_shared<worker_figures>()), pool_(make_pool(pool_pace::prompt)),
      thinking_(make_pool()), files_(make_pool()), run_files_(settings_.engines.data_dir, logs_, *state_, files_) {
  around_.pools = &pool_figures_;
  const auto processes = system_engine_processes(settings_.engines);
  sql_error_ = [checker = std::make_shared<sql_checker>(processes.sql)](const std::string& sql) {
    return (*checker)(sql);
  };
  engines_ = make_engines(settings_.engines, clock_, processes);
  outbound_settings outbound;
  outbound.allow_private_addresses = settings_.engines.allow_private_addresses;
  outbound_ = make_outbound_http(std::move(outbound));
  around_.webhooks = settings_.webhooks;
  if (settings_.events.job) around_.render = &settings_.events;
}

node_impl::~node_impl() { node_impl::stop(); }

void node_impl::start_actors() {
  // Sharing beats stealing here: idle threads of the latter sleep, and commits batch better.
  config_.set("scheduler.policy", caf::atom("sharing"));
  config_.set("scheduler.max-threads", settings_.scheduler_threads);
  config_.add_thread_hook<background_threads>();
  system_ = std::make_unique<caf::actor_system>(config_);
  log_ = make_log_writer(
    *state_,
    [this](std::uint16_t p, std::uint64_t index) { caf::anon_send(partitions_[p], durable_atom::value, index); },
    end_process);

  worker_setup worker;
  worker.settings = settings_.engines;
  worker.engines = engines_;
  worker.pool = files_;
  worker.logs = logs_;
  worker.clock = clock_;
  worker.figures = worker_figures_;
  worker.ended = [this](attempt_result ended) {
    const auto run = ended.ref.run.raw;
    caf::anon_send(gateway_, std::make_shared<submission>(
                               submission{run, run_message{attempt_ended{std::move(ended)}, {}, {}, {}}, false}));
  };
  worker_ = spawn_worker(*system_, std::move(worker));

  timer_setup timers{state_.get(), clock_, around_.partition_count, {}, {}};
  timers.due = [this](partition_id p, due_timers_ptr due) {
    caf::anon_send(partitions_[p], due_atom::value, std::move(due));
  };
  timers.soon = [this](partition_id p, due_timers_ptr soon) {
    caf::anon_send(partitions_[p], soon_atom::value, std::move(soon));
  };
  timers_ = spawn_timer(*system_, std::move(timers));
  for (partition_id p = 0; p <= around_.partition_count; ++p) {
    figures_.emplace_back();
    partition_setup setup;
    setup.id = p;
    setup.around = &around_;
    setup.position = state_->position(p);
    setup.node_schedules_due = &schedules_due_;
    setup.group = make_single_voter(p, setup.position, *log_);
    setup.clock = clock_;
    setup.worker = worker_;
    setup.timers = timers_;
    setup.send = [this](message_ptr message) { caf::anon_send(gateway_, std::move(message)); };
    setup.ask = [this](child_ptr child) { caf::anon_send(gateway_, std::move(child)); };
    setup.changed = [this](run_id run) { watchers_.notify(run); };
    setup.remove_files = [this](run_id run) { run_files_.remove(run); };
    setup.key_changed = [this](const api_key_record& record) { keyring_.put(record); };
    setup.system_updated = [this](const auto& change) {
      registry_.update(change);
      caf::anon_send(webhooks_, changed_atom::value);
    };
    setup.deliver = [this](const keys::pending_delivery& delivery) { caf::anon_send(webhooks_, delivery); };
    setup.pass = [this](const uuid& entity, entity_command command) { pass(entity, std::move(command)); };
    setup.figures = figures_.back().figures;
    setup.figures_mutex = figures_.back().mutex;
    partitions_.push_back(spawn_partition(*system_, std::move(setup)));
  }
  gateway_ = spawn_gateway(*system_, partitions_);
  caf::anon_send(timers_, refill_atom::value);
  webhooks_ =
    spawn_webhook(*system_, {&around_, clock_, outbound_.get(),
                             [this](const uuid& entity, entity_command command) { pass(entity, std::move(command)); },
                             webhook_figures_});
  auditor_ = spawn_auditor(
    *system_, {around_.partition_count, clock_, &refusals_, std::chrono::hours{24 * std::int64_t{settings_.audit_days}},
               [this](const uuid& entity, entity_command command) { pass(entity, std::move(command)); }});
  for (const auto& p : partitions_) caf::anon_send(p, start_atom::value);
  caf::anon_send(webhooks_, start_atom::value);
  run_files_.sweep();
  ready_ = true;
}

result<void> node_impl::load_registry() {
  auto tables = load_system_tables(*state_);
  if (!tables) return unexpected(std::move(tables).error());
  registry_.update([&](system_tables& t) { t = std::move(*tables); });
  return {};
}

result<void> node_impl::open_keys(const std::optional<std::string>& bootstrap_key, node_news& news) {
  auto stored = read_keys(*state_);
  if (!stored) return unexpected(std::move(stored).error());
  for (const auto& record : *stored) keyring_.put(record);
  auto workspaces = read_workspaces(*state_);
  if (!workspaces) return unexpected(std::move(workspaces).error());
  for (const auto& record : *workspaces) workspaces_.put(record.id);
  // Whoever revoked the last admin key gets in again by a bootstrap key; one that was revoked itself stays so.
  const bool locked_out = !stored->empty() && !keyring_.has_admin(default_workspace);
  const bool is_new = bootstrap_key && !keyring_.was_made(*bootstrap_key);
  if (!stored->empty() && !(locked_out && is_new)) {
    news.bootstrap_key_passed_over = is_new;
    return {};
  }
  if (!bootstrap_key) news.made_key = make_api_key();
  const auto& key = bootstrap_key ? *bootstrap_key : news.made_key;
  // Durable before anybody is told of it.
  std::promise<result<void>> done;
  key_draft draft;
  draft.name = "bootstrap";
  draft.scopes = {std::string{to_text(scope::admin)}};
  submit({},
         key_command{penstock::create_key{key_record(default_workspace, std::move(draft), key),
                                          {},
                                          [&done](result<void> r) { done.set_value(std::move(r)); }}},
         nullptr);
  return done.get_future().get();
}

void node_impl::stop() {
  if (stopped_.exchange(true)) return;
  ready_ = false;
  for (const auto& pool : {pool_, thinking_, files_}) pool->stop();
  if (log_) log_->stop();
  if (system_) end_actors();
  outbound_.reset();
  engines_.reset();
  system_.reset();
  log_.reset();
  // Everything acknowledged is synced. A database that could not flush (a full disk) does not close in order either.
  if (auto flushed = state_->checkpoint(); !flushed) end_process(flushed.error());
}

void node_impl::end_actors() {
  {
    // What actors use, and the handles they send to, stay until the last of them is down.
    caf::scoped_actor self{*system_};
    const auto end = [&](const auto& actor) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
      self->wait_for(actor);
    };
    end(auditor_);
    end(webhooks_);
    end(gateway_);
    end(timers_);
    end(worker_);
    for (const auto& p : partitions_) end(p);
  }
  auditor_ = nullptr;
  webhooks_ = nullptr;
  gateway_ = nullptr;
  timers_ = nullptr;
  worker_ = nullptr;
  partitions_.clear();
}

std::optional<std::string> node_impl::not_ready() const {
  if (ready_) return std::nullopt;
  return "the node is stopping";
}

node_figures node_impl::figures() const {
  node_figures out;
  out.ready = ready_;
  partition_figures sum;
  for (const auto& slot : figures_) {
    const std::lock_guard lock{*slot.mutex};
    sum.entities += slot.figures->entities;
    sum.commands_under_way += slot.figures->commands_under_way;
    sum.entries_under_way += slot.figures->entries_under_way;
    sum.committed += slot.figures->committed;
    sum.refused += slot.figures->refused;
    sum.lateness += slot.figures->lateness;
  }
  out.histograms["penstock_schedule_lateness_seconds"] = sum.lateness;
  out.gauges["penstock_entities_in_memory"] = static_cast<double>(sum.entities);
  out.gauges["penstock_commands_under_way"] = static_cast<double>(sum.commands_under_way);
  out.gauges["penstock_entries_under_way"] = static_cast<double>(sum.entries_under_way);
  out.gauges["penstock_tasks_confined"] = settings_.engines.can_confine ? 1 : 0;
  out.gauges["penstock_attempts_under_way"] = static_cast<double>(worker_figures_->under_way);
  add_waiting(out);
  out.gauges["penstock_disk_bytes"] = static_cast<double>(state_->disk_bytes());
  out.counters["penstock_entries_committed_total"] = static_cast<double>(sum.committed);
  out.counters["penstock_commands_refused_total"] = static_cast<double>(sum.refused);
  out.counters["penstock_attempts_ended_total{outcome=\"succeeded\"}"] =
    static_cast<double>(worker_figures_->succeeded);
  out.counters["penstock_attempts_ended_total{outcome=\"failed\"}"] = static_cast<double>(worker_figures_->failed);
  out.counters["penstock_attempts_ended_total{outcome=\"cancelled\"}"] =
    static_cast<double>(worker_figures_->cancelled);
  if (log_) {
    const auto log = stats_of(*log_);
    out.counters["penstock_log_turns_total"] = static_cast<double>(log.turns);
    out.counters["penstock_log_bytes_total"] = static_cast<double>(log.bytes);
    out.counters["penstock_log_sync_seconds_total"] = static_cast<double>(log.sync_ns) / 1e9;
    out.gauges["penstock_log_depth"] = static_cast<double>(log_->depth());
  }
  add_webhook_figures(out);
  out.counters["penstock_audit_refusals_omitted_total"] = static_cast<double>(refusals_.omitted());
  for (const auto& [status, runs] : count_by_status(*state_, around_.partition_count))
    out.gauges["penstock_runs{status=\"" + std::string{to_text(status)} + "\"}"] = static_cast<double>(runs);
  return out;
}

} // namespace penstock
