#!/usr/bin/env node
// Kills the server under load, over and over, and checks that nothing acknowledged was lost, changed, or done twice.
//   --kills N   rounds (default 100)
//   --seed N    repeats the choices of an earlier run
import assert from 'node:assert/strict';
import { finish, numberOption, test } from '../../tools/lib/cases.mjs';
import { Server, TERMINAL, cleanUp, makeDir, seeded, sleep, startStandIn, until } from './support/server.mjs';

const kills = numberOption('kills', 100);
const seed = numberOption('seed', (Date.now() ^ process.pid) >>> 0);
const random = seeded(seed);
const clientsCount = 8;
console.log(`# ${kills} kills, seed ${seed}`);

const dir = makeDir('kill-loop');
const options = { args: ['--allow-private-addresses', '--partitions', '4', '--rate-limit', '0'] };
const startTimes = [];
let server;
let stopping = false;

// What was acknowledged, or seen. Checked at the end, when nothing is killed any more.
const runs = new Map();         // run -> pipeline's name
const keys = new Map();         // Idempotency-Key -> { run } where one was acknowledged
const seenEnded = new Map();    // run -> its final form, which must never change again
const renamed = new Map();      // pipeline -> the last name that was acknowledged, and one that may be in force instead
const cancelled = new Set();    // runs whose cancelling was acknowledged
const deleted = new Set();      // pipelines whose deletion was acknowledged
const problems = [];
let unanswered = 0;

// Calls of http tasks: each must have been made at least once. The first attempt for a run fails.
const calls = new Map();
const standIn = await startStandIn((request, body, response) => {
  const made = (calls.get(request.url) ?? 0) + 1;
  calls.set(request.url, made);
  response.writeHead(made === 1 ? 503 : 200, { 'Content-Type': 'application/json' }).end('[{"made":1}]');
});

const noop = (id, ...needs) => ({ id, type: 'noop', needs });
const definitions = {
  chain: { tasks: [noop('a'), noop('b', 'a'), noop('c', 'b'), noop('d', 'c'), noop('e', 'd')] },
  fan: { tasks: [noop('begin'), { ...noop('each', 'begin'), for_each: 20 }, noop('join', 'each')] },
  nap: { tasks: [{ id: 'nap', type: 'sleep', seconds: 0.15 }, { id: 'again', type: 'sleep', seconds: 0.1, needs: ['nap'] }, noop('end', 'again')] },
  child: { tasks: [noop('one'), noop('two', 'one')] },
  parent: { tasks: [{ id: 'call', type: 'run_pipeline', pipeline: 'child' }, noop('after', 'call')] },
  flaky: { tasks: [{ id: 'call', type: 'http', url: `${standIn.url}/{{ run.id }}`, retries: { max: 50, delay: '50ms' } }, noop('after', 'call')] },
  command: { tasks: [{ id: 'say', type: 'shell', command: 'echo said', output: { format: 'csv', columns: ['word'] } }, noop('after', 'say')] },
  once: { tasks: [noop('a'), noop('b', 'a')] },
};
const pipelines = {}; // name -> id

/// One request; undefined if the server was gone before it had answered in whole.
async function attempt(method, target, options = {}) {
  const from = server;
  try {
    return await from.ask(method, target, options);
  } catch (problem) {
    if (!from.killing) problems.push(`${method} ${target} failed though nothing was killed: ${problem.message}`);
    unanswered += 1;
    return undefined;
  }
}

/// Waits until there is a server to talk to.
const serving = () => until('a server', () => stopping || (server && !server.killing), { timeoutMs: 60_000, everyMs: 5 });

function note(run, name, key) {
  const before = key && keys.get(key)?.run;
  if (before && before !== run) problems.push(`key ${key} gave run ${before}, later ${run}`);
  if (key) keys.set(key, { run });
  runs.set(run, name);
}

