#!/usr/bin/env node
// How a server stops, and what becomes of the processes of its tasks.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { finish, test } from '../../tools/lib/cases.mjs';
import { Server, TERMINAL, cleanUp, makeDir, sleep, startStandIn, until } from './support/server.mjs';

/// A number of seconds to sleep that occurs in no other process, by which processes of a test are found again.
let marks = 0;
const newMark = () => `${1_000_000 + process.pid}.${++marks}`;

/// The ids of processes whose command line holds `mark`.
function processesWith(mark) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  }).map(Number);
}

/// The state letter of a process (Z: ended, but nobody has asked how), undefined if it is gone.
function stateOf(pid) {
  try {
    return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
  } catch {
    return undefined;
  }
}

/// Processes that descend from `pid`, whoever their parent is now, as long as they run below it.
function descendants(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch { /* gone meanwhile */ }
  }
  const all = [];
  for (const open = [pid]; open.length > 0;) for (const child of children.get(open.pop()) ?? []) all.push(child), open.push(child);
  return all;
}

/// Children, grandchildren, one in a session of its own, one that ignores SIGTERM, and one whose parent is gone.
const family = (mark) => `sleep ${mark} & setsid sleep ${mark} & sh -c "sleep ${mark} & sleep ${mark}" &
(trap '' TERM; sleep ${mark} & wait; sleep ${mark}) & (sleep ${mark} &) ; echo started; wait`;
const familySize = 6;

const shell = (command, extra = {}) => ({ tasks: [{ id: 'work', type: 'shell', command, ...extra }] });

async function startFamily(server, extra) {
  const mark = newMark();
  const { id } = await server.create('family', shell(family(mark), extra));
  const run = await server.startRun(id);
  await until('all processes of the task', () => processesWith(`sleep\0${mark}`).length >= familySize, { timeoutMs: 20_000 });
  return { mark, run };
}

const noneLeft = (mark, timeoutMs = 10_000) => until('the end of all processes of the task', () => processesWith(mark).length === 0, { timeoutMs });

test('cancelling a run ends every process of its task', async () => {
  const server = await Server.start(makeDir('cancel'), { args: ['--kill-grace', '500ms'] });
  const { mark, run } = await startFamily(server);
  await server.expect(200, 'POST', `/api/v1/runs/${run}/cancel`);
  await noneLeft(mark);
  const { body } = await server.expect(200, 'GET', `/api/v1/runs/${run}`);
  assert.equal(body.overallStatus, 'CANCELLED');
  assert.equal(body.taskStatuses.work, 'CANCELLED');
  await server.end();
});

test('a task is asked to end before it is killed', async () => {
  const dir = makeDir('grace');
  const server = await Server.start(dir, { args: ['--kill-grace', '10s'] });
  const { id } = await server.create('polite', shell(`trap 'echo put things away; exit 0' TERM; echo started; while :; do sleep 0.05; done`));
  const run = await server.startRun(id);
  const logs = async () => (await server.expect(200, 'GET', `/api/pipelines/runs/${run}/logs`)).body.logs;
  await until('the task to start', async () => /\] started/.test(await logs()));
  const began = Date.now();
  await server.expect(200, 'POST', `/api/v1/runs/${run}/cancel`);
  await until('its last words', async () => /put things away/.test(await logs()));
  assert.ok(Date.now() - began < 8_000, 'it was killed, not asked');
  await server.end();
});

test('a timeout ends every process of the task, and the run fails with that reason', async () => {
  const server = await Server.start(makeDir('timeout'), { args: ['--kill-grace', '300ms'] });
  const { mark, run } = await startFamily(server, { timeout: '2s' });
  const ended = await server.ended(run);
  await noneLeft(mark);
  assert.equal(ended.status, 'failed');
  assert.match(ended.tasks[0].error, /longer than its limit of 2 s/);
  assert.match(ended.error, /longer than its limit of 2 s/);
  await server.end();
});

