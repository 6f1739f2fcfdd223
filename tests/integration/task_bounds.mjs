#!/usr/bin/env node
// What tasks may see and take of the server: files of their workspace, space on its disk; and settings that must hold over a
// restart.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { finish, test } from '../../tools/lib/cases.mjs';
import { token } from './support/raw.mjs';
import { KEY, Server, TERMINAL, cleanUp, makeDir, until } from './support/server.mjs';

const SECRET = 'the-secret-of-the-tokens-of-these-tests';
const workspaces = { ours: randomUUID(), theirs: randomUUID() };
const keyOf = (workspace) => token({ sub: 'u-1', workspace_id: workspace, scope: 'admin' }, SECRET);

/// Runs tasks as a pipeline of its own and answers its run when it has ended.
async function runTasks(server, tasks, key = KEY, parameters = {}) {
  const body = { name: randomUUID(), config: { parameters, tasks } };
  const made = await server.expect(201, 'POST', '/api/pipelines', { key, body });
  const { runId } = (await server.expect(202, 'POST', `/api/v1/pipelines/${made.body.id}/run`, { key, body: {} })).body;
  return until(`the end of run ${runId}`, async () => {
    const { body } = await server.expect(200, 'GET', `/api/v1/runs/${runId}`, { key });
    return TERMINAL.has(body.overallStatus) ? body : undefined;
  });
}

const writing = (text) => [
  { id: 'rows', type: 'source', connector: 'inline', rows: [{ text }] },
  { id: 'out', type: 'sink', connector: 'file', path: 'notes/a.csv', needs: ['rows'] },
];
const reading = [{ id: 'in', type: 'source', connector: 'file', path: 'notes/a.csv' }];

const dir = makeDir('bounds');
// A slash at the end must not matter.
const server = await Server.start(`${dir}/`, { env: { PENSTOCK_JWT_SECRET: SECRET } });

test('a sink of one workspace is not seen by a source of another', async () => {
  assert.equal((await runTasks(server, writing('ours'), keyOf(workspaces.ours))).overallStatus, 'COMPLETED');
  assert.equal((await runTasks(server, reading, keyOf(workspaces.theirs))).overallStatus, 'FAILED');
  assert.equal((await runTasks(server, reading)).overallStatus, 'FAILED');
  assert.equal((await runTasks(server, writing('theirs'), keyOf(workspaces.theirs))).overallStatus, 'COMPLETED');
  assert.equal((await runTasks(server, writing('default'))).overallStatus, 'COMPLETED');
  for (const [name, text] of [[workspaces.ours, 'ours'], [workspaces.theirs, 'theirs'], ['default', 'default']])
    assert.equal(readFileSync(path.join(dir, 'files', name, 'notes/a.csv'), 'utf8'), `text\n${text}\n`);
  assert.equal((await runTasks(server, reading, keyOf(workspaces.ours))).overallStatus, 'COMPLETED');
});

test('a command sees the files of its workspace alone, and the metrics say whether that is so', async () => {
  const { text } = await server.expect(200, 'GET', '/metrics', { key: '' });
  const confined = /^penstock_tasks_confined (\d)$/m.exec(text)?.[1];
  assert.ok(confined === '0' || confined === '1', text);
  assert.equal(server.output.includes('shell tasks are not confined'), confined === '0');
  if (confined === '0') return;
  const files = path.join(dir, 'files');
  const look = (mine, others) => [
    {
      id: 'look',
      type: 'shell',
      command: `test -f ${files}/${mine}/notes/a.csv && ! test -e ${files}/${others} && ! test -e ${dir}/master.key`,
    },
  ];
  const { ours, theirs } = workspaces;
  assert.equal((await runTasks(server, look(ours, theirs), keyOf(ours))).overallStatus, 'COMPLETED');
  assert.equal((await runTasks(server, look(theirs, ours), keyOf(theirs))).overallStatus, 'COMPLETED');
  assert.equal((await runTasks(server, look('default', ours))).overallStatus, 'COMPLETED');
});

test('without space to spare what writes fails and says why, and the rest goes on', async () => {
  const small = await Server.start(makeDir('reserve'), { args: ['--min-free-disk', '1000GiB'] });
  const failed = await runTasks(small, [{ id: 'write', type: 'shell', command: 'echo x > x' }]);
  assert.equal(failed.overallStatus, 'FAILED');
  assert.match(JSON.stringify(failed), /MiB are free on the disk of .*--min-free-disk/);
  assert.equal((await runTasks(small, [{ id: 'nothing', type: 'noop' }])).overallStatus, 'COMPLETED');
  await small.end('SIGTERM');
});

test('placeholders that would put in gigabytes fail their task', async () => {
  const tasks = [{ id: 'large', type: 'shell', command: '{{ params.pad }}'.repeat(20_000) }];
  const parameters = { pad: { type: 'string', default: 'x'.repeat(100_000) } };
  const ended = await runTasks(server, tasks, KEY, parameters);
  assert.equal(ended.overallStatus, 'FAILED');
  assert.match(JSON.stringify(ended), /more than 16 MiB/);
});

test('a database keeps the partitions it was made with, also more than 255', async () => {
  for (const partitions of [256, 300]) {
    const place = makeDir(`partitions-${partitions}`);
    const first = await Server.start(place, { args: ['--partitions', String(partitions)] });
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) => first.create(`p${i}`, { tasks: [{ id: 'a', type: 'noop' }] })),
    );
    assert.equal((await first.end('SIGTERM')).code, 0, first.output);
    const second = await Server.start(place, { args: ['--partitions', String(partitions)] });
    assert.doesNotMatch(second.output, /keeps its/);
    const { body } = await second.expect(200, 'GET', '/api/v1/pipelines?limit=100');
    assert.equal((body.data ?? body.pipelines ?? body).length, made.length);
    assert.equal((await second.end('SIGTERM')).code, 0, second.output);
  }
});

test('the files directory of the default workspace is there from the start', () => {
  assert.ok(existsSync(path.join(dir, 'files/default')));
});

await finish(cleanUp);
