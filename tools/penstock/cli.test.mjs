#!/usr/bin/env node
// What the command line program says and returns, against the stand-in. BUILD_DIR names the build (default build/dev).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { finish, skip, test } from '../lib/cases.mjs';
import { KEY, startStandIn } from './test/stand_in.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const program = path.join(path.resolve(root, process.env.BUILD_DIR ?? 'build/dev'), 'bin/penstock');
const dir = mkdtempSync(path.join(os.tmpdir(), 'penstock-cli-'));
const standIn = await startStandIn();

/// Runs the program in a directory of its own; resolves to its exit code and what it printed.
function penstock(args, { env = {}, input = '', file = program, begun } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir, PENSTOCK_SERVER: standIn.url, PENSTOCK_KEY: KEY, ...env } });
    let out = '', err = '';
    child.stdout.on('data', (part) => { out += part; });
    child.stderr.on('data', (part) => { err += part; });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
    child.stdin.on('error', () => {}); // Not everything reads it.
    child.stdin.end(input);
    begun?.(child);
  });
}

/// The same with `sh`'s redirections behind it, such as `> /dev/full`.
const redirected = (args, behind) => penstock(['-c', `"$0" "$@" ${behind}`, program, ...args], { file: 'sh' });

/// The same on a terminal.
const onTerminal = (args) => {
  if (spawnSync('script', ['--version']).error) skip('there is no program `script`');
  return penstock(['-qefc', `'${program}' ${args.map((arg) => `'${arg}'`).join(' ')}`, '/dev/null'], { file: 'script', env: { TERM: 'xterm' } });
};

/// What a test puts in the place of the server's answer to paths of that form.
const instead = async (pattern, answer, body) => {
  standIn.state.instead = (method, at) => (pattern.test(at) ? answer : null);
  try { await body(); } finally { standIn.state.instead = null; }
};

// It takes ten seconds to give up, so it begins at once.
const silent = net.createServer((socket) => { socket.on('error', () => {}); });
await new Promise((resolve) => { silent.listen(0, '127.0.0.1', resolve); });
const hung = penstock(['health', '--server', `http://127.0.0.1:${silent.address().port}`]);

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
  says(done.out, /^bad +[0-9a-f-]{36} +failed +0\/1 task /);
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

const id = /^[0-9a-f-]{36}\n$/;
const sent = () => JSON.parse(standIn.requests.findLast((request) => request.text).text);

test('a schedule is made of its options and shown with its times', async () => {
  const made = await penstock(['schedule', 'create', 'daily', '--cron', '0 2 * * *', '--timezone', 'Europe/Warsaw', '--name', 'nightly', '--skip-holidays', '--overlap', 'cancel-running', '--catch-up', 'run_latest_n',
    '--catch-up-runs', '3', '--window', 'SAT,SUN 22:00-02:00', '--priority', 'high', '-p', 'n=3']);
  assert.equal(made.code, 0, made.err);
  says(made.out, id);
  says(made.err, /schedule created; next run of daily: 2026-12-16 02:00 Europe\/Warsaw\n$/);
  const { pipelineId, ...rest } = sent();
  assert.deepEqual(rest, { name: 'nightly', cronExpression: '0 2 * * *', timezone: 'Europe/Warsaw', overlapStrategy: 'CANCEL_RUNNING', catchupStrategy: 'RUN_LATEST_N', priority: 'HIGH', skipHolidays: true, catchupRuns: 3, parameters: { n: 3 },
    maintenanceWindows: [{ days: ['SAT', 'SUN'], from: '22:00', to: '02:00' }] });
  says((await penstock(['schedule', 'list'])).out, /^SCHEDULE +NAME +PIPELINE +CRON +STATUS +NEXT RUN +FIRED +SKIPPED\n[0-9a-f-]{36} +nightly +daily +0 2 \* \* \* +ACTIVE +2026-12-16 02:00 Europe\/Warsaw +4 +1\n$/);
  const shown = (await penstock(['schedule', 'show', 'nightly'])).out;
  for (const line of [/^name: +nightly$/m, /^cron: +0 2 \* \* \* Europe\/Warsaw$/m, /^holidays: +skipped, those of calendar holidays$/m, /^not during: +SAT,SUN 22:00-02:00$/m, /^catch-up: +RUN_LATEST_N, N = 3$/m, /^parameter: +n = 3$/m]) says(shown, line);
  assert.equal(JSON.parse((await penstock(['schedule', 'show', 'daily', '--output', 'json'])).out).name, 'nightly');
  assert.equal(JSON.parse((await penstock(['schedule', 'list', 'daily', '--output', 'json'])).out).length, 1);
});