const unexpected = (what, answer) => { if (answer) problems.push(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`); };

async function startOne(name, headers = {}) {
  const answer = await attempt('POST', `/api/pipelines/${pipelines[name]}/run`, { headers });
  if (answer?.status === 202 || answer?.status === 200) return note(answer.body.id, name, headers['Idempotency-Key']), answer.body;
  unexpected(`start of ${name}`, answer);
  return undefined;
}

/// Starts with a key, repeated over kills until it is acknowledged, and sometimes once more.
async function startOnce(key) {
  keys.set(key, {});
  const repeats = 1 + random.below(2);
  for (let acknowledged = 0; acknowledged < repeats;) {
    await serving();
    if (stopping && acknowledged > 0) return;
    if (await startOne('once', { 'Idempotency-Key': key })) acknowledged += 1;
    else await sleep(5);
  }
}

async function waitForOne(name) {
  const run = await startOne(name, { Prefer: 'wait=2' });
  if (run?.finished_at) seenEnded.set(run.id, { status: run.status, finished_at: run.finished_at });
}

/// Looks at a run that was acknowledged before: it must be there, and an end that was seen must stay as it was.
async function lookBack() {
  const all = [...runs.keys()];
  if (all.length === 0) return;
  const run = all[all.length - 1 - random.below(Math.min(all.length, 200))];
  const answer = await attempt('GET', `/api/pipelines/runs/${run}`);
  if (!answer) return;
  if (answer.status !== 200) return unexpected(`acknowledged run ${run}`, answer);
  checkAgainstSeen(answer.body);
}

function checkAgainstSeen(run) {
  const seen = seenEnded.get(run.id);
  if (seen && (seen.status !== run.status || seen.finished_at !== run.finished_at))
    problems.push(`run ${run.id} had ended ${JSON.stringify(seen)}, now is ${run.status} at ${run.finished_at}`);
  if (run.finished_at) seenEnded.set(run.id, { status: run.status, finished_at: run.finished_at });
}

let renames = 0;
async function rename() {
  const name = `named ${++renames}`;
  const state = renamed.get(pipelines.named);
  state.open.add(name);
  const answer = await attempt('PUT', `/api/pipelines/${pipelines.named}`, { body: { name } });
  if (answer?.status === 200) { state.last = name; state.open.clear(); }
  else unexpected('rename', answer);
}

async function cancelOne() {
  const run = await startOne('nap');
  if (!run) return;
  const answer = await attempt('POST', `/api/pipelines/runs/${run.id}/cancel`);
  if (answer?.status === 200) cancelled.add(run.id);
  else if (answer?.status !== 409) unexpected(`cancel of ${run.id}`, answer);
}

async function makeAndDelete() {
  const made = await attempt('POST', '/api/pipelines', { body: { name: 'short-lived', config: definitions.nap } });
  if (made?.status !== 201) return unexpected('creation', made);
  await attempt('POST', `/api/pipelines/${made.body.id}/run`);
  const gone = await attempt('DELETE', `/api/pipelines/${made.body.id}`);
  if (gone?.status === 204) deleted.add(made.body.id);
  else unexpected('deletion', gone);
}

let keysMade = 0;
const deeds = [
  () => startOne('chain'), () => startOne('chain'), () => startOne('fan'), () => startOne('nap'), () => startOne('parent'), () => startOne('flaky'),
  () => startOnce(`key-${++keysMade}`), () => startOnce(`key-${++keysMade}`), () => waitForOne('chain'), () => waitForOne('nap'), lookBack, lookBack, cancelOne, makeAndDelete,
];

async function client(number) {
  while (!stopping) {
    await serving();
    if (stopping) return;
    // One client alone renames, so that the order of its names is known; commands cost processes, so there are few.
    if (number === 0 && random.below(3) === 0) await rename();
    else if (number === 1 && random.below(8) === 0) await startOne('command');
    else await random.one(deeds)();
    await sleep(random.between(0, 25));
  }
}

/// A start that is itself killed, wherever it has come.
async function killWhileStarting() {
  const next = Server.spawn(dir, options);
  await sleep(random.between(0, 300));
  const { signal } = await next.end('SIGKILL');
  assert.equal(signal, 'SIGKILL', `the server ended by itself: ${next.output}`);
}

async function startServer() {
  const next = await Server.start(dir, options);
  startTimes.push(next.startMs);
  server = next;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const describe = (list) => `${list.length} in all: ${list.slice(0, 5).join('; ')}`;
const total = async (pipeline, status) =>
  Number((await server.expect(200, 'GET', `/api/pipelines/${pipeline}/runs?limit=1${status ? `&status=${status}` : ''}`)).headers['x-total-count']);

test(`a server that is killed ${kills} times under load starts again each time`, async () => {
  await startServer();
  for (const [name, config] of Object.entries(definitions)) pipelines[name] = (await server.create(name, config)).id;
  pipelines.named = (await server.create('named 0', definitions.chain)).id;
  renamed.set(pipelines.named, { last: 'named 0', open: new Set() });
  const clients = Array.from({ length: clientsCount }, (_, number) => client(number));
  const began = Date.now();
  for (let round = 1; round <= kills; ++round) {
    await sleep(random.between(20, 700));
    server.killing = true;
    const { signal } = await server.end('SIGKILL');
    assert.equal(signal, 'SIGKILL', `the server ended by itself: ${server.output}`);
    if (random.below(5) === 0) await killWhileStarting();
    await startServer();
    if (round % 100 === 0) console.log(`# ${round} kills, ${runs.size} runs acknowledged, ${Math.round((Date.now() - began) / 1000)} s`);
  }
  stopping = true;
  await Promise.all(clients);
  console.log(`# start after a kill: median ${Math.round(median(startTimes))} ms, longest ${Math.round(Math.max(...startTimes))} ms`);
  console.log(`# ${runs.size} runs acknowledged, ${keys.size} keys, ${cancelled.size} cancelled, ${deleted.size} pipelines deleted, ${unanswered} requests unanswered`);
  assert.ok(runs.size > kills, 'too few runs for a test of anything');
});

