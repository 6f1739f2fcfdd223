#!/usr/bin/env node
// What a script's command line means to its cases.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { finish, readArguments, test } from './cases.mjs';

const dir = mkdtempSync(path.join(os.tmpdir(), 'penstock-cases-'));
const script = path.join(dir, 'script.mjs');
writeFileSync(script, `
  import { finish, numberOption, test } from ${JSON.stringify(new URL('cases.mjs', import.meta.url).href)};
  test('kills the server', () => { console.log('kills', numberOption('kills', 3)); });
  test('10 at once', () => {});
  await finish();
`);

/// Runs a script of two cases; gives which of them ran, what it printed and its exit code.
function run(...args) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  return { status, stderr, ran: [...stdout.matchAll(/^ok (.*) \(/gm)].map((match) => match[1]), stdout };
}

test('the value of an option chooses no case', () => {
  const { ran, stdout, status } = run('--kills', '10');
  assert.deepEqual(ran, ['kills the server', '10 at once']);
  assert.match(stdout, /^kills 10$/m);
  assert.equal(status, 0);
});

test('an option that only other scripts know is let pass', () => {
  assert.deepEqual(run('--seed', '10', '--other=5').ran, ['kills the server', '10 at once']);
});

test('words choose cases, before and behind options', () => {
  assert.deepEqual(run('server', '--seed', '10').ran, ['kills the server']);
  assert.deepEqual(run('--kills=7', '10 at').ran, ['10 at once']);
});

test('an option without a number is refused by name', () => {
  for (const args of [['--kills'], ['--kills', 'many'], ['--kills='], ['--kills', '-1'], ['--kills', '--seed', '1']])
    assert.throws(() => readArguments(args), /--kills needs a number/);
  const { status, stderr } = run('--kills', 'many');
  assert.notEqual(status, 0);
  assert.match(stderr, /--kills needs a number, such as --kills 10/);
});

test('a case that cannot be tried here is neither passed nor failed', () => {
  const skipping = path.join(dir, 'skipping.mjs');
  writeFileSync(skipping, readFileSync(script, 'utf8').replace('finish,', 'finish, skip,').replace('() => {}', "() => skip('no moon')"));
  const { stdout, status } = spawnSync(process.execPath, [skipping], { encoding: 'utf8' });
  assert.match(stdout, /^skip 10 at once: no moon$/m);
  assert.doesNotMatch(stdout, /^(not )?ok 10/m);
  assert.equal(status, 0);
});

await finish(() => rmSync(dir, { recursive: true }));