test('a schedule is changed by what is given alone, paused, resumed and deleted', async () => {
  const changed = await penstock(['schedule', 'update', 'nightly', '--cron', '30 3 * * *', '--skip-holidays=false', '--window', 'none']);
  assert.equal(changed.code, 0, changed.err);
  assert.deepEqual(sent(), { cronExpression: '30 3 * * *', skipHolidays: false, maintenanceWindows: [] });
  assert.equal((await penstock(['schedule', 'update', 'nightly'])).code, 2);
  says((await penstock(['schedule', 'update', 'nightly', '--skip-holidays=maybe'])).err, /--skip-holidays takes true or false/);
  says((await penstock(['schedule', 'pause', 'daily'])).err, /schedule daily paused/);
  says((await penstock(['schedule', 'list'])).out, / PAUSED +- /);
  says((await penstock(['schedule', 'resume', 'daily'])).err, /resumed; next run: 2026-12-16/);
  await penstock(['schedule', 'create', 'daily', '--cron', '* * * * *']);
  const two = await penstock(['schedule', 'show', 'daily']);
  assert.equal(two.code, 6);
  says(two.err, /2 schedules are of pipeline daily; use an id:\n  [0-9a-f-]{36}  \* \* \* \* \*/);
  assert.equal((await penstock(['schedule', 'delete', 'nightly'])).code, 0);
  says((await penstock(['schedule', 'show', 'nightly'])).err, /no schedule has the id or name nightly, and no pipeline the name/);
  assert.equal((await penstock(['schedule', 'show', 'nightly'])).code, 5);
  assert.equal((await penstock(['schedule', 'show', 'named'])).code, 5);
});

test('a wrong schedule is told in the server’s words', async () => {
  const wrong = await penstock(['schedule', 'create', 'daily', '--cron', '0 2']);
  assert.equal(wrong.code, 6);
  says(wrong.err, /cronExpression: a cron expression has five fields\n$/);
  says((await penstock(['schedule', 'create', 'daily'])).err, /give --cron/);
  says((await penstock(['schedule', 'create', 'daily', '--cron', '* * * * *', '--catch-up-runs', 'x'])).err, /--catch-up-runs takes a whole number, not "x"/);
  says((await penstock(['schedule', 'create', 'daily', '--cron', '* * * * *', '--overlap', 'wait'])).err, /must be SKIP, QUEUE or CANCEL_RUNNING/);
});

test('a preview shows times in their zone and in UTC', async () => {
  const done = await penstock(['schedule', 'preview', '--cron', '0 2 * * *', '--timezone', 'Europe/Warsaw', '-n', '2', '--from', '2026-12-15']);
  assert.equal(done.code, 0, done.err);
  says(done.out, /^RUN +UTC\n2026-12-16 02:00 Europe\/Warsaw +2026-12-16T01:00:00Z\n2026-12-17/);
  assert.equal(JSON.parse((await penstock(['schedule', 'preview', 'daily', '--output', 'json'])).out).nextRuns.length, 3);
  assert.equal((await penstock(['schedule', 'preview'])).code, 2);
  assert.equal((await penstock(['schedule', 'preview', 'daily', '--cron', '* * * * *'])).code, 2);
  const bare = await penstock(['schedule', 'preview', '*/15 9 * * mon']);
  assert.equal(bare.code, 2);
  assert.match(bare.err, /no schedule is called \*\/15 9 \* \* mon; give an expression with --cron/);
  assert.match((await penstock(['schedule', 'preview', 'daily', '--zone', 'UTC'])).err, /did you mean --timezone/);
});

test('a backfill is watched to its end', async () => {
  const range = ['--from', '2025-11-01', '--to', '2025-11-30'];
  const done = await penstock(['backfill', 'create', 'daily', ...range, '--concurrency', '4', '--priority', 'low', '--watch']);
  assert.equal(done.code, 0, done.err);
  says(done.out, /^backfill [0-9a-f-]{36} of daily: 30 intervals from 2025-11-01 to 2025-11-30\n3 of 30 done, 4 running\n[^]*\nbackfill [0-9a-f-]{36} completed after \d+\.\d s, 30 intervals\n$/);
  const { pipelineId, ...rest } = sent();
  assert.deepEqual(rest, { from: '2025-11-01', to: '2025-11-30', granularity: 'DAILY', priority: 'LOW', concurrency: 4 });
  const plain = await penstock(['backfill', 'create', 'daily', ...range, '--granularity', 'daily']);
  says(plain.out, id);
  says(plain.err, /backfill of 30 intervals began; watch it: penstock backfill show [0-9a-f-]{36} --watch/);
  says((await penstock(['backfill', 'show', 'daily'])).out, /^daily  2025-11-01 to 2025-11-30  DAILY  RUNNING\n  [.]{40}  0 %  0 of 30 done\n$/);
  assert.equal((await penstock(['backfill', 'show', 'daily', '--watch'])).code, 0);
  says((await penstock(['backfill', 'list'])).out, /^BACKFILL +PIPELINE +FROM +TO +EACH +STATUS +DONE +FAILED +CREATED\n[0-9a-f-]{36} +daily +2025-11-01 +2025-11-30 +DAILY +COMPLETED +30\/30 +0 /);
});

