#!/usr/bin/env node
// Limits of pools through crashes: tasks tell in a file when they begin and end, while the server is killed again and again. Never more of a
// pool run at once than its limit lets, and at the end nothing is held.
//   --kills N   rounds (default 20)
//   --seed N    repeats the choices of an earlier run
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { finish, numberOption, test } from '../../tools/lib/cases.mjs';
import { Server, cleanUp, makeDir, seeded, sleep, until } from './support/server.mjs';

const kills = numberOption('kills', 20);
const seed = numberOption('seed', (Date.now() ^ process.pid) >>> 0);
const random = seeded(seed);
console.log(`# ${kills} kills, seed ${seed}`);

const dir = makeDir('limits-leak');
const marks = path.join(makeDir('limits-leak-marks'), 'marks');
const limits = { narrow: 2, wide: 5 };
const runs = new Set();
let server;

const start = async () => {
  server = await Server.start(dir, { args: ['--partitions', '4', '--kill-grace', '500ms'] });
};
const marked = (seconds) =>
  `echo "begin $PENSTOCK_RUN_ID $PENSTOCK_TASK_ID $PENSTOCK_ITEM" >> ${marks}; sleep ${seconds}; ` +
  `echo "end $PENSTOCK_RUN_ID $PENSTOCK_TASK_ID $PENSTOCK_ITEM" >> ${marks}`;
const pooled = (id, pool, more = {}) => ({ id, type: 'shell', command: marked(0.05), pool, ...more });

/// The most that ran at once of each task's pool, by what the tasks wrote. With a killed server ends all that it ran.
function mostAtOnce(poolOf) {
  const most = {};
  let open = new Map();
  for (const line of readFileSync(marks, 'utf8').split('\n')) {
    const [what, run, task, item] = line.split(' ');
    const name = `${run} ${task} ${item}`;
    if (what === 'killed') open = new Map();
    else if (what === 'end') open.delete(name);
    else if (what === 'begin') {
      assert.ok(!open.has(name), `${name} runs twice at once`);
      open.set(name, poolOf(task));
      const pool = poolOf(task);
      most[pool] = Math.max(most[pool] ?? 0, [...open.values()].filter((other) => other === pool).length);
    }
  }
  return most;
}

const pools = async () =>
  Object.fromEntries((await server.expect(200, 'GET', '/v1/pools')).body.data.map((pool) => [pool.name, pool]));
const put = (name, limit) => server.expect(200, 'PUT', `/v1/pools/${name}`, { body: { limit } });
const figure = async (name) => {
  const { text } = await server.expect(200, 'GET', '/metrics');
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
};

test(`no more than a pool's limit runs at once while the server is killed ${kills} times`, async () => {
  await start();
  for (const [name, limit] of Object.entries(limits)) await put(name, limit);
  const pipelines = [];
  for (let i = 0; i < 3; ++i) {
    const { id } = await server.create(`pooled ${i}`, {
      tasks: [
        pooled('narrow', 'narrow', { for_each: 3 }),
        pooled('wide', 'wide', { for_each: 6, priority: random.one(['HIGH', 'LOW']) }),
        pooled('wide_after', 'wide', { needs: ['narrow'], retries: { max: 1, delay: '10ms' } }),
      ],
    });
    pipelines.push(id);
  }
  for (let round = 0; round < kills; ++round) {
    for (let i = 0; i < 2; ++i) runs.add(await server.startRun(random.one(pipelines)));
    await sleep(random.between(50, 900));
    const { signal } = await server.end('SIGKILL');
    assert.equal(signal, 'SIGKILL', `the server ended by itself: ${server.output}`);
    await sleep(200); // Its tasks are killed when it is gone.
    appendFileSync(marks, 'killed\n');
    await start();
  }
  for (const run of runs) {
    const ended = await server.ended(run, { timeoutMs: 120_000 });
    assert.equal(ended.status, 'success', `${run}: ${JSON.stringify(ended)}`);
  }
  assert.deepEqual(
    mostAtOnce((task) => task.split('_')[0]),
    limits,
  );
});

test('at the end nothing is held, and the limits are as they were', async () => {
  await until('empty pools', async () => Object.values(await pools()).every((pool) => pool.held === 0));
  const { narrow, wide } = await pools();
  assert.equal(narrow.limit, limits.narrow);
  assert.equal(wide.limit, limits.wide);
  assert.equal(await figure('penstock_pool_leases'), 0);
  assert.equal(await figure('penstock_pool_waiting'), 0);
});

test('what waits for its pool is shown as pending', async () => {
  await put('slow', 1);
  const { id } = await server.create('slow', {
    tasks: [{ id: 'naps', type: 'shell', command: 'sleep 30', pool: 'slow' }],
  });
  const first = await server.startRun(id);
  await until('a lease', async () => (await pools()).slow.held === 1);
  const second = await server.startRun(id);
  await until('an asker', async () => (await figure('penstock_pool_waiting')) === 1);
  const statuses = async (run) => (await server.expect(200, 'GET', `/api/v1/runs/${run}`)).body.taskStatuses;
  assert.deepEqual(await statuses(first), { naps: 'RUNNING' });
  assert.deepEqual(await statuses(second), { naps: 'PENDING' });

  // A cancelled run gives back what it holds, and the next begins.
  await server.expect(200, 'POST', `/api/pipelines/runs/${first}/cancel`);
  await until('the next', async () => (await statuses(second)).naps === 'RUNNING');
  assert.equal((await pools()).slow.held, 1);
  await server.expect(200, 'POST', `/api/pipelines/runs/${second}/cancel`);
  await until('an empty pool', async () => (await pools()).slow.held === 0);
});

test('a raised limit lets begin at once, one that is taken away lets all', async () => {
  await put('gate', 0);
  const { id } = await server.create('gated', {
    tasks: [{ id: 'naps', type: 'sleep', seconds: 600, pool: 'gate', for_each: 5 }],
  });
  const run = await server.startRun(id);
  await until('askers', async () => (await figure('penstock_pool_waiting')) === 5);
  await put('gate', 2);
  await until('two', async () => (await pools()).gate.held === 2);
  await sleep(100);
  assert.equal((await pools()).gate.held, 2);
  await server.expect(204, 'DELETE', '/v1/pools/gate');
  await until('nobody to wait', async () => (await figure('penstock_pool_waiting')) === 0);
  assert.equal(await figure('penstock_pool_leases'), 0);
  await server.expect(200, 'POST', `/api/pipelines/runs/${run}/cancel`);
  await server.expect(404, 'DELETE', '/v1/pools/gate');
});

test('a run that waits takes another priority, one that has ended does not', async () => {
  await put('turns', 1);
  const { id } = await server.create('turns', {
    tasks: [{ id: 'naps', type: 'sleep', seconds: 0.3, pool: 'turns' }],
  });
  const all = [];
  for (let i = 0; i < 4; ++i) all.push(await server.startRun(id));
  await until('askers', async () => (await figure('penstock_pool_waiting')) === 3);
  const last = all.at(-1);
  const changed = await server.expect(200, 'PATCH', `/v1/jobs/${last}`, { body: { priority: 'HIGH' } });
  assert.equal(changed.body.data.priority, 'HIGH');
  const ends = [];
  for (const run of all) ends.push([Date.parse((await server.ended(run)).finished_at), run]);
  ends.sort(([a], [b]) => a - b);
  assert.deepEqual(
    ends.map(([, run]) => run),
    [all[0], last, all[1], all[2]],
  );
  await server.expect(409, 'PATCH', `/v1/jobs/${last}`, { body: { priority: 'LOW' } });
});

await finish(cleanUp);
