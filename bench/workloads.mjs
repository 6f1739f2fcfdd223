// What is measured. Each workload gets a server on an empty data directory and answers its figures, the usage of CPU and
// memory per phase, and what went wrong. README.md says what the figures mean.
import fs from 'node:fs';
import path from 'node:path';
import { load_count, load_for, sleep } from './lib/load.mjs';
import { lists, questions } from './lists.mjs';
import { schedules, stored_schedules } from './schedules.mjs';
import { webhooks } from './webhooks.mjs';
import { pss_mib } from './lib/process_usage.mjs';
import { median } from './lib/statistics.mjs';
import { server } from './lib/server.mjs';

const noop = (id, more = {}) => ({ id, type: 'noop', ...more });
const chain_length = 40;
const chain_in_flight = 64;
const fan_width = 1000;
const drain_limit_ms = 120_000;

/** Waits until `wanted` runs of pipeline `id` succeeded; answers how long it took, or null where they never did. */
async function wait_for_successes(node, id, wanted) {
  const since = performance.now();
  while (performance.now() - since < drain_limit_ms) {
    if ((await node.count_runs(id, 'success')) >= wanted) return (performance.now() - since) / 1000;
    await sleep(20);
  }
  return null;
}

/** The complaints of a load: its failed calls. */
const failures = (name, load) => (load.errors ? [`${name}: ${load.errors} calls failed, the first with: ${load.first_error}`] : []);

async function acks(node, { warmup_ms, window_ms }) {
  const id = await node.create_pipeline('one', [noop('s')]);
  const load = await load_for({ callers: 64, warmup_ms, window_ms, meter: node.meter }, node.trigger(id));
  const backlog = await node.count_runs(id, 'running');
  const drain = await wait_for_successes(node, id, load.calls);
  const problems = failures('triggers', load);
  const ended = await node.count_runs(id, 'success');
  if (ended !== load.calls) problems.push(`triggers: ${load.calls} acknowledged, but ${ended} runs succeeded`);
  return {
    figures: {
      acks_per_s: load.per_second, ack_p50_ms: load.latency_ms.p50, ack_p99_ms: load.latency_ms.p99,
      ack_cpu_us: (load.usage.server_cpu_s * 1e6) / load.latency_ms.count,
    },
    phases: { acks: { ...load, backlog, drain_s: drain } },
    problems,
  };
}

async function runs(node, { warmup_ms, window_ms }) {
  const id = await node.create_pipeline('one', [noop('s')]);
  const load = await load_for({ callers: 256, warmup_ms, window_ms, meter: node.meter }, node.run_to_end(id));
  return {
    figures: {
      runs_per_s: load.per_second, run_p50_ms: load.latency_ms.p50, run_p99_ms: load.latency_ms.p99,
      run_cpu_us: (load.usage.server_cpu_s * 1e6) / load.latency_ms.count,
    },
    phases: { runs: load },
    problems: failures('runs', load),
  };
}

async function chain(node, { warmup_ms, window_ms, chain_idle }) {
  const tasks = Array.from({ length: chain_length }, (_, i) => noop(`s${i}`, i ? { needs: [`s${i - 1}`] } : {}));
  const run = node.run_to_end(await node.create_pipeline('chain', tasks));
  const idle = await load_count({ count: chain_idle, warmup: 5, meter: node.meter }, run);
  const busy = await load_for({ callers: chain_in_flight, warmup_ms, window_ms, meter: node.meter }, run);
  return {
    figures: {
      chain_idle_ms: idle.latency_ms.count ? idle.latency_ms.p50 : null,
      // The runs go almost in step, so the number that ends within the window is coarse; by Little's law the rate is
      // what is in flight over the mean time there.
      chain_steps_per_s: (chain_in_flight * chain_length * 1000) / busy.latency_ms.mean,
      chain_step_cpu_us: (busy.usage.server_cpu_s * 1e6) / (busy.latency_ms.count * chain_length),
    },
    phases: { chain_idle: idle, chain_busy: busy },
    problems: [...failures('chain, idle', idle), ...failures('chain, in flight', busy)],
  };
}

