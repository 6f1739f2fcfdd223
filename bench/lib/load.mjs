// Closed-loop load: each caller waits for its answer before it asks again.
import { summary } from './statistics.mjs';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Does `work(i)` for each i below `count`, `callers` at once. */
export async function in_parallel(callers, count, work) {
  let next = 0;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (next < count) await work(next++);
  }));
}

/** Runs `call` and notes how long it took, or that it failed. */
async function one(call, tally) {
  const since = performance.now();
  try {
    await call();
    const until = performance.now();
    tally.calls += 1;
    if (tally.counting) tally.latencies.push(until - since);
  } catch (problem) {
    tally.errors += 1;
    tally.first_error ??= String(problem?.message ?? problem).slice(0, 500);
    await sleep(10); // a server that refuses everything must not turn the loop into a spin
  }
}

const new_tally = () => ({ calls: 0, errors: 0, first_error: null, latencies: [], counting: false });
const outcome = ({ calls, errors, first_error, latencies }) => ({ calls, errors, first_error, latency_ms: summary(latencies) });

/**
 * `callers` at once for `warmup_ms` and then `window_ms`; what ends within the window counts.
 * `meter()` is read at both ends of the window, so that CPU is that of the window alone.
 */
export async function load_for({ callers, warmup_ms, window_ms, meter }, call) {
  const tally = new_tally();
  let stop = false;
  const caller = async () => { while (!stop) await one(call, tally); };
  const all = Promise.all(Array.from({ length: callers }, caller));
  await sleep(warmup_ms);
  const before = meter();
  const since = performance.now();
  tally.counting = true;
  await sleep(window_ms);
  tally.counting = false;
  const seconds = (performance.now() - since) / 1000;
  const usage = meter(before);
  stop = true;
  await all;
  return { ...outcome(tally), seconds, per_second: tally.latencies.length / seconds, usage };
}

/** One caller, `count` calls one after the other, after `warmup` calls that don't count. */
export async function load_count({ count, warmup, meter }, call) {
  const tally = new_tally();
  for (let i = 0; i < warmup; ++i) await one(call, tally);
  tally.counting = true;
  const before = meter();
  const since = performance.now();
  for (let i = 0; i < count; ++i) await one(call, tally);
  return { ...outcome(tally), seconds: (performance.now() - since) / 1000, usage: meter(before) };
}