test('a dry run starts nothing and says so', async () => {
  const done = await penstock(['backfill', 'create', 'daily', '--from', '2025-11-01', '--to', '2025-11-30', '--dry-run']);
  assert.equal(done.code, 0, done.err);
  assert.equal(done.out, 'dry run: 30 intervals from 2025-11-01 to 2025-11-30 would run; nothing was started\n');
  assert.equal(sent().dryRun, true);
  says((await penstock(['backfill', 'list', 'daily'])).out, / DRY RUN /);
});

test('a backfill with failed intervals ends with 1 and can be retried', async () => {
  const done = await penstock(['backfill', 'create', 'daily', '--from', '2025-11-01', '--to', '2025-11-10', '-p', 'fails=true', '--watch']);
  assert.equal(done.code, 1);
  says(done.out, /failed after \d+\.\d s: 1 of 10 intervals failed\n  run those again: penstock backfill retry [0-9a-f-]{36}\n$/);
  assert.equal((await penstock(['backfill', 'retry', 'daily', '--watch'])).code, 0);
  assert.equal((await penstock(['backfill', 'retry', 'daily'])).code, 6);
  const stuck = await penstock(['backfill', 'create', 'daily', '--from', '2025-11-01', '--to', '2025-11-10', '-p', 'stuck=true', '--watch']);
  assert.equal(stuck.code, 1);
  says(stuck.out, /a run could not be started:\n  parameter `day` is missing\n  when that is mended: penstock backfill resume/);
});

test('a backfill is paused, resumed and cancelled', async () => {
  await penstock(['backfill', 'create', 'daily', '--from', '2025-11-01', '--to', '2025-11-10']);
  says((await penstock(['backfill', 'pause', 'daily'])).err, /paused/);
  assert.equal((await penstock(['backfill', 'pause', 'daily'])).code, 6);
  says((await penstock(['backfill', 'resume', 'daily'])).err, /goes on/);
  says((await penstock(['backfill', 'cancel', 'daily'])).err, /cancelled/);
  const watched = await penstock(['backfill', 'show', 'daily', '--watch']);
  assert.equal(watched.code, 1);
  assert.equal((await penstock(['backfill', 'show', 'named'])).code, 5);
  assert.equal((await penstock(['backfill', 'create', 'daily', '--from', '2025-11-01'])).code, 2);
  assert.equal((await penstock(['backfill', 'create', 'daily', '--from', '2025-11-02', '--to', '2025-11-01'])).code, 6);
});

test('dependencies are added, shown and removed by the names of their pipelines', async () => {
  const added = await penstock(['dependency', 'add', 'daily', 'named', '--weak']);
  assert.equal(added.code, 0, added.err);
  says(added.out, id);
  says(added.err, /named starts when daily has ended/);
  assert.equal(sent().type, 'WEAK');
  says((await penstock(['dependency', 'show', 'named'])).out, /^WHEN THIS ENDS +THIS STARTS +TYPE +DEPENDENCY\ndaily +named +WEAK +[0-9a-f-]{36}\n$/);
  assert.equal((await penstock(['dependency', 'remove', 'daily', 'named'])).code, 0);
  assert.equal((await penstock(['dependency', 'remove', 'daily', 'named'])).code, 5);
  assert.equal((await penstock(['dependency', 'remove', 'daily'])).code, 2);
  says((await penstock(['dependency', 'show', 'named'])).err, /waits for no pipeline/);
  assert.equal((await penstock(['dependency', 'add', 'daily', 'daily'])).code, 6);
});

