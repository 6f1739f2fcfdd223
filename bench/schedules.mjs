// Many schedules that are due at the same instant: how late they fire, and what a reader feels of it.
import { in_parallel, load_count, sleep } from './lib/load.mjs';
import { pss_mib } from './lib/process_usage.mjs';
import { start_reader } from './lib/reader.mjs';
import { server } from './lib/server.mjs';
import { quantile } from './lib/statistics.mjs';

const pipelines_max = 1000;
const read_every_ms = 5;
const settle_limit_ms = 120_000;
const half_year_ms = 183 * 86_400_000;

/** The lateness histogram of /metrics: upper bounds in seconds, with how many were within. */
async function lateness(node) {
  const text = (await node.expect(node.request('GET', '/metrics'), [200])).body.toString();
  const buckets = [];
  for (const [, bound, count] of text.matchAll(/^penstock_schedule_lateness_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm))
    buckets.push({ bound: bound === '+Inf' ? Infinity : Number(bound), count: Number(count) });
  return buckets;
}

/** The smallest bound that holds `share` of all. */
function bound_of(buckets, share) {
  const total = buckets.at(-1)?.count ?? 0;
  return buckets.find(({ count }) => total > 0 && count >= share * total)?.bound ?? null;
}

/** The pipelines that `count` schedules are shared out over. */
async function make_pipelines(node, count) {
  const ids = [];
  const task = { id: 'a', type: 'noop' };
  await in_parallel(16, Math.min(pipelines_max, count), async (i) => { ids[i] = await node.create_pipeline(`p${i}`, [task]); });
  return ids;
}

/** Schedules for `due`, a full minute, once a year; answers how long it took to make them. */
async function make_schedules(node, ids, count, due) {
  const cron = `${due.getUTCMinutes()} ${due.getUTCHours()} ${due.getUTCDate()} ${due.getUTCMonth() + 1} *`;
  const since = performance.now();
  await in_parallel(64, count, async (i) => {
    const body = { pipelineId: ids[i % ids.length], cronExpression: cron };
    await node.expect(node.request('POST', '/api/v1/scheduler/schedules', { body }), [201]);
  });
  return (performance.now() - since) / 1000;
}

export async function schedules(node, { schedule_count }) {
  const ids = await make_pipelines(node, schedule_count);
  // The next full minute that leaves time to make them all.
  const due = new Date(Math.ceil((Date.now() + 10_000 + schedule_count / 2) / 60_000) * 60_000);
  const made_s = await make_schedules(node, ids, schedule_count, due);
  const problems = [];
  if (Date.now() > due.getTime() - 5000) problems.push('the schedules were not made in time: the figures say nothing');
  const reader = () => start_reader(node.port, node.request('GET', `/api/pipelines/${ids[0]}`), read_every_ms);
  const idle = await reader();
  await sleep(Math.max(1000, due.getTime() - Date.now() - 1000));
  const idle_ms = await idle.stop();
  const busy = await reader();
  const limit = Date.now() + settle_limit_ms;
  let buckets = [];
  do {
    await sleep(500);
    buckets = await lateness(node);
  } while ((buckets.at(-1)?.count ?? 0) < schedule_count && Date.now() < limit);
  const busy_ms = await busy.stop();
  let ended = 0;
  while (Date.now() < limit) {
    const counts = [];
    await in_parallel(16, ids.length, async (i) => { counts[i] = await node.count_runs(ids[i], 'success'); });
    ended = counts.reduce((sum, n) => sum + n, 0);
    if (ended >= schedule_count) break;
    await sleep(1000);
  }
  if (ended !== schedule_count) problems.push(`${schedule_count} schedules were due, ${ended} runs succeeded`);
  return {
    figures: {
      schedules_made_per_s: schedule_count / made_s,
      schedules_late_p50_s: bound_of(buckets, 0.5), schedules_late_p99_s: bound_of(buckets, 0.99),
      schedules_read_idle_p99_ms: quantile(idle_ms, 0.99), schedules_read_busy_p99_ms: quantile(busy_ms, 0.99),
    },
    phases: { schedules: { schedule_count, made_s, buckets, reads_idle: idle_ms.length, reads_busy: busy_ms.length, reader_in_real_time: busy.in_real_time } },
    problems,
  };
}

/** Schedules that are due in half a year: what they cost meanwhile. */
export async function stored_schedules(binary, directory, { stored_count }) {
  let node = await server.start(binary, directory);
  try {
    const ids = await make_pipelines(node, stored_count);
    const made_s = await make_schedules(node, ids, stored_count, new Date(Date.now() + half_year_ms));
    const busy_pss = pss_mib(node.child.pid);
    const problems = [];
    node = await node.start_again(problems);
    await sleep(1000);
    const pss = pss_mib(node.child.pid);
    const page = node.request('GET', '/api/v1/scheduler/schedules?limit=100');
    const load = await load_count({ count: 100, warmup: 10, meter: node.meter }, () => node.expect(page, [200]));
    if (load.errors) problems.push(`a page of schedules: ${load.first_error}`);
    await node.stop_well(problems);
    return {
      figures: {
        stored_made_per_s: stored_count / made_s, stored_busy_pss_mib: busy_pss, stored_pss_mib: pss, stored_start_ms: node.start_ms,
        stored_page_p50_ms: load.latency_ms.p50,
      },
      phases: { stored_schedules: { stored_count, made_s, page: load } },
      problems,
    };
  } finally {
    await node.stop();
  }
}