/** Measures a pipeline of one fanned-out task; `check` looks at the last run. */
async function fan(node, name, tasks, { fan_count }) {
  const run = node.run_to_end(await node.create_pipeline(name, tasks));
  let last = null;
  const load = await load_count({ count: fan_count, warmup: 1, meter: node.meter }, async () => { last = await run(); });
  const problems = failures(name, load);
  const done = last && (await node.show_run(last.id)).tasks[0].items_done;
  if (last && done !== fan_width) problems.push(`${name}: ${done} of ${fan_width} items done`);
  return { load, problems };
}

async function fanout(node, options) {
  const one = await node.create_pipeline('one', [noop('s')]);
  const child = { id: 'fan', type: 'run_pipeline', pipeline: one, for_each: fan_width };
  const children = await fan(node, 'fan-out of runs', [child], options);
  const steps = await fan(node, 'fan-out of steps', [noop('fan', { for_each: fan_width })], options);
  const problems = [...children.problems, ...steps.problems];
  const ended = await node.count_runs(one, 'success');
  const wanted = children.load.calls * fan_width;
  if (ended !== wanted) problems.push(`fan-out of runs: ${wanted} child runs wanted, ${ended} succeeded`);
  return {
    figures: { fan_runs_ms: median_of(children.load), fan_steps_ms: median_of(steps.load) },
    phases: { fan_runs: children.load, fan_steps: steps.load },
    problems,
  };
}

const median_of = (load) => (load.latency_ms.count ? load.latency_ms.p50 : null);

/** Starts servers of its own, one after the other; the last one's memory is read after it had a second of rest. */
async function start(binary, directory, { starts }) {
  const times = [];
  let pss = null;
  const problems = [];
  for (let i = 0; i < starts; ++i) {
    const place = path.join(directory, `start-${i}`);
    fs.mkdirSync(place);
    const node = await server.start(binary, place);
    times.push(node.start_ms);
    if (i === starts - 1) {
      await sleep(1000);
      pss = pss_mib(node.child.pid);
    }
    await node.stop_well(problems);
    fs.rmSync(place, { recursive: true, force: true });
  }
  return { figures: { start_ms: median(times), idle_pss_mib: pss }, phases: { start: { times_ms: times } }, problems };
}

/** A workload on a server that is started for it and stopped after it. */
const on_server = (workload) => async (binary, directory, options) => {
  const node = await server.start(binary, directory);
  try {
    const result = await workload(node, options);
    await node.stop_well(result.problems);
    return result;
  } finally {
    await node.stop();
  }
};

/** By the name that `--only` takes. */
export const workloads = {
  acks: on_server(acks),
  runs: on_server(runs),
  chain: on_server(chain),
  fanout: on_server(fanout),
  schedules: on_server(schedules),
  stored_schedules,
  lists,
  webhooks,
  start,
};

/** Of each question to a long history: its latencies there, and how much longer it takes than beside a short one. */
const list_figures = Object.entries(questions).flatMap(([name, label]) => [
  [`lists_${name}_p50_ms`, { workload: 'lists', label: `${label}, p50`, unit: 'ms', better: 'lower' }],
  [`lists_${name}_p99_ms`, { workload: 'lists', label: '  p99', unit: 'ms', better: 'lower' }],
  [`lists_${name}_ratio`, { workload: 'lists', label: '  p50 to that with few jobs', unit: '', better: 'lower' }],
]);