test('a calendar is imported from dates or iCalendar, and mistakes have their lines', async () => {
  const dates = await penstock(['calendar', 'import', file('free.txt', '# free\n2026-01-01 New Year\n2026-12-25\n'), '--name', 'plant']);
  assert.equal(dates.code, 0, dates.err);
  assert.equal(dates.err, 'calendar plant has 2 days, 2026-01-01 to 2026-12-25\n');
  assert.equal((await penstock(['calendar', 'show', 'plant'])).out, '2026-01-01 New Year\n2026-12-25\n');
  const ics = await penstock(['calendar', 'import', '-'], { input: 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n' });
  assert.equal(ics.code, 0, ics.err);
  assert.equal(sent().ical, 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n');
  says((await penstock(['calendar', 'list'])).out, /^CALENDAR +DAYS +FIRST +LAST +UPDATED\nplant +2 +2026-01-01 +2026-12-25 .*\nholidays +1 /);
  const wrong = await penstock(['calendar', 'import', file('wrong.txt', '2026-01-01\n\nsoon\n')]);
  assert.equal(wrong.code, 6);
  says(wrong.err, /^(penstock: )?wrong\.txt:3: must be a date\n$/);
  says((await penstock(['calendar', 'import', file('wrong.ics', 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nwrong\n')])).err, /wrong\.ics:3: there is no such day/);
  assert.equal((await penstock(['calendar', 'import', 'missing.ics'])).code, 8);
  assert.equal((await penstock(['calendar', 'delete', 'plant'])).code, 0);
  assert.equal((await penstock(['calendar', 'delete', 'plant'])).code, 5);
});

test('the help of a command shows examples', async () => {
  says((await penstock(['schedule', 'create', '--help'])).out, /^usage: penstock schedule create PIPELINE \[option…\]\n[^]*\nExamples:\n  penstock schedule create packages --cron "0 2 \* \* \*"/);
  says((await penstock(['--help'])).out, /\n  backfill create PIPELINE +run a pipeline for each interval of a range of time\n/);
});

test('a webhook is made, shown, changed, paused, resumed and deleted', async () => {
  const made = await penstock(['webhook', 'create', 'https://example.com/hook', '--event', 'job.completed', '--event', 'job.failed', '--retries', '3']);
  assert.equal(made.code, 0, made.err);
  says(made.out, /^wh_[0-9a-f]{32}\nwhsec_made\n$/);
  says(made.err, /shown this once only/);
  const id = made.out.split('\n')[0];
  assert.deepEqual(JSON.parse(standIn.requests.at(-1).text), { url: 'https://example.com/hook', events: ['job.completed', 'job.failed'], max_retries: 3 });
  const given = await penstock(['webhook', 'create', 'https://example.com/2', '--event', 'job.failed', '--secret', 'of my own']);
  says(given.out, /^wh_[0-9a-f]{32}\n$/);
  says((await penstock(['webhook', 'list'])).out, /^WEBHOOK +STATE +EVENTS +URL\n[^]*\nwh_\S+ +enabled +job\.completed,job\.failed +https:\/\/example\.com\/hook\n/);
  assert.equal(JSON.parse((await penstock(['webhook', 'list', '--output', 'json'])).out).length, 2);
  says((await penstock(['webhook', 'update', id, '--url', 'https://example.com/new', '--description', 'ours'])).out, /url: +https:\/\/example\.com\/new\ndescription: +ours\n/);
  assert.equal((await penstock(['webhook', 'pause', id])).code, 0);
  const shown = await penstock(['webhook', 'show', id]);
  says(shown.out, /^id: +wh_[^]*\nevents: +job\.completed,job\.failed\nstate: +paused\nretries: +3\n/);
  assert.ok(!shown.out.includes('whsec_'));
  assert.equal((await penstock(['webhook', 'resume', id])).code, 0);
  assert.equal(JSON.parse((await penstock(['webhook', 'show', id, '--output', 'json'])).out).data.enabled, true);
  assert.equal((await penstock(['webhook', 'delete', id])).code, 0);
  assert.equal((await penstock(['webhook', 'show', id])).code, 5);
});

test('a webhook is tested, its secret replaced, and its deliveries seen and posted again', async () => {
  const make = async (url) => (await penstock(['webhook', 'create', url, '--event', 'job.completed'])).out.split('\n')[0];
  const up = await make('https://example.com/up');
  const down = await make('https://example.com/down');
  const right = await penstock(['webhook', 'test', up]);
  assert.equal(right.code, 0);
  assert.equal(right.out, 'delivered: 204 after 0.0 s\n');
  const wrong = await penstock(['webhook', 'test', down]);
  assert.equal(wrong.code, 1);
  says(wrong.out, /^not delivered: the connection was refused after 0\.0 s\n$/);
  const rotated = await penstock(['webhook', 'rotate-secret', up, '--overlap', '2h']);
  assert.equal(rotated.out, 'whsec_rotated\n');
  says(rotated.err, /the old one signs, too, until 2026-/);
  assert.deepEqual(JSON.parse(standIn.requests.at(-1).text), { overlap_seconds: 7200 });
  const own = await penstock(['webhook', 'rotate-secret', up, '--overlap', '0s', '--secret', 'of my own']);
  assert.equal(own.out, '');
  says(own.err, /the old one is void/);
  says((await penstock(['webhook', 'deliveries', up])).out, /^DELIVERY +EVENT +STATUS +CREATED +ATTEMPTS +NEXT +LAST ATTEMPT\ndlv_1 +job\.completed +delivered +\S+ \S+ +1 +- +204 after/);
  assert.equal((await penstock(['webhook', 'deliveries', up, '-n', '2'])).out.trim().split('\n').length, 3);
  assert.equal((await penstock(['webhook', 'redeliver', 'dlv_1'])).code, 0);
  assert.equal((await penstock(['webhook', 'redeliver', 'dlv_9'])).code, 5);
});

test('a wrong webhook is told', async () => {
  const eventless = await penstock(['webhook', 'create', 'https://example.com/']);
  assert.equal(eventless.code, 2);
  says(eventless.err, /give --event at least once/);
  const unknown = await penstock(['webhook', 'create', 'https://example.com/', '--event', 'job.done']);
  assert.equal(unknown.code, 6);
  says(unknown.err, /"job\.done" is unknown; events are job\.completed/);
  for (const args of [['update', 'wh_1'], ['rotate-secret', 'wh_1', '--overlap', 'soon'], ['deliveries', 'wh_1', '-n', '0'], ['create', 'x', '--event', 'y', '--retries', 'many']])
    assert.equal((await penstock(['webhook', ...args])).code, 2, args.join(' '));
});

test('the audit log is filtered, shown newest first from as many pages as it takes', async () => {
  const entry = (n, more = {}) => ({ time: new Date(Date.now() - n * 3600_000).toISOString(), subject: 'key_1', key_id: 'key_1', operation: 'cloud.createKey', object: `key_${n}`, made: null, address: '192.0.2.7', request_id: `r${n}`, result: 'ok', ...more });
  standIn.audit.pageMax = 2;
  standIn.audit.entries.push(...[0, 1, 2, 3, 4].map((n) => entry(n)), entry(100, { subject: 'u-1', operation: 'runPipeline', object: 'p', made: 'r', result: 'ok' }), entry(101, { result: 'forbidden', object: null, address: null, omitted: 7 }));
  const all = await penstock(['audit']);
  assert.equal(all.code, 0, all.err);
  says(all.out, /^TIME +SUBJECT +OPERATION +RESULT +ADDRESS +OBJECT\n[0-9-]+ [0-9:]+ +key_1 +cloud\.createKey +ok +192\.0\.2\.7 +key_0\n/);
  says(all.out, / u-1 +runPipeline +ok +192\.0\.2\.7 +p -> r\n/);
  says(all.out, / forbidden \(and 7 more\) +- +-\n$/);
  const objects = async (...args) => JSON.parse((await penstock(['audit', ...args, '--output', 'json'])).out).map((one) => one.object);
  assert.deepEqual(await objects('-n', '3'), ['key_0', 'key_1', 'key_2']);
  assert.deepEqual(await objects('--since', '110m'), ['key_0', 'key_1']);
  assert.deepEqual(await objects('--since', '3d', '--until', '90m'), ['key_2', 'key_3', 'key_4']);
  assert.deepEqual(await objects('--subject', 'u-1'), ['p']);
  assert.deepEqual(await objects('--operation', 'cloud.createKey', '--object', 'key_3'), ['key_3']);
  assert.deepEqual(await objects('--result', 'forbidden'), [null]);
  for (const args of [['--since', 'yesterday'], ['--limit', '0'], ['--limit', 'all']]) {
    const wrong = await penstock(['audit', ...args]);
    assert.equal(wrong.code, 2);
    says(wrong.err, new RegExp(`${args[0]} takes`));
  }
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
    [['run', 'show'], /: RUN is missing; usage: penstock run show RUN/],
    [['run', 'priority', 'a'], /: PRIORITY is missing; usage/],
    [['pipeline', 'apply'], /: FILE is missing; usage/],
    [['apply', 'x.yaml'], /unknown command apply x\.yaml; did you mean penstock pipeline apply\?/],
    [['job', 'list'], /did you mean penstock run list\?/],
    [['webhook', 'add', 'x'], /did you mean penstock webhook create\?/],
    [['pool', 'set', 'a', '-1'], /LIMIT is a whole number from 0, not "-1"/],
    [['pipeline', 'run', 'daily', '--wait=maybe'], /--wait takes true or false, not "maybe"/],
    [['run', 'list', '--status', 'done'], /--status takes pending, running, succeeded, failed or cancelled, not "done"/],
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

test('a group has a help, and version is a command, too', async () => {
  const help = (await penstock(['key', '--help'])).out;
  says(help, /^usage: penstock key COMMAND \[option…\]\n\nCommands:\n  key create NAME +make an API key[^]*\n  key revoke ID +/);
  for (const args of [['key', 'help'], ['help', 'key'], ['key', '-h']]) assert.deepEqual(await penstock(args), { code: 0, signal: null, out: help, err: '' });
  says((await penstock(['key', 'help', 'list'])).out, /^usage: penstock key list/);
  says((await penstock(['help'])).out, /Exit codes:\n  0  done/);
  says((await penstock(['version'])).out, /^penstock \d+\.\d+\.\d+\n$/);
  assert.equal((await penstock(['help', 'nonsense'])).code, 2);
  const update = (await penstock(['schedule', 'update', '--help'])).out;
  for (const untrue of ['[UTC]', '[SKIP]', '[NORMAL]', '[holidays]']) assert.ok(!update.includes(untrue), untrue);
  says((await penstock(['schedule', 'create', '--help'])).out, /\[UTC\][^]*\[SKIP\]/);
});

test('what can be judged without the server is', async () => {
  const nobody = { env: { PENSTOCK_SERVER: 'http://127.0.0.1:1' } };
  for (const [args, pattern] of [
    [['pipeline', 'run', 'x', '--param', 'novalue'], /--param takes name=value, not "novalue"/],
    [['schedule', 'create', 'x', '--cron', '* * * * *', '--catch-up-runs', 'x'], /--catch-up-runs takes a whole number, not "x"/],
    [['schedule', 'create', 'x', '--cron', '* * * * *', '--window', 'x'], /--window takes/],
    [['schedule', 'preview', 'x', '-nx'], /--limit takes a whole number, not "x"/],
    [['backfill', 'create', 'x', '--from', '2025-01-01', '--to', '2025-01-02', '--concurrency', ''], /--concurrency takes a whole number/],
    [['backfill', 'show', 'x', '--watch=1'], /--watch takes true or false/],
  ]) {
    const done = await penstock(args, nobody);
    assert.equal(done.code, 2, done.err);
    says(done.err, pattern);
  }
  for (const url of ['ftp://x', 'http://127.0.0.1:99999', '', 'http://']) {
    const done = await penstock(['health', '-s', url]);
    assert.equal(done.code, 2);
    says(done.err, /^penstock: --server must be a URL such as http:\/\/127\.0\.0\.1:8080/);
  }
  says((await penstock(['health'], { env: { PENSTOCK_SERVER: 'ftp://x' } })).err, /^penstock: PENSTOCK_SERVER must be a URL/);
});

test('a switch that is given as false is off', async () => {
  const done = await penstock(['pipeline', 'run', 'daily', '--wait=false']);
  assert.equal(done.code, 0);
  says(done.out, id);
});

test('a status is taken in each of its spellings, and a number behind its letter', async () => {
  for (const word of ['success', 'succeeded', 'completed']) {
    const runs = JSON.parse((await penstock(['run', 'list', '--status', word, '-n2', '--output', 'json'])).out);
    assert.deepEqual(runs.map((run) => run.status), ['success', 'success']);
  }
});

test('what is no answer of a Penstock server is told as such, never taken for nothing', async () => {
  const html = { status: 200, type: 'text/html', raw: '<html>hello</html>' };
  const [run] = standIn.runs.keys();
  const all = [['health'], ['pipeline', 'list'], ['pipeline', 'show', 'daily'], ['run', 'list'], ['run', 'list', 'daily'], ['run', 'show', run], ['run', 'watch', run], ['run', 'logs', run], ['run', 'logs', run, '-f'], ['run', 'cancel', run],
    ['pipeline', 'apply', file('x.yaml', shell('true'))], ['pipeline', 'run', 'daily', '--wait'], ['schedule', 'list'], ['backfill', 'list'], ['backfill', 'show', run, '--watch'], ['dependency', 'show', run], ['calendar', 'list'], ['calendar', 'show'],
    ['calendar', 'import', file('x.txt', '2026-01-01')], ['calendar', 'delete', 'x'], ['pool', 'list'], ['pool', 'set', 'a', '1'], ['webhook', 'list'], ['webhook', 'show', 'a'], ['webhook', 'create', 'http://x', '--event', 'job.failed'],
    ['webhook', 'rotate-secret', 'a'], ['webhook', 'test', 'a'], ['webhook', 'delete', 'a'], ['key', 'list'], ['key', 'create', 'a', '--scope', 'admin'], ['key', 'revoke', 'a'], ['audit'], ['schedule', 'preview', '--cron', '* * * * *']];
  for (const [what, answer] of [
    ['html', html],
    ['nothing', { status: 200, type: 'application/json', raw: '' }],
    ['half', { status: 200, type: 'application/json', raw: '{"data":[' }],
    ['another shape', { status: 200, type: 'application/json', raw: '{"hello":1}' }],
    ['a list', { status: 200, type: 'application/json', raw: '[{"hello":1}]' }],
  ]) {
    await instead(/./, answer, async () => {
      for (const args of all) {
        const done = await penstock(args);
        assert.equal(done.code, 3, `${what}: ${args.join(' ')}\n${done.out}${done.err}`);
        says(done.err, /http:\/\/127\.0\.0\.1:\d+ does not answer as a Penstock server does\n/);
        assert.equal(done.out, '');
      }
    });
  }
  await instead(/./, { status: 404, type: 'text/html', raw: '<html>not here</html>' }, async () => {
    says((await penstock(['health'])).err, /does not answer as a Penstock server does\nGET \/health: the status is 404\n/);
  });
  await instead(/ready/, { status: 503, type: 'text/html', raw: '<html>busy</html>' }, async () => {
    assert.equal((await penstock(['health'])).code, 3);
  });
});

test('a server that takes a connection and never answers is given up', async () => {
  const done = await hung;
  assert.equal(done.code, 3);
  says(done.err, /^penstock: no answer from http:\/\/127\.0\.0\.1:\d+ within 10 s\n/);
});

test('output that cannot be written has a code and a reason of its own', async () => {
  for (const args of [['--help'], ['--version'], ['pipeline', 'list'], ['run', 'show', 'daily'], ['run', 'logs', 'daily'], ['run', 'watch', 'daily'], ['run', 'download', 'daily', '-o', '-'], ['health', '--output', 'json']]) {
    const full = await redirected(args, '> /dev/full');
    assert.equal(full.code, 8, args.join(' '));
    assert.equal(full.err, 'penstock: cannot write the output: No space left on device\n');
  }
  const closed = await redirected(['pipeline', 'list'], '>&-');
  assert.equal(closed.code, 8);
  assert.equal(closed.err, 'penstock: cannot write the output: Bad file descriptor\n');
  assert.equal((await redirected(['--help'], '| head -1')).err, '');
});

test('a secret that could not be shown is told to be lost', async () => {
  const key = await redirected(['key', 'create', 'lost', '--scope', 'admin'], '> /dev/full');
  assert.equal(key.code, 8);
  says(key.err, /^penstock: key (key_\S+) was made but could not be shown, [^]*; revoke it: penstock key revoke \1\npenstock: cannot write the output: No space left on device\n$/);
  assert.ok(!key.err.includes('shown this once only'));
  const made = await redirected(['webhook', 'create', 'https://example.com/lost', '--event', 'job.failed'], '> /dev/full');
  assert.equal(made.code, 8);
  says(made.err, /the secret of webhook (wh_\S+) could not be shown, [^]*: penstock webhook rotate-secret \1\n/);
  const hook = (await penstock(['webhook', 'list', '--output', 'json'])).out.match(/wh_\w+/)[0];
  const rotated = await redirected(['webhook', 'rotate-secret', hook, '--output', 'json'], '> /dev/full');
  assert.equal(rotated.code, 8);
  says(rotated.err, /could not be shown/);
  // The pipe is closed before the key is there.
  const piped = await penstock(['-c', '(sleep 0.3; "$0" key create lost --scope admin; echo $? >&2) | true', program], { file: 'sh' });
  says(piped.err, /^penstock: key key_\S+ was made but could not be shown[^]*\n8\n$/);
});

test('a pipeline’s name means its newest backfill that is no dry run', async () => {
  await apply('dry.yaml', shell('true'));
  const range = ['dry', '--from', '2025-11-01', '--to', '2025-11-10'];
  await penstock(['backfill', 'create', ...range, '--dry-run']);
  const none = await penstock(['backfill', 'show', 'dry']);
  assert.equal(none.code, 5);
  says(none.err, /pipeline dry has no backfills yet, only dry runs/);
  const real = (await penstock(['backfill', 'create', ...range])).out.trim();
  for (let n = 0; n < 3; n += 1) await penstock(['backfill', 'create', ...range, '--dry-run']);
  const [dry] = JSON.parse((await penstock(['backfill', 'list', 'dry', '--output', 'json'])).out);
  assert.ok(dry.dryRun);
  says((await penstock(['backfill', 'show', dry.id])).out, /^dry  2025-11-01 to 2025-11-10  DAILY  DRY RUN\ndry run: 10 intervals [^]*nothing was started\n$/);
  assert.equal(JSON.parse((await penstock(['backfill', 'show', 'dry', '--output', 'json'])).out).id, real);
  says((await penstock(['backfill', 'pause', 'dry'])).err, new RegExp(`backfill ${real} paused`));
  says((await penstock(['backfill', 'cancel', 'dry'])).err, new RegExp(`backfill ${real} cancelled`));
});

test('a calendar without a day is refused before it takes another one’s place', async () => {
  for (const [name, text] of [['none.txt', '# none\n\n'], ['none.ics', 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n'], ['empty.txt', '']]) {
    const done = await penstock(['calendar', 'import', file(name, text)]);
    assert.equal(done.code, 2);
    assert.equal(done.err, `penstock: ${name} holds no day\n`);
  }
  says((await penstock(['calendar', 'import', '-'])).err, /^penstock: standard input holds no day\n$/);
});

test('a terminal is shown control characters, never sent them; a pipe gets what there is', async () => {
  const wild = 'x\u001b[2Jy\u009bz\r\n';
  await instead(/\/logs$/, { status: 200, type: 'application/json', raw: JSON.stringify({ logs: wild, next: 0 }) }, async () => {
    assert.equal((await penstock(['run', 'logs', 'daily'])).out, wild);
    assert.equal((await onTerminal(['run', 'logs', 'daily'])).out, 'x\\x1b[2Jy\\x9bz\\x0d\r\n');
  });
  await instead(/runs\/[^/]*$/, { status: 200, type: 'application/json', raw: JSON.stringify({ id: 'r', status: 'failed', pipeline_id: 'p', error: null, tasks: [{ id: 'a\u001b]0;b', status: 'failed', error: 'no\u001b[31m' }] }) }, async () => {
    const shown = (await onTerminal(['run', 'show', '00000000-0000-4000-8000-000000000000'])).out;
    assert.ok(shown.includes('a\\x1b]0;b: no\\x1b[31m'), shown);
    assert.ok(!shown.includes('\u001b]') && !shown.includes('no\u001b'), shown);
    assert.ok(shown.includes('\u001b[31m'), 'signs of our own are in colour');
  });
  await instead(/./, { status: 400, type: 'application/problem+json', raw: JSON.stringify({ detail: 'no\u001b[2J' }) }, async () => {
    says((await onTerminal(['pipeline', 'list'])).out, /no\\x1b\[2J/);
  });
});

test('a text may hold U+0000', async () => {
  await instead(/\/logs$/, { status: 200, type: 'application/json', raw: JSON.stringify({ logs: 'x\u0000y\n', next: 0 }) }, async () => {
    const done = await penstock(['run', 'logs', 'daily']);
    assert.equal(done.code, 0, done.err);
    assert.equal(done.out, 'x\u0000y\n');
    assert.equal((await onTerminal(['run', 'logs', 'daily'])).out, 'x\\x00y\r\n');
  });
});

test('a key of more than one line is refused before anything is sent, and a refused key says where it is from', async () => {
  const before = standIn.requests.length;
  const config = path.join(dir, '.config/penstock');
  mkdirSync(config, { recursive: true });
  writeFileSync(path.join(config, 'key'), `${KEY}\nX-Other: 1\n`);
  const twoLines = await penstock(['pipeline', 'list'], { env: { PENSTOCK_KEY: '' } });
  assert.equal(twoLines.code, 4);
  assert.equal(twoLines.err, `penstock: the key in ${config}/key has more than one line\n`);
  assert.equal((await penstock(['pipeline', 'list'], { env: { PENSTOCK_KEY: 'a\r\nb' } })).err, 'penstock: the key in PENSTOCK_KEY has more than one line\n');
  const blank = await penstock(['pipeline', 'list', '-k', 'a b']);
  assert.equal(blank.code, 4);
  says(blank.err, /the key given with --key holds a blank/);
  assert.equal(standIn.requests.length, before);
  writeFileSync(path.join(config, 'key'), 'wrong\n');
  says((await penstock(['pipeline', 'list'], { env: { PENSTOCK_KEY: '' } })).err, /the key is not known\nIt is the key in \S+\/\.config\/penstock\/key\.\n$/);
  rmSync(path.join(dir, '.config'), { recursive: true });
  says((await penstock(['pipeline', 'list'], { env: { PENSTOCK_KEY: 'wrong' } })).err, /It is the key in PENSTOCK_KEY\.\n$/);
  says((await penstock(['pipeline', 'list', '--key', 'wrong'])).err, /It is the key given with --key\.\n$/);
});

test('a log is followed through a restart of the server', async () => {
  const run = (await penstock(['pipeline', 'run', 'long'])).out.trim();
  const following = penstock(['run', 'logs', run, '-f']);
  await new Promise((resolve) => { setTimeout(resolve, 400); });
  standIn.state.refuse = { status: 503, type: 'application/problem+json', body: { detail: 'starting' } };
  await new Promise((resolve) => { setTimeout(resolve, 1_200); });
  standIn.state.refuse = null;
  standIn.runs.get(run).holds = false;
  const done = await following;
  assert.equal(done.code, 0, done.err);
  assert.equal(done.err, 'the server does not answer; the log goes on when it is back\n');
  assert.deepEqual(done.out.trimEnd().split('\n').map((line) => line.split(' ').at(-1)), ['one', 'two', 'three']);
});

test('files are told as they are', async () => {
  const empty = await penstock(['pipeline', 'apply', file('empty.yaml', '')]);
  assert.equal(empty.code, 8);
  assert.equal(empty.err, 'empty.yaml is empty\n');
  says((await penstock(['pipeline', 'apply', '-', '--name', 'x'])).err, /^standard input is empty\n$/);
  const nowhere = await penstock(['run', 'download', 'daily', '-o', '/nonexist/x']);
  assert.equal(nowhere.code, 8);
  assert.equal(nowhere.err, 'penstock: cannot write /nonexist/x: No such file or directory\n');
  assert.equal((await penstock(['run', 'download', 'daily', '-o', '/dev/stdout'])).out, 'section,packages\nadmin,12\n');
  const full = await penstock(['run', 'download', 'daily', '-o', '/dev/full']);
  assert.equal(full.code, 8);
  assert.equal(full.err, 'penstock: cannot write /dev/full: No space left on device\n');
  says((await penstock(['run', 'download', 'daily', '-o', dir])).err, /: Is a directory\n$/);
});

test('whoever stops waiting is told that it goes on', async () => {
  const stop = (args) => penstock(args, { begun: (child) => child.stdout.once('data', () => child.kill('SIGINT')) });
  const run = await stop(['pipeline', 'run', 'long', '--wait']);
  assert.equal(run.signal, 'SIGINT'); // A shell says 130.
  says(run.err, /^the run goes on; stop it: penstock run cancel [0-9a-f-]{36}\n$/);
  const backfill = await stop(['backfill', 'create', 'daily', '--from', '2025-11-01', '--to', '2025-11-30', '--watch']);
  assert.equal(backfill.signal, 'SIGINT');
  says(backfill.err, /^the backfill goes on; stop it: penstock backfill cancel [0-9a-f-]{36}\n$/);
});

test('a list without entries says so beside its headings', async () => {
  await apply('idle.yaml', shell('true'));
  const runs = await penstock(['run', 'list', 'idle']);
  assert.equal(runs.code, 0);
  says(runs.out, /^RUN +PIPELINE [^\n]*\n$/);
  assert.equal(runs.err, 'no runs\n');
  assert.equal((await penstock(['pool', 'list'])).err, 'no pools\n');
  assert.equal((await penstock(['pool', 'list', '--output', 'json'])).err, '');
});

await finish(async () => {
  silent.close();
  await standIn.stop();
  rmSync(dir, { recursive: true });
});
