#include "actors/worker.hpp"

#include <caf/all.hpp>

#include <filesystem>
#include <map>
#include <unordered_map>

namespace penstock {

namespace {

namespace fs = std::filesystem;

/// An attempt given to an engine. Shared with the thread that prepares it, which may be overtaken by a cancel.
struct running {
  std::atomic<bool> cancelled{false};
  std::atomic<std::uint8_t> reordered{0}; ///< The `task_priority` its run was given meanwhile; 0: none.
  std::string work_dir;
};

struct worker_state {
  worker_setup setup;
  std::unordered_map<run_id, std::map<attempt_ref, std::shared_ptr<running>>> under_way;
};

result<void> make_directories(attempt_request& request) {
  std::error_code failed;
  fs::remove_all(request.work_dir, failed);
  fs::create_directories(request.work_dir, failed);
  if (!failed) fs::create_directories(fs::path{request.artifact_file}.parent_path(), failed);
  if (!failed && request.task.type == task_type::sink) fs::create_directories(request.output_dir, failed);
  if (failed) return fail(errc::io_failed, "the attempt's directory cannot be made: " + failed.message());
  return {};
}

void place(attempt_request& request, const engine_settings& settings) {
  const auto& ref = request.ref;
  request.work_dir = settings.data_dir + "/work/" + to_text(ref.run) + "-" + std::to_string(ref.task) +
                     (ref.item == no_item ? "" : "-item" + std::to_string(ref.item)) + "-" +
                     std::to_string(ref.attempt);
  request.artifact_file = settings.data_dir + "/" + request.artifact_path;
  request.output_dir = settings.data_dir + "/" + request.output_path;
  if (request.timeout_ms == 0) request.timeout_ms = settings.attempt_timeout_ms;
}

attempt_result failed_before_it_began(const worker_setup& setup, const attempt_ref& ref, error why) {
  attempt_result failed;
  failed.ref = ref;
  failed.outcome = attempt_outcome::failed;
  failed.why = std::move(why);
  failed.started_at = failed.ended_at = setup.clock->now();
  return failed;
}

/// Directories, then the engine.
void prepare_and_start(const worker_setup& setup, const attempt_ptr& request, const std::shared_ptr<running>& job,
                       const engine::done_callback& done) {
  const auto ref = request->ref;
  if (request->needs_directory) {
    if (const auto reserve = setup.settings.reserve(); reserve.is_touched())
      return done(failed_before_it_began(setup, ref, reserve.why()));
    if (auto made = make_directories(*request); !made)
      return done(failed_before_it_began(setup, ref, std::move(made).error()));
  }
  setup.engines->start(std::move(*request), done);
  // A cancel, or another priority, that came before the engine knew the attempt.
  if (job->cancelled) setup.engines->cancel(ref);
  if (const auto priority = job->reordered.load())
    setup.engines->set_priority(ref.run, static_cast<task_priority>(priority));
}

/// An attempt always ends, even if there is no memory to begin it; of two ends the first counts.
void start_or_fail(const worker_setup& setup, const attempt_ptr& request, const std::shared_ptr<running>& job,
                   const engine::done_callback& done) {
  const auto ref = request->ref;
  try {
    prepare_and_start(setup, request, job, done);
  } catch (const std::exception& failure) {
    done(failed_before_it_began(
      setup, ref, {errc::internal, std::string{"the attempt could not be begun: "} + failure.what(), {}}));
  }
}

void count(worker_figures& figures, attempt_outcome outcome) {
  switch (outcome) {
    case attempt_outcome::succeeded: ++figures.succeeded; break;
    case attempt_outcome::failed: ++figures.failed; break;
    case attempt_outcome::cancelled: ++figures.cancelled; break;
  }
}

void do_noop(worker_state& st, const attempt_request& request) {
  attempt_result done;
  done.ref = request.ref;
  done.started_at = done.ended_at = st.setup.clock->now();
  count(*st.setup.figures, done.outcome);
  st.setup.ended(std::move(done));
}

void begin(worker_actor::pointer self, worker_state& st, const attempt_ptr& request) {
  place(*request, st.setup.settings);
  request->log = st.setup.logs->open_attempt(request->ref, request->task.id, st.setup.settings.log_bytes_max);
  auto job = std::make_shared<running>();
  job->work_dir = request->needs_directory ? request->work_dir : std::string{};
  st.under_way[request->ref.run][request->ref] = job;
  ++st.setup.figures->under_way;
  auto done = [worker = worker_actor{self}](attempt_result result) {
    caf::anon_send(worker, std::make_shared<attempt_result>(std::move(result)));
  };
  if (job->work_dir.empty()) start_or_fail(st.setup, request, job, done);
  else st.setup.pool->post([&st, request, job, done] { start_or_fail(st.setup, request, job, done); });
}

void end(worker_state& st, attempt_result& result) {
  const auto run = st.under_way.find(result.ref.run);
  if (run == st.under_way.end()) return;
  const auto job = run->second.find(result.ref);
  if (job == run->second.end()) return;
  if (const auto& dir = job->second->work_dir; !dir.empty())
    st.setup.pool->post([dir] {
      std::error_code ignored;
      fs::remove_all(dir, ignored);
    });
  run->second.erase(job);
  if (run->second.empty()) st.under_way.erase(run);
  --st.setup.figures->under_way;
  count(*st.setup.figures, result.outcome);
  st.setup.ended(std::move(result));
}

worker_actor::behavior_type worker(worker_actor::stateful_pointer<worker_state> self,
                                   std::shared_ptr<worker_setup> setup) {
  auto& st = self->state;
  st.setup = std::move(*setup);
  return {
    [self, &st](const attempt_ptr& request) {
      if (request->task.type == task_type::noop && !request->expand_items) do_noop(st, *request);
      else begin(self, st, request);
    },
    [&st](stop_atom, const run_id& run) {
      const auto found = st.under_way.find(run);
      if (found == st.under_way.end()) return;
      for (auto& [ref, job] : found->second) {
        job->cancelled = true;
        st.setup.engines->cancel(ref);
      }
    },
    [&st](reorder_atom, const run_id& run, std::uint8_t priority) {
      const auto found = st.under_way.find(run);
      if (found == st.under_way.end()) return;
      for (auto& [ref, job] : found->second) job->reordered = priority;
      st.setup.engines->set_priority(run, static_cast<task_priority>(priority));
    },
    [&st](const attempt_result_ptr& result) { end(st, *result); },
  };
}

} // namespace

worker_actor spawn_worker(caf::actor_system& sys, worker_setup setup) {
  return sys.spawn(worker, std::make_shared<worker_setup>(std::move(setup)));
}

} // namespace penstock