/** How the figures are called, in the order of the table. `better` says which way is good. */
export const figures = {
  acks_per_s: { workload: 'acks', label: 'triggers acknowledged, 64 clients', unit: '/s', better: 'higher' },
  ack_p50_ms: { workload: 'acks', label: '  latency p50', unit: 'ms', better: 'lower' },
  ack_p99_ms: { workload: 'acks', label: '  latency p99', unit: 'ms', better: 'lower' },
  ack_cpu_us: { workload: 'acks', label: '  server CPU per trigger, its run included', unit: 'us', better: 'lower' },
  runs_per_s: { workload: 'runs', label: 'no-op runs end to end, 256 in flight', unit: '/s', better: 'higher' },
  run_p50_ms: { workload: 'runs', label: '  latency p50', unit: 'ms', better: 'lower' },
  run_p99_ms: { workload: 'runs', label: '  latency p99', unit: 'ms', better: 'lower' },
  run_cpu_us: { workload: 'runs', label: '  server CPU per run', unit: 'us', better: 'lower' },
  chain_idle_ms: { workload: 'chain', label: 'chain of 40, idle, median', unit: 'ms', better: 'lower' },
  chain_steps_per_s: { workload: 'chain', label: 'chain of 40, 64 in flight, steps', unit: '/s', better: 'higher' },
  chain_step_cpu_us: { workload: 'chain', label: '  server CPU per step', unit: 'us', better: 'lower' },
  fan_runs_ms: { workload: 'fanout', label: 'fan-out to 1,000 child runs, median', unit: 'ms', better: 'lower' },
  fan_steps_ms: { workload: 'fanout', label: 'fan-out to 1,000 steps in a run, median', unit: 'ms', better: 'lower' },
  schedules_made_per_s: { workload: 'schedules', label: 'schedules made, 64 clients', unit: '/s', better: 'higher' },
  schedules_late_p50_s: { workload: 'schedules', label: 'due at one instant, lateness p50 at most', unit: 's', better: 'lower' },
  schedules_late_p99_s: { workload: 'schedules', label: '  lateness p99 at most', unit: 's', better: 'lower' },
  schedules_read_idle_p99_ms: { workload: 'schedules', label: '  reads before, p99', unit: 'ms', better: 'lower' },
  schedules_read_busy_p99_ms: { workload: 'schedules', label: '  reads meanwhile, p99', unit: 'ms', better: 'lower' },
  stored_made_per_s: { workload: 'stored_schedules', label: 'many schedules far ahead, made, 64 clients', unit: '/s', better: 'higher' },
  stored_busy_pss_mib: { workload: 'stored_schedules', label: '  memory when made (PSS)', unit: 'MiB', better: 'lower' },
  stored_pss_mib: { workload: 'stored_schedules', label: '  memory after a start with them (PSS)', unit: 'MiB', better: 'lower' },
  stored_start_ms: { workload: 'stored_schedules', label: '  start with them', unit: 'ms', better: 'lower' },
  stored_page_p50_ms: { workload: 'stored_schedules', label: '  first page of them, p50', unit: 'ms', better: 'lower' },
  ...Object.fromEntries(list_figures),
  lists_busy_pss_mib: { workload: 'lists', label: 'memory after making the jobs and asking (PSS)', unit: 'MiB', better: 'lower' },
  lists_pss_mib: { workload: 'lists', label: 'memory after a start with them (PSS)', unit: 'MiB', better: 'lower' },
  lists_start_ms: { workload: 'lists', label: 'start with them', unit: 'ms', better: 'lower' },
  webhooks_per_s: { workload: 'webhooks', label: 'events delivered, as many as can be', unit: '/s', better: 'higher' },
  webhooks_p50_ms: { workload: 'webhooks', label: '  calm load, from event to arrival p50', unit: 'ms', better: 'lower' },
  webhooks_p99_ms: { workload: 'webhooks', label: '  p99', unit: 'ms', better: 'lower' },
  webhooks_beside_other_p99_ms: { workload: 'webhooks', label: '  beside two more good endpoints, p99', unit: 'ms', better: 'lower' },
  webhooks_beside_failing_p99_ms: { workload: 'webhooks', label: '  beside two that answer 500, p99', unit: 'ms', better: 'lower' },
  webhooks_beside_hanging_p99_ms: { workload: 'webhooks', label: '  beside two that never answer, p99', unit: 'ms', better: 'lower' },
  webhooks_beside_redirecting_p99_ms: { workload: 'webhooks', label: '  beside two that redirect, p99', unit: 'ms', better: 'lower' },
  webhooks_beside_endless_p99_ms: { workload: 'webhooks', label: '  beside two that pour out 10 GB, p99', unit: 'ms', better: 'lower' },
  webhooks_beside_closing_p99_ms: { workload: 'webhooks', label: '  beside two that close early, p99', unit: 'ms', better: 'lower' },
  webhooks_peak_mib: { workload: 'webhooks', label: '  most memory ever (RSS)', unit: 'MiB', better: 'lower' },
  start_ms: { workload: 'start', label: 'start on an empty directory, median', unit: 'ms', better: 'lower' },
  idle_pss_mib: { workload: 'start', label: 'memory when idle (PSS)', unit: 'MiB', better: 'lower' },
};
