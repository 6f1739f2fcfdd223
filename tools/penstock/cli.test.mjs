#!/usr/bin/env node
// What the command line program says and returns, against the stand-in. BUILD_DIR names the build (default build/dev).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { finish, test } from '../lib/cases.mjs';
import { KEY, startStandIn } from './test/stand_in.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const program = path.join(path.resolve(root, process.env.BUILD_DIR ?? 'build/dev'), 'bin/penstock');
const dir = mkdtempSync(path.join(os.tmpdir(), 'penstock-cli-'));
const standIn = await startStandIn();

/// Runs the program in a directory of its own; resolves to its exit code and what it printed.
function penstock(args, { env = {}, input = '' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir, PENSTOCK_SERVER: standIn.url, PENSTOCK_KEY: KEY, ...env } });
    let out = '', err = '';
    child.stdout.on('data', (part) => { out += part; });
    child.stderr.on('data', (part) => { err += part; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.end(input);
  });
}

const file = (name, text) => { const at = path.join(dir, name); writeFileSync(at, text); return name; };
const shell = (command, extra = '') => `tasks:\n  - id: extract\n    type: shell\n    command: ${command}\n${extra}`;
const apply = async (name, text) => { const done = await penstock(['pipeline', 'apply', file(name, text)]); assert.equal(done.code, 0, done.err); return done; };
const says = (text, pattern) => assert.match(text, pattern);

test('apply creates, updates, and leaves alone what did not change', async () => {
  says((await apply('daily.yaml', shell('true'))).out, /^pipeline daily created, version 1 \([0-9a-f-]{36}\)\n$/);
  says((await apply('daily.yaml', shell('true'))).out, /^pipeline daily unchanged, version 1/);
  says((await apply('daily.yaml', shell('false'))).out, /^pipeline daily updated, version 2/);
  assert.equal([...standIn.pipelines.values()].filter((p) => p.name === 'daily').length, 1);
  assert.equal([...standIn.pipelines.values()][0].maxRetries, 0, 'the definition decides on retries');
});

test('apply names a pipeline by its name field, by --name, and reads standard input', async () => {
  says((await apply('x.yaml', `name: named\n${shell('true')}`)).out, /^pipeline named created/);
  says((await penstock(['pipeline', 'apply', '-', '--name', 'piped'], { input: shell('true') })).out, /^pipeline piped created/);
  const nameless = await penstock(['pipeline', 'apply', '-'], { input: shell('true') });
  assert.equal(nameless.code, 2);
  says(nameless.err, /give --name/);
});

test('a mistake in a definition is told with file, line and column, and does not stop the other files', async () => {
  const wrong = file('wrong.yaml', `${shell('true')}    typo: 1\n`);
  const done = await penstock(['pipeline', 'apply', wrong, file('right.yaml', shell('true'))]);
  assert.equal(done.code, 6);
  says(done.err, /^wrong\.yaml:5:5: tasks\[0\]\.typo: is not known; did you mean type\?\n$/);
  says(done.out, /^pipeline right created/);
});

test('a warning of the server is passed on', async () => {
  says((await apply('crm.yaml', shell('hubspot'))).err, /^crm\.yaml: warning: tasks\[0\]: there is no connector hubspot here\n$/);
});

test('a file that is not there is an error of this machine', async () => {
  const done = await penstock(['pipeline', 'apply', 'missing.yaml']);
  assert.equal(done.code, 8);
  says(done.err, /cannot read missing\.yaml: No such file or directory/);
});

test('list and show print tables, or the answer as JSON', async () => {
  const list = await penstock(['pipeline', 'list']);
  says(list.out, /^NAME +ID +VERSION +STATUS +SCHEDULE +UPDATED\n/);
  says(list.out, /\ndaily +[0-9a-f-]{36} +2 +DRAFT +- +\d{4}-/);
  assert.ok(JSON.parse((await penstock(['pipeline', 'list', '--output', 'json'])).out).some((p) => p.name === 'daily'));
  says((await penstock(['pipeline', 'show', 'daily'])).out, /^name: +daily\n[^]*\n\ntasks:\n  - id: extract\n/);
  assert.equal(JSON.parse((await penstock(['--output=json', 'pipeline', 'show', 'daily'])).out).version, 2);
});