test('what a command leaves in the background ends with it', async () => {
  const server = await Server.start(makeDir('background'), { args: ['--kill-grace', '300ms'] });
  const mark = newMark();
  const { id } = await server.create('background', shell(`setsid sleep ${mark} >/dev/null 2>&1 & sleep 0.2; echo done`));
  assert.equal((await server.ended(await server.startRun(id))).status, 'success');
  await noneLeft(mark);
  await server.end();
});

test('deleting a pipeline ends the processes of its runs', async () => {
  const server = await Server.start(makeDir('delete'), { args: ['--kill-grace', '300ms'] });
  const mark = newMark();
  const { id } = await server.create('deleted', shell(`sleep ${mark}`));
  const run = await server.startRun(id);
  await until('the process', () => processesWith(mark).length > 0);
  await server.expect(204, 'DELETE', `/api/pipelines/${id}`);
  await server.expect(404, 'GET', `/api/v1/runs/${run}`);
  await noneLeft(mark);
  await server.end();
});

test('deleting a pipeline clears the logs and files of its runs, also of one that does not want to end', async () => {
  const dir = makeDir('clear');
  const server = await Server.start(dir, { args: ['--kill-grace', '500ms'] });
  // Among them one that has written nothing yet: its log must not begin when it is killed.
  const commands = { done: 'echo text', polite: 'echo text; sleep 1000', stubborn: `trap '' TERM; echo text; while :; do sleep 0.1; done`, silent: `trap '' TERM; while :; do sleep 0.1; done` };
  for (const [name, command] of Object.entries(commands)) {
    const { id } = await server.create(name, shell(command));
    const run = await server.startRun(id);
    const file = path.join(dir, 'logs', run);
    if (name !== 'silent') await until(`a log of the ${name} run`, () => existsSync(file) && readdirSync(file).length > 0);
    await sleep(300);
    await server.expect(204, 'DELETE', `/api/pipelines/${id}`);
    await sleep(1500);
    for (const kind of ['logs', 'work', 'artifacts']) {
      const left = existsSync(path.join(dir, kind, run)) ? readdirSync(path.join(dir, kind, run), { recursive: true }) : [];
      assert.deepEqual(left, [], `${kind} of the ${name} run`);
    }
  }
  await server.end();
});

test('a server that is killed leaves no process behind, and its run goes on after a restart', async () => {
  const dir = makeDir('sigkill');
  const first = await Server.start(dir);
  const { mark, run } = await startFamily(first);
  // SQL too keeps a process of its own.
  const sql = await first.create('sql', { tasks: [{ id: 'q', type: 'sql', sql: 'select 1 as one' }] });
  await first.ended(await first.startRun(sql.id));
  const below = descendants(first.pid);
  assert.ok(below.length > familySize);
  await first.end('SIGKILL');
  await noneLeft(mark, 5_000);
  await until('the end of all processes below the server', () => below.every((pid) => [undefined, 'Z'].includes(stateOf(pid))), { timeoutMs: 5_000 });
  const second = await Server.start(dir);
  await until('the task to be started again', () => processesWith(`sleep\0${mark}`).length >= familySize, { timeoutMs: 20_000 });
  const { body } = await second.expect(200, 'GET', `/api/pipelines/runs/${run}`);
  assert.equal(body.status, 'running');
  assert.equal(body.tasks[0].attempt, 1, 'an attempt that a crash interrupted is not one of the retries');
  await second.expect(200, 'POST', `/api/v1/runs/${run}/cancel`);
  await noneLeft(mark);
  await second.end();
});

