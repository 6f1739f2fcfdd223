#!/usr/bin/env node
// The command line program against a real server: what the README and the example promise. BUILD_DIR names the build.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEY, PROGRAM, Server, cleanUp, makeDir, sleep, until } from '../../tests/integration/support/server.mjs';
import { finish, test } from '../lib/cases.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const program = path.join(path.dirname(PROGRAM), 'penstock');
const dir = makeDir('command-line');
const data = path.join(dir, 'data');
let server = await Server.start(data);

/// Runs the program; resolves to its exit code and what it printed. `output` grows while it runs.
function begin(...args) {
  const running = { out: Buffer.alloc(0), err: '' };
  const child = spawn(program, args, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir, PENSTOCK_SERVER: server.url, PENSTOCK_KEY: KEY }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (part) => { running.out = Buffer.concat([running.out, part]); });
  child.stderr.on('data', (part) => { running.err += part; });
  running.done = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: running.out.toString(), raw: running.out, err: running.err }));
  });
  return running;
}
const penstock = (...args) => begin(...args).done;

/// Like `penstock`, but fails unless the exit code is `code`.
async function expect(code, ...args) {
  const done = await penstock(...args);
  assert.equal(done.code, code, `penstock ${args.join(' ')}\n${done.out}${done.err}`);
  return done;
}

const write = (name, text) => { writeFileSync(path.join(dir, name), text); return name; };

test('the example runs on this machine’s packages and writes Parquet and CSV', async () => {
  await expect(0, 'pipeline', 'apply', path.join(root, 'examples/packages.yaml'));
  const run = await expect(0, 'pipeline', 'run', 'packages', '--wait', '--param', 'largest=3');
  assert.match(run.out, /\] report: succeeded, \d+ rows, [^]*\nrun [0-9a-f-]{36} succeeded after /);
  const file = await expect(0, 'run', 'download', 'packages', '-o', '-');
  assert.equal(file.raw.subarray(0, 4).toString(), 'PAR1');
  const listing = readFileSync(path.join(data, 'files/default/packages_by_section.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(listing[0], 'section,packages,megabytes');
  assert.equal(listing.length, 4);
  assert.match((await expect(0, 'run', 'logs', 'packages')).out, /INFO Run started[^]*INFO Run succeeded\n$/);
  assert.match((await expect(0, 'run', 'show', 'packages')).out, /^packages +[0-9a-f-]{36} +success +5\/5 tasks/);
});

test('the definitions in the README are right, and its first one runs', async () => {
  const blocks = [...readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1]);
  assert.ok(blocks.length >= 2);
  for (const [i, text] of blocks.entries()) await expect(0, 'pipeline', 'apply', write(`readme${i}.yaml`, text));
  await expect(0, 'pipeline', 'run', 'shells', '--wait');
  assert.match((await expect(0, 'run', 'download', 'shells', '-o', '-')).out, /^shell,accounts\n\S+,\d+\n/);
});

test('what the README says of schedules, backfills, dependencies and calendars works', async () => {
  await expect(0, 'schedule', 'create', 'shells', '--name', 'nightly', '--cron', '0 2 * * *', '--timezone', 'Europe/Warsaw', '--skip-holidays');
  const next = async () => (await expect(0, 'schedule', 'preview', 'nightly', '-n', '1')).out.split('\n')[1].slice(0, 10);
  const first = await next();
  await expect(0, 'calendar', 'import', write('free.txt', `${first} a day off\n`));
  assert.notEqual(await next(), first);
  await expect(0, 'schedule', 'update', 'nightly', '--overlap', 'QUEUE', '--window', 'SUN 00:00-06:00');
  await expect(0, 'schedule', 'pause', 'nightly');
  assert.match((await expect(0, 'schedule', 'list')).out, / nightly +shells +0 2 \* \* \* +PAUSED +- /);
  await expect(0, 'schedule', 'delete', 'nightly');
  const range = ['--from', '2025-11-01', '--to', '2025-11-30'];
  assert.match((await expect(0, 'backfill', 'create', 'days', ...range, '--dry-run')).out, /^dry run: 30 intervals /);
  assert.match((await expect(0, 'backfill', 'create', 'days', ...range, '--concurrency', '4', '--watch')).out, /^backfill \S+ of days: 30 intervals [^]*\nbackfill \S+ completed after \d+\.\d s, 30 intervals\n$/);
  assert.match((await expect(6, 'backfill', 'retry', 'days')).err, /no failed intervals to retry/);
  await expect(0, 'dependency', 'add', 'days', 'shells');
  assert.match((await expect(0, 'dependency', 'show', 'shells')).out, /\ndays +shells +STRONG +[0-9a-f-]{36}\n$/);
  assert.match((await expect(6, 'dependency', 'add', 'shells', 'days')).err, /would close a cycle: shells \(\S+\) -> days \(\S+\) -> shells/);
  await expect(0, 'dependency', 'remove', 'days', 'shells');
});