test('an unknown pipeline is told with the nearest name, an ambiguous one with all ids', async () => {
  const unknown = await penstock(['pipeline', 'show', 'dayly']);
  assert.equal(unknown.code, 5);
  says(unknown.err, /there is no pipeline dayly; did you mean daily\?/);
  for (const id of ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']) standIn.pipelines.set(id, { id, name: 'twin', yamlDefinition: '' });
  const twin = await penstock(['pipeline', 'run', 'twin']);
  assert.equal(twin.code, 6);
  says(twin.err, /several pipelines are named twin; use an id:\n  0{8}-[^]*0000[ab]\n  0{8}-[^]*0000[ab]\n$/);
});

test('run prints the id alone, so that it can be used in scripts', async () => {
  const done = await penstock(['pipeline', 'run', 'daily']);
  assert.equal(done.code, 0);
  says(done.out, /^[0-9a-f-]{36}\n$/);
  says(done.err, /penstock run watch/);
});

test('run --wait tells each change once and ends with 0', async () => {
  const done = await penstock(['pipeline', 'run', 'daily', '--wait']);
  assert.equal(done.code, 0);
  assert.equal(done.err, '');
  const lines = done.out.trimEnd().split('\n');
  says(lines[0], /^run [0-9a-f-]{36} of daily$/);
  says(lines[1], /^\[\d+\.\d s\] extract: running$/);
  says(lines[2], /extract: succeeded, 1,234 rows, 4\.0 KiB/);
  says(lines[3], /^run [0-9a-f-]{36} succeeded after \d+\.\d s, 1,234 rows, 4\.0 KiB$/);
  assert.equal(lines.length, 4);
});

test('a run that fails ends with 1 and says why', async () => {
  await apply('bad.yaml', shell('fails'));
  const done = await penstock(['pipeline', 'run', 'bad', '--wait']);
  assert.equal(done.code, 1);
  says(done.out, /\n  extract: exit code 3\n  more: penstock run logs [0-9a-f-]{36}\n$/);
  assert.equal((await penstock(['run', 'watch', 'bad'])).code, 1);
  const asJson = await penstock(['run', 'watch', 'bad', '--output', 'json']);
  assert.equal(asJson.code, 1);
  assert.equal(JSON.parse(asJson.out).status, 'failed');
});

test('parameters keep the type that is declared', async () => {
  await apply('with.yaml', `parameters: { since: { type: date }, n: { type: integer } }\n${shell('true')}`);
  const done = await penstock(['pipeline', 'run', 'with', '-p', 'since=2026-01-01', '--param', 'n=3', '--param=free=a=b']);
  assert.equal(done.code, 0, done.err);
  says(done.err, /^warning: the pipeline declares no parameter free\n/);
  assert.deepEqual(standIn.runs.get(done.out.trim()).parameters, { since: '2026-01-01', n: 3, free: 'a=b' });
  assert.equal((await penstock(['pipeline', 'run', 'with', '--param', 'n'])).code, 2);
});

test('run list shows the newest runs of one or all pipelines', async () => {
  const all = await penstock(['run', 'list']);
  says(all.out, /^RUN +PIPELINE +STATUS +STARTED BY +CREATED +TOOK +ERROR\n/);
  says(all.out.split('\n')[1], / with +pending +manual /);
  says(all.out, / bad +failed .* extract: exit code 3\n/);
  const failed = await penstock(['run', 'list', '--status', 'failed', '--output', 'json']);
  assert.deepEqual([...new Set(JSON.parse(failed.out).map((r) => r.status))], ['failed']);
  assert.equal(JSON.parse((await penstock(['run', 'list', '-n', '1', '--output', 'json'])).out).length, 1);
  assert.equal(JSON.parse((await penstock(['run', 'list', 'daily', '--output', 'json'])).out).length, 2);
  assert.equal((await penstock(['run', 'list', '--limit', 'x'])).code, 2);
});

test('run show tells tasks and why it failed; a pipeline name means its newest run', async () => {
  const done = await penstock(['run', 'show', 'bad']);
  assert.equal(done.code, 0);
  says(done.out, /^bad +[0-9a-f-]{36} +failed +0\/1 tasks/);
  says(done.out, /x extract +failed .*exit code 3/);
});

test('logs are printed once each while they are followed', async () => {
  const run = (await penstock(['pipeline', 'run', 'daily'])).out.trim();
  const done = await penstock(['run', 'logs', run, '-f']);
  assert.equal(done.code, 0);
  assert.deepEqual(done.out.trimEnd().split('\n').map((line) => line.split(' ').at(-1)), ['one', 'two', 'three']);
});

test('cancel stops a run; one that has ended is refused', async () => {
  await apply('long.yaml', shell('holds'));
  const run = (await penstock(['pipeline', 'run', 'long'])).out.trim();
  assert.equal((await penstock(['run', 'cancel', run])).code, 0);
  const again = await penstock(['run', 'cancel', run]);
  assert.equal(again.code, 6);
  says(again.err, /the run has ended/);
  assert.equal((await penstock(['run', 'watch', run])).code, 1);
});

test('download writes a file under its own name and replaces nothing unasked', async () => {
  await penstock(['pipeline', 'run', 'daily', '--wait']);
  const first = await penstock(['run', 'download', 'daily']);
  assert.equal(first.code, 0, first.err);
  says(first.err, /^output\.csv: 26 B\n$/);
  assert.equal(readFileSync(path.join(dir, 'output.csv'), 'utf8'), 'section,packages\nadmin,12\n');
  assert.ok(!existsSync(path.join(dir, '../output.csv')));
  const second = await penstock(['run', 'download', 'daily']);
  assert.equal(second.code, 8);
  says(second.err, /output\.csv exists; --force replaces it/);
  assert.equal((await penstock(['run', 'download', 'daily', '--force'])).code, 0);
  assert.equal((await penstock(['run', 'download', 'daily', '-o', '-'])).out, 'section,packages\nadmin,12\n');
  const none = await penstock(['run', 'download', 'bad', '-o', 'nothing.csv']);
  assert.equal(none.code, 5);
  assert.ok(!existsSync(path.join(dir, 'nothing.csv')) && !existsSync(path.join(dir, 'nothing.csv.part')));
  assert.equal((await penstock(['run', 'download', 'daily', '-o', 'no/such/dir'])).code, 8);
});

test('pools are limited, listed and let go', async () => {
  const set = await penstock(['pool', 'set', 'heavy duty', '3']);
  assert.equal(set.code, 0, set.err);
  says(set.err, /at most 3 tasks of pool heavy duty run at once/);
  says((await penstock(['pool', 'list'])).out, /NAME +LIMIT +HELD +CHANGED\nheavy duty +3 +1 +20/);
  assert.deepEqual(JSON.parse((await penstock(['pool', 'list', '--output', 'json'])).out).map((pool) => pool.name), ['heavy duty']);
  assert.equal((await penstock(['pool', 'set', 'heavy duty', 'many'])).code, 2);
  assert.equal((await penstock(['pool', 'set', 'heavy duty'])).code, 2);
  assert.equal((await penstock(['pool', 'set', 'heavy duty', '2000000'])).code, 6);
  says((await penstock(['pool', 'delete', 'heavy duty'])).err, /has no limit any more/);
  assert.equal((await penstock(['pool', 'delete', 'heavy duty'])).code, 5);
});

test('a run is started with a priority, and takes another one', async () => {
  const run = (await penstock(['pipeline', 'run', 'daily', '--priority', 'LOW'])).out.trim();
  assert.equal(JSON.parse(standIn.requests.at(-1).text).priority, 'LOW');
  const changed = await penstock(['run', 'priority', run, 'HIGH']);
  assert.equal(changed.code, 0, changed.err);
  says(changed.err, /has priority HIGH/);
  assert.equal((await penstock(['run', 'priority', run, 'soon'])).code, 6);
  assert.equal((await penstock(['run', 'priority', run])).code, 2);
});

test('keys are made, listed without the key itself, and revoked', async () => {
  const made = await penstock(['key', 'create', 'ci', '--scope', 'read:jobs', '--scope', 'write:pipelines', '--expires-in-days', '90']);
  assert.equal(made.code, 0, made.err);
  assert.equal(made.out, 'gcs_live_sk_ab12cd34\n');
  assert.deepEqual(JSON.parse(standIn.requests.at(-1).text), { name: 'ci', scopes: ['read:jobs', 'write:pipelines'], expires_in_days: 90 });
  const list = await penstock(['key', 'list']);
  says(list.out, /\nci +key_[0-9a-f-]+ +gcs_live_sk_ab12 +read:jobs,write:pipelines .* never\n$/);
  assert.ok(!list.out.includes('cd34'));
  const id = [...standIn.keys.keys()][0];
  assert.equal((await penstock(['key', 'revoke', id])).code, 0);
  assert.equal((await penstock(['key', 'revoke', id])).code, 5);
  const wrong = await penstock(['key', 'create', 'ci', '--scope', 'everything']);
  assert.equal(wrong.code, 6);
  says(wrong.err, /everything is not known/);
  assert.equal((await penstock(['key', 'create', 'ci'])).code, 2);
});

test('delete takes a pipeline away', async () => {
  assert.equal((await penstock(['pipeline', 'delete', 'with', 'bad'])).code, 0);
  assert.equal((await penstock(['pipeline', 'show', 'with'])).code, 5);
});

test('health tells whether the server is ready', async () => {
  const good = await penstock(['health'], { env: { PENSTOCK_KEY: '' } });
  assert.equal(good.code, 0);
  says(good.out, /is live and ready, version 0\.1\.0\n$/);
  standIn.state.ready = false;
  const draining = await penstock(['health']);
  standIn.state.ready = true;
  assert.equal(draining.code, 7);
  says(draining.out, /live and not ready[^]*the node is shutting down/);
});

test('the key is taken from the option, the variable or the file', async () => {
  mkdirSync(path.join(dir, '.config/penstock'), { recursive: true });
  writeFileSync(path.join(dir, '.config/penstock/key'), `${KEY}\n`);
  assert.equal((await penstock(['pipeline', 'list'], { env: { PENSTOCK_KEY: '' } })).code, 0);
  rmSync(path.join(dir, '.config'), { recursive: true });
  const none = await penstock(['pipeline', 'list'], { env: { PENSTOCK_KEY: '' } });
  assert.equal(none.code, 4);
  says(none.err, /the key is not known\nGive a key with --key/);
  assert.equal((await penstock(['pipeline', 'list', '--key', 'wrong'])).code, 4);
});

test('an overloaded server and one that is not there have codes of their own', async () => {
  standIn.state.refuse = { status: 503, type: 'application/problem+json', body: { detail: 'too much to do' } };
  const busy = await penstock(['pipeline', 'list']);
  standIn.state.refuse = null;
  assert.equal(busy.code, 7);
  says(busy.err, /too much to do/);
  const gone = await penstock(['pipeline', 'list', '--server', 'http://127.0.0.1:1']);
  assert.equal(gone.code, 3);
  says(gone.err, /no answer from http:\/\/127\.0\.0\.1:1: /);
});

test('a run is watched through a restart of the server', async () => {
  const run = (await penstock(['pipeline', 'run', 'long'])).out.trim();
  const watching = penstock(['run', 'watch', run]);
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  standIn.state.refuse = { status: 503, type: 'application/problem+json', body: { detail: 'starting' } };
  await new Promise((resolve) => { setTimeout(resolve, 600); });
  standIn.state.refuse = null;
  standIn.runs.get(run).holds = false;
  const done = await watching;
  assert.equal(done.code, 0, done.err);
  says(done.out, /the server does not answer; the run goes on when it is back\n[^]*succeeded/);
});

test('a wrong command line is told with what would be right', async () => {
  for (const [args, pattern] of [
    [[], /no command given\n\npenstock: the command line/],
    [['pipline', 'list'], /unknown command pipline list; did you mean penstock pipeline list\?/],
    [['run'], /penstock run what\? One of list, show, watch, logs, cancel, priority, download/],
    [['run', 'show'], /something is missing; usage: penstock run show RUN/],
    [['run', 'show', 'a', 'b'], /too many words/],
    [['run', 'list', '--wait'], /penstock run list does not take --wait/],
    [['run', 'list', '--limt', '1'], /unknown option --limt; did you mean --limit\?/],
    [['run', 'list', '--output', 'xml'], /--output takes table or json, not "xml"/],
  ]) {
    const done = await penstock(args);
    assert.equal(done.code, 2, args.join(' '));
    says(done.err, pattern);
    assert.equal(done.out, '');
  }
});

test('help and version go to standard output', async () => {
  says((await penstock(['--help'])).out, /Exit codes:\n  0  done/);
  says((await penstock(['run', 'logs', '--help'])).out, /^usage: penstock run logs RUN \[option…\]/);
  says((await penstock(['help', 'run', 'logs'])).out, /^usage: penstock run logs RUN/);
  says((await penstock(['--version'])).out, /^penstock \d+\.\d+\.\d+\n$/);
});

await finish(async () => {
  await standIn.stop();
  rmSync(dir, { recursive: true });
});