test('a run shows the attempts that were tried again, and when its for_each tasks began, also after a crash', async () => {
  const dir = makeDir('attempts');
  let server = await Server.start(dir);
  const { id } = await server.create('attempts', {
    tasks: [
      { id: 'stubborn', type: 'shell', command: 'echo "no $PENSTOCK_ATTEMPT" >&2; test "$PENSTOCK_ATTEMPT" = 3', retries: { max: 4, delay: '50ms' } },
      { id: 'each', type: 'shell', command: 'sleep {{ item }}', for_each: [0.3, 0, 3] },
    ],
  });
  const run = await server.startRun(id);
  const shown = async () => (await server.expect(200, 'GET', `/api/pipelines/runs/${run}`)).body.tasks;
  const [, running] = await until('two items', async () => { const tasks = await shown(); return tasks[1].items_done === 2 && tasks; });
  assert.ok(Date.parse(running.started_at), 'it began with the first of them');
  assert.equal(running.finished_at, null);
  await server.end('SIGKILL');
  server = await Server.start(dir);
  assert.equal((await shown())[1].started_at, running.started_at);
  assert.equal((await server.ended(run)).status, 'success');
  const [stubborn, each] = await shown();
  assert.equal(each.started_at, running.started_at);
  assert.ok(Date.parse(each.finished_at) - Date.parse(each.started_at) >= 3_000);
  assert.equal(each.earlier_attempts, undefined);
  assert.equal(stubborn.attempt, 3);
  assert.deepEqual(stubborn.earlier_attempts.map(({ attempt, error }) => [attempt, error]), [
    [1, 'The command exited with code 1: no 1'],
    [2, 'The command exited with code 1: no 2'],
  ]);
  for (const { started_at: began, finished_at: ended } of stubborn.earlier_attempts)
    assert.ok(Date.parse(began) <= Date.parse(ended) && Date.parse(ended) <= Date.parse(stubborn.started_at));
  await server.end();
});

test('a log is followed by the numbers of its lines: each comes once, and a restart loses none', async () => {
  const dir = makeDir('follow');
  let server = await Server.start(dir);
  const talk = (id) => ({ id, type: 'shell', command: `for i in $(seq 300); do echo ${id}-$i; sleep 0.005; done` });
  const { id } = await server.create('talk', {
    tasks: [talk('a'), talk('b'), { id: 'c', type: 'noop', needs: ['a'] }, { ...talk('d'), needs: ['c'] }],
  });
  const run = await server.startRun(id);
  const read = async (from, limit = 10_000) => (await server.expect(200, 'GET', `/api/pipelines/runs/${run}/logs?from=${from}&limit=${limit}`)).body;
  let followed = '';
  let from = 0;
  for (let ended = false; ; ) {
    const part = await read(from, 100);
    assert.equal(part.next - from, part.logs.split('\n').length - 1);
    followed += part.logs;
    if (ended && part.next === from) break;
    ended ||= Boolean((await server.expect(200, 'GET', `/api/pipelines/runs/${run}`)).body.finished_at);
    from = part.next;
    if (!ended) await sleep(20);
  }
  assert.equal((await read(0)).logs, followed);
  for (const task of ['a', 'b', 'd'])
    assert.deepEqual([...followed.matchAll(new RegExp(`\\] ${task}-(\\d+)$`, 'gm'))].map((match) => Number(match[1])), Array.from({ length: 300 }, (_, n) => n + 1));
  assert.match(followed, /^\S+ \S+ INFO Run started [^]*Task succeeded\n[^]*INFO Run succeeded\n$/);
  await server.end();
  server = await Server.start(dir);
  const pages = [];
  for (let at = 0; at < 905; at += 100) pages.push((await read(at, 100)).logs);
  assert.deepEqual(pages.join('').split('\n').sort(), followed.split('\n').sort());
  await server.end();
});

test('SIGTERM: no longer ready, requests under way are answered, exit code 0', async () => {
  const server = await Server.start(makeDir('sigterm'));
  const { id } = await server.create('nap', { tasks: [{ id: 'nap', type: 'sleep', seconds: 2 }] });
  await server.expect(200, 'GET', '/ready');
  const waiting = server.ask('POST', `/api/pipelines/${id}/run`, { headers: { Prefer: 'wait=30' } });
  await sleep(300);
  server.child.kill('SIGTERM');
  const left = server.exit;
  await sleep(100);
  // A load balancer asks on a new connection, and has to hear no.
  const ready = await server.ask('GET', '/ready', { agent: undefined }).catch((problem) => problem);
  assert.equal(ready.status, 503, `/ready while it stops: ${ready.text ?? ready}`);
  const { status, body } = await waiting;
  assert.equal(status, 200);
  assert.equal(body.status, 'success');
  assert.deepEqual(await left, { code: 0, signal: null }, server.output);
});

