// Many schedules that are due at the same instant: how late they fire, and what a reader feels of it.
import { sleep } from './lib/load.mjs';
import { quantile } from './lib/statistics.mjs';

const pipelines_max = 1000;
const read_every_ms = 20;
const settle_limit_ms = 120_000;

/** Latencies of a small read, one after the other, until `stop()`; answers them. */
function reader(read) {
  let going = true;
  const latencies = [];
  const done = (async () => {
    while (going) {
      const since = performance.now();
      await read();
      latencies.push(performance.now() - since);
      await sleep(read_every_ms);
    }
    return latencies;
  })();
  return { stop: () => { going = false; return done; } };
}

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

async function in_parallel(callers, count, work) {
  let next = 0;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (next < count) await work(next++);
  }));
}

export async function schedules(node, { schedule_count }) {
  const ids = [];
  const task = { id: 'a', type: 'noop' };
  await in_parallel(16, Math.min(pipelines_max, schedule_count), async (i) => { ids[i] = await node.create_pipeline(`p${i}`, [task]); });
  // The next full minute that leaves time to make them all.
  const due = new Date(Math.ceil((Date.now() + 10_000 + schedule_count / 2) / 60_000) * 60_000);
  const cron = `${due.getUTCMinutes()} ${due.getUTCHours()} ${due.getUTCDate()} ${due.getUTCMonth() + 1} *`;
  const since = performance.now();
  await in_parallel(64, schedule_count, async (i) => {
    const body = { pipelineId: ids[i % ids.length], cronExpression: cron };
    await node.expect(node.request('POST', '/api/v1/scheduler/schedules', { body }), [201]);
  });
  const made_s = (performance.now() - since) / 1000;
  const problems = [];
  if (Date.now() > due.getTime() - 5000) problems.push('the schedules were not made in time: the figures say nothing');
  const read = () => node.expect(node.request('GET', `/api/pipelines/${ids[0]}`), [200]);
  const idle = reader(read);
  await sleep(Math.max(1000, due.getTime() - Date.now() - 1000));
  const idle_ms = await idle.stop();
  const busy = reader(read);
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
    phases: { schedules: { schedule_count, made_s, buckets, reads_idle: idle_ms.length, reads_busy: busy_ms.length } },
    problems,
  };
}