test('all mistakes of a definition are told with their places, and nothing is stored', async () => {
  const wrong = write('wrong.yaml', 'name: wrong\ntasks:\n  - { id: a, type: shel, command: x }\n  - { id: b, type: sql, sql: "selec 1" }\n  - { id: c, type: noop, needs: [d] }\n');
  const done = await expect(6, 'pipeline', 'apply', wrong);
  const places = done.err.split('\n').filter((line) => line.startsWith('wrong.yaml:')).map((line) => line.split(':')[1]);
  assert.deepEqual([...new Set(places)], ['3', '4', '5']);
  assert.match(done.err, /did you mean `shell`\?/);
  await expect(5, 'pipeline', 'show', 'wrong');
});

test('a run that fails is told in the engine’s words', async () => {
  await expect(0, 'pipeline', 'apply', write('bad.yaml', 'name: bad\ntasks:\n  - { id: look, type: sql, sql: select * from nowhere }\n'));
  assert.match((await expect(1, 'pipeline', 'run', 'bad', '--wait')).out, /\n  look: Catalog Error: Table with name nowhere does not exist/);
});

test('a log is followed while it grows', async () => {
  await expect(0, 'pipeline', 'apply', write('talk.yaml', 'name: talk\ntasks:\n  - { id: say, type: shell, command: "echo first; sleep 2; echo second" }\n'));
  const run = (await expect(0, 'pipeline', 'run', 'talk')).out.trim();
  const follows = begin('run', 'logs', run, '-f');
  await until('the first line', () => follows.out.toString().includes('first'));
  assert.ok(!follows.out.toString().includes('second'));
  const done = await follows.done;
  assert.equal(done.code, 0);
  assert.equal(done.out.match(/first/g).length, 1);
  assert.match(done.out, /second[^]*Run succeeded\n$/);
});

test('a run is watched through the server’s death and goes on after it', async () => {
  await expect(0, 'pipeline', 'apply', write('long.yaml', 'name: long\ntasks:\n  - { id: first, type: shell, command: sleep 3 }\n  - { id: second, type: noop, needs: [first] }\n'));
  const run = (await expect(0, 'pipeline', 'run', 'long')).out.trim();
  const watches = begin('run', 'watch', run);
  const follows = begin('run', 'logs', run, '-f');
  await until('the task to run', () => watches.out.toString().includes('first: running'));
  const listen = new URL(server.url).host;
  await server.end('SIGKILL');
  await until('the notice', () => watches.out.toString().includes('the server does not answer'));
  server = await Server.start(data, { listen });
  const done = await watches.done;
  assert.equal(done.code, 0, done.out + done.err);
  assert.match(done.out, /second: succeeded[^]*succeeded after/);
  const log = await follows.done;
  assert.equal(log.code, 0, log.out + log.err);
  assert.equal(log.err, 'the server does not answer; the log goes on when it is back\n');
  assert.match(log.out, /^[^\n]*Run started[^]*Run succeeded\n$/);
  assert.equal(log.out.match(/Run started/g).length, 1);
});

