// How fast events reach a good receiver, and whether bad ones beside it make any difference to it.
import fs from 'node:fs';
import { load_for, sleep } from './lib/load.mjs';
import { bad_paths, start_receiver } from './lib/receiver.mjs';
import { server } from './lib/server.mjs';
import { summary } from './lib/statistics.mjs';

const flags = ['--allow-private-addresses', '--webhook-timeout', '1s', '--webhook-retry-delay', '1s'];
const arrival_limit_ms = 60_000;
const tick_ms = 10;
const settle_ms = 2500; // More than a timeout and the wait for the one retry.

/** The most memory that a process has ever had, in MiB. */
const peak_rss_mib = (pid) => Number(/^VmHWM:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function add_endpoint(node, url) {
  const body = { url, events: ['job.completed'], max_retries: 1 };
  return JSON.parse((await node.expect(node.request('POST', '/v1/webhooks', { body }), [201])).body).data.id;
}

/** Waits for `count` events at the good endpoint; answers what came, and a problem where some never did. */
async function arrivals(receiver, count) {
  const limit = performance.now() + arrival_limit_ms;
  let got = await receiver.ask('counts');
  while (got.distinct < count && performance.now() < limit) {
    await sleep(50);
    got = await receiver.ask('counts');
  }
  return { got: await receiver.ask('all'), problems: got.distinct === count ? [] : [`webhooks: ${count} events, ${got.distinct} arrived`] };
}

/** Starts `per_second` runs a second for `window_ms`, whatever becomes of them; answers of each whether it was acknowledged. */
async function paced(trigger, per_second, window_ms) {
  const since = performance.now();
  const under_way = [];
  for (let sent = 0; performance.now() - since < window_ms; await sleep(tick_ms))
    for (const wanted = ((performance.now() - since) * per_second) / 1000; sent < wanted; ++sent) under_way.push(trigger().then(() => true, () => false));
  return Promise.all(under_way);
}

/** As many runs as clients can start: what is delivered per second until the last event has arrived. */
async function flood(receiver, node, trigger, { warmup_ms, window_ms }) {
  await receiver.ask('reset');
  const load = await load_for({ callers: 64, warmup_ms, window_ms, meter: node.meter }, trigger);
  const { got, problems } = await arrivals(receiver, load.calls);
  const per_second = (1000 * got.distinct) / Math.max(1, got.last_at - got.first_at);
  return { per_second, load: { ...load, arrived: got.distinct }, problems };
}

/** A load that leaves room: how long from an event to its arrival. */
async function calm(receiver, trigger, { webhook_rate, webhook_window_ms }) {
  await receiver.ask('reset');
  const started = await paced(trigger, webhook_rate, webhook_window_ms);
  const { got, problems } = await arrivals(receiver, started.filter(Boolean).length);
  if (started.includes(false)) problems.push(`webhooks: ${started.filter((ok) => !ok).length} runs were not acknowledged`);
  return { counts: got.counts, latency_ms: summary(got.latencies), problems };
}

/**
 * How long to the good endpoint while two others take the same events at `path`, served by a process of their own: what they
 * do must not keep the good one's from noting what arrives.
 */
async function beside({ receiver, others }, node, trigger, path, settings) {
  const ids = [await add_endpoint(node, others.url + path), await add_endpoint(node, others.url + path)];
  const outcome = await calm(receiver, trigger, settings);
  if (!(await others.ask('counts')).counts[path]) outcome.problems.push(`webhooks: nothing was posted to ${path}`);
  for (const id of ids) await node.expect(node.request('DELETE', `/v1/webhooks/${id}`), [204]);
  await sleep(settle_ms); // What is under way to them ends meanwhile.
  return outcome;
}

async function measure(receivers, node, settings) {
  const { receiver, others } = receivers;
  const trigger = node.trigger(await node.create_pipeline('one', [{ id: 's', type: 'noop' }]));
  await add_endpoint(node, `${receiver.url}/good`);
  const alone = await flood(receiver, node, trigger, settings);
  const calm_alone = await calm(receiver, trigger, settings);
  const phases = { webhooks: alone.load, webhooks_alone: calm_alone };
  const figures = {
    webhooks_per_s: alone.per_second, webhooks_p50_ms: calm_alone.latency_ms.p50, webhooks_p99_ms: calm_alone.latency_ms.p99,
  };
  const problems = [...alone.problems, ...calm_alone.problems];
  for (const path of ['/other', ...bad_paths]) {
    const outcome = await beside(receivers, node, trigger, path, settings);
    phases[`webhooks_beside_${path.slice(1)}`] = outcome;
    figures[`webhooks_beside_${path.slice(1)}_p99_ms`] = outcome.latency_ms.p99;
    problems.push(...outcome.problems);
  }
  figures.webhooks_peak_mib = peak_rss_mib(node.child.pid);
  const followed = (await others.ask('counts')).counts['/target'];
  if (followed) problems.push(`webhooks: ${followed} redirects were followed`);
  return { figures, phases, problems };
}

export async function webhooks(binary, directory, settings) {
  const receiver = await start_receiver();
  const others = await start_receiver();
  const node = await server.start(binary, directory, { more_flags: flags });
  try {
    const result = await measure({ receiver, others }, node, settings);
    await node.stop_well(result.problems);
    return result;
  } finally {
    await node.stop();
    receiver.stop();
    others.stop();
  }
}