test('no request failed but by a kill, and nothing that was seen has changed', () => {
  assert.equal(problems.length, 0, describe(problems));
});

test('every acknowledged run ends', async () => {
  const open = new Set(runs.keys());
  const deadline = Date.now() + 120_000;
  while (open.size > 0 && Date.now() < deadline) {
    for (const run of open) {
      const answer = await server.ask('GET', `/api/v1/runs/${run}`);
      assert.equal(answer.status, 200, `run ${run} of ${runs.get(run)} was acknowledged and is gone: ${answer.text}`);
      if (TERMINAL.has(answer.body.overallStatus)) open.delete(run);
    }
    await sleep(100);
  }
  const left = [...open].map((run) => `${run} of ${runs.get(run)}`);
  assert.equal(left.length, 0, `have not ended: ${describe(left)}`);
});

test('each task of an acknowledged run has one recorded result', async () => {
  const wrong = [];
  for (const [run, name] of runs) {
    const [engine, { body }] = await Promise.all([server.expect(200, 'GET', `/api/v1/runs/${run}`), server.expect(200, 'GET', `/api/pipelines/runs/${run}`)]);
    checkAgainstSeen(body);
    const expected = definitions[name].tasks.map((task) => task.id).sort();
    const statuses = engine.body.taskStatuses;
    const mayBeCancelled = body.status === 'cancelled' && name === 'nap';
    if (JSON.stringify(Object.keys(statuses).sort()) !== JSON.stringify(expected)) wrong.push(`${run} of ${name} has tasks ${Object.keys(statuses)}`);
    if (!mayBeCancelled && Object.values(statuses).some((status) => status !== 'COMPLETED')) wrong.push(`${run} of ${name}: ${JSON.stringify(engine.body)}`);
    for (const task of body.tasks) {
      if (!['succeeded', 'cancelled', 'skipped', 'blocked'].includes(task.status)) wrong.push(`task ${task.id} of ${run} is ${task.status}`);
      if (task.status === 'succeeded' && !(task.attempt >= 1 && task.finished_at)) wrong.push(`task ${task.id} of ${run}: ${JSON.stringify(task)}`);
    }
    if (name === 'fan' && body.tasks.find((task) => task.id === 'each').items_done !== 20) wrong.push(`${run}: not all items are done`);
    if (name === 'flaky' && !(calls.get(`/${run}`) >= 2)) wrong.push(`${run}: ended without its call`);
    if (cancelled.has(run) && body.status !== 'cancelled') wrong.push(`${run} was cancelled and is ${body.status}`);
  }
  assert.equal(wrong.length, 0, describe(wrong));
  assert.equal(problems.length, 0, describe(problems));
});