test('SIGTERM does not wait for runs, and they end after a restart', async () => {
  const dir = makeDir('resume');
  const first = await Server.start(dir, { args: ['--kill-grace', '500ms'] });
  const mark = newMark();
  const long = await first.create('long', { tasks: [
    { id: 'before', type: 'noop' },
    // Ends at once if it finds the file, which is there after the restart.
    { id: 'work', type: 'shell', needs: ['before'], command: `test -e /tmp/penstock-${mark} || sleep ${mark}` },
    { id: 'after', type: 'noop', needs: ['work'] },
    { id: 'nap', type: 'sleep', seconds: 1 },
  ] });
  const run = await first.startRun(long.id);
  await until('the process', () => processesWith(`sleep\0${mark}`).length > 0);
  const began = Date.now();
  assert.equal((await first.end('SIGTERM')).code, 0, first.output);
  assert.ok(Date.now() - began < 8_000, `stopping took ${Date.now() - began} ms`);
  assert.deepEqual(processesWith(mark), []);
  writeFileSync(`/tmp/penstock-${mark}`, '');
  const second = await Server.start(dir);
  try {
    const ended = await second.ended(run);
    assert.equal(ended.status, 'success', JSON.stringify(ended));
    assert.ok(ended.tasks.every((task) => task.status === 'succeeded'));
  } finally {
    execFileSync('rm', ['-f', `/tmp/penstock-${mark}`]);
  }
  await second.end();
});

test('a stop while many start runs loses none that was acknowledged', async () => {
  const dir = makeDir('stop');
  const first = await Server.start(dir);
  const { id } = await first.create('chain', { tasks: [{ id: 'a', type: 'noop' }, { id: 'b', type: 'noop', needs: ['a'] }] });
  const acknowledged = [];
  let stopped = false;
  const client = async () => {
    while (!stopped) {
      const answer = await first.ask('POST', `/api/v1/pipelines/${id}/run`).catch(() => undefined);
      if (answer?.status === 202) acknowledged.push(answer.body.runId);
      else if (answer) assert.equal(answer.status, 503, answer.text);
    }
  };
  const clients = Array.from({ length: 8 }, client);
  await sleep(500);
  const { code } = await first.end('SIGTERM');
  stopped = true;
  await Promise.all(clients);
  assert.equal(code, 0, first.output);
  assert.ok(acknowledged.length > 0);
  const second = await Server.start(dir);
  for (const run of acknowledged) {
    await until(`the end of run ${run}`, async () => TERMINAL.has((await second.expect(200, 'GET', `/api/v1/runs/${run}`)).body.overallStatus));
  }
  await second.end();
});

test('SIGINT ends the server as SIGTERM does', async () => {
  const server = await Server.start(makeDir('sigint'));
  assert.deepEqual(await server.end('SIGINT'), { code: 0, signal: null });
});

test('a second SIGTERM does no harm', async () => {
  const server = await Server.start(makeDir('twice'));
  server.child.kill('SIGTERM');
  await sleep(5);
  server.child.kill('SIGTERM');
  const { code, signal } = await server.exit;
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, server.output);
});

test('a stop while webhooks are on their way ends in order, every time', async () => {
  const receiver = await startStandIn((_, __, response) => response.writeHead(204).end());
  const dir = makeDir('webhooks');
  const args = ['--allow-private-addresses'];
  let server = await Server.start(dir, { args });
  for (let i = 0; i < 3; ++i)
    await server.expect(201, 'POST', '/v1/webhooks', { body: { url: `${receiver.url}/${i}`, events: ['job.completed'] } });
  await server.create('inner', { tasks: [{ id: 'only', type: 'noop' }] });
  const outer = await server.create('outer', { tasks: [{ id: 'many', type: 'run_pipeline', pipeline: 'inner', for_each: 2000 }] });
  for (let round = 0; round < 5; ++round) {
    await server.startRun(outer.id);
    await sleep(300 + 100 * round);
    const left = await server.end();
    assert.deepEqual(left, { code: 0, signal: null }, server.output);
    if (round < 4) server = await Server.start(dir, { args });
  }
  receiver.close();
});

await finish(cleanUp);