test('cancelling ends a run, and a watcher is told with 1', async () => {
  await expect(0, 'pipeline', 'apply', write('endless.yaml', 'name: endless\ntasks:\n  - { id: wait, type: shell, command: sleep 1000 }\n'));
  const run = (await expect(0, 'pipeline', 'run', 'endless')).out.trim();
  const watches = begin('run', 'watch', run);
  await until('the task to run', () => watches.out.toString().includes('wait: running'));
  await expect(0, 'run', 'cancel', run);
  const done = await watches.done;
  assert.equal(done.code, 1);
  assert.match(done.out, /cancelled after/);
  await expect(6, 'run', 'cancel', run);
});

test('webhooks and the audit log, as the README has them', async () => {
  const [hook, secret] = (await expect(0, 'webhook', 'create', 'http://127.0.0.1:9/', '--event', 'job.completed')).out.trim().split('\n');
  assert.match(secret, /^whsec_/);
  await expect(0, 'webhook', 'update', hook, '--event', 'job.failed', '--retries', '2');
  assert.match((await expect(0, 'webhook', 'list')).out, new RegExp(`${hook} +enabled +job\\.failed +http://127\\.0\\.0\\.1:9/`));
  assert.match((await expect(1, 'webhook', 'test', hook)).out, /^not delivered: /);
  assert.match((await expect(0, 'webhook', 'rotate-secret', hook, '--overlap', '0s')).out, /^whsec_/);
  assert.match((await expect(0, 'webhook', 'deliveries', hook)).out, /^DELIVERY /);
  await expect(0, 'webhook', 'pause', hook);
  assert.match((await expect(0, 'webhook', 'show', hook)).out, /state: +paused/);
  await expect(0, 'webhook', 'delete', hook);
  await expect(5, 'webhook', 'show', hook);
  const run = (await expect(0, 'pipeline', 'run', 'packages')).out.trim();
  assert.match((await expect(0, 'audit', '--object', run)).out, new RegExp(`pipelines\\.run +ok +127\\.0\\.0\\.1 +\\S+ -> ${run}\n$`));
  assert.match((await expect(0, 'audit', '--since', '1h', '--operation', 'cloud.deleteWebhook')).out, / cloud\.deleteWebhook +ok /);
  assert.equal((await expect(0, 'audit', '--until', '1d')).out.trim().split('\n').length, 1);
});

test('a key may do what its scopes say, until it is revoked', async () => {
  const key = (await expect(0, 'key', 'create', 'reader', '--scope', 'read:pipelines')).out.trim();
  await expect(0, 'pipeline', 'list', '--key', key);
  assert.match((await expect(4, 'pipeline', 'run', 'packages', '--key', key)).err, /write:pipelines/);
  const id = JSON.parse((await expect(0, 'key', 'list', '--output', 'json')).out).find((entry) => entry.name === 'reader').id;
  await expect(0, 'key', 'revoke', id);
  await expect(4, 'pipeline', 'list', '--key', key);
});

test('a parameter of the wrong type is refused before anything starts', async () => {
  const before = JSON.parse((await expect(0, 'run', 'list', 'packages', '--output', 'json')).out).length;
  assert.match((await expect(6, 'pipeline', 'run', 'packages', '-p', 'largest=many')).err, /largest/);
  assert.equal(JSON.parse((await expect(0, 'run', 'list', 'packages', '--output', 'json')).out).length, before);
});

test('a deleted pipeline is gone with its runs', async () => {
  const run = JSON.parse((await expect(0, 'run', 'list', 'talk', '--output', 'json')).out)[0].id;
  await expect(0, 'pipeline', 'delete', 'talk');
  await expect(5, 'pipeline', 'show', 'talk');
  await until('the run to be gone', async () => (await penstock('run', 'show', run)).code === 5);
});

test('a server that stops answers nobody, with a code of its own', async () => {
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null });
  await sleep(10);
  assert.match((await expect(3, 'health')).err, /no answer from http:/);
});

await finish(cleanUp);