test('an ended run tells the end of each task once in its log', async () => {
  const sample = [...runs].filter(([, name]) => name !== 'nap').slice(-300);
  for (const [run, name] of sample) {
    const { body } = await server.expect(200, 'GET', `/api/pipelines/runs/${run}/logs`);
    for (const task of definitions[name].tasks) {
      if (task.for_each) continue;
      const ends = body.logs.split('\n').filter((line) => line.includes(`[${task.id}] Task succeeded`));
      assert.equal(ends.length, 1, `run ${run} of ${name}, task ${task.id}:\n${body.logs}`);
    }
  }
});

test('totals by status add up, and nothing is left running', async () => {
  await until('the end of all runs', async () => {
    for (const name of Object.keys(definitions)) if (await total(pipelines[name], 'running') + await total(pipelines[name], 'pending') > 0) return false;
    return true;
  }, { timeoutMs: 60_000, everyMs: 200 });
  for (const name of Object.keys(definitions)) {
    const counts = {};
    for (const status of ['pending', 'running', 'success', 'failed', 'cancelled']) counts[status] = await total(pipelines[name], status);
    const all = await total(pipelines[name]);
    const acknowledged = [...runs.values()].filter((of) => of === name).length;
    assert.equal(Object.values(counts).reduce((sum, n) => sum + n), all, `${name}: ${JSON.stringify(counts)} against ${all}`);
    assert.ok(all >= acknowledged, `${name}: ${all} runs, but ${acknowledged} were acknowledged`);
    let listed = 0;
    for (let offset = 0; ; offset += 1000) {
      const { body } = await server.expect(200, 'GET', `/api/pipelines/${pipelines[name]}/runs?limit=1000&offset=${offset}`);
      listed += body.length;
      if (body.length < 1000) break;
    }
    assert.equal(listed, all, `${name}: the list has ${listed} runs, its total says ${all}`);
  }
});

test('a start that is repeated with its Idempotency-Key made one run', async () => {
  for (const [key, { run }] of keys) assert.ok(run, `${key} was never acknowledged`);
  assert.equal(new Set([...keys.values()].map(({ run }) => run)).size, keys.size);
  assert.equal(await total(pipelines.once), keys.size, 'runs of the pipeline that is only started with keys');
});

test('each run that calls another pipeline has one run of it', async () => {
  assert.equal(await total(pipelines.child), await total(pipelines.parent));
});

test('pipelines are as they were last acknowledged', async () => {
  const { body } = await server.expect(200, 'GET', `/api/pipelines/${pipelines.named}`);
  const { last, open } = renamed.get(pipelines.named);
  assert.ok(body.name === last || open.has(body.name), `is "${body.name}", acknowledged was "${last}"`);
  for (const id of deleted) await server.expect(404, 'GET', `/api/pipelines/${id}`);
});

test('another restart, by SIGTERM, changes nothing', async () => {
  const before = {};
  for (const name of Object.keys(definitions)) before[name] = await total(pipelines[name]);
  const { code } = await server.end('SIGTERM');
  assert.equal(code, 0, server.output);
  await startServer();
  for (const name of Object.keys(definitions)) assert.equal(await total(pipelines[name]), before[name], name);
  for (const run of [...runs.keys()].slice(-200)) checkAgainstSeen((await server.expect(200, 'GET', `/api/pipelines/runs/${run}`)).body);
  assert.equal(problems.length, 0, describe(problems));
});

await finish(async () => { standIn.close(); await cleanUp(); });
