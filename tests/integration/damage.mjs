#!/usr/bin/env node
// What a start does with a directory that is damaged, incomplete, in use, or sealed with another key: it refuses, says why, and names the file.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { finish, numberOption, test } from '../../tools/lib/cases.mjs';
import { Server, cleanUp, makeDir, seeded, sleep } from './support/server.mjs';

const seed = numberOption('seed', (Date.now() ^ process.pid) >>> 0);
const random = seeded(seed);
console.log(`# seed ${seed}`);

const chain = { tasks: [{ id: 'a', type: 'noop' }, { id: 'b', type: 'noop', needs: ['a'] }] };
const runs = [];
let pipeline;

/// Two directories of the same story: one stopped as it should be, all in tables; one killed, with its last part in the log only.
const stopped = path.join(makeDir('damage'), 'stopped');
const killed = path.join(makeDir('damage'), 'killed');

async function makeBoth() {
  let server = await Server.start(stopped);
  pipeline = (await server.create('chain', chain)).id;
  for (let i = 0; i < 50; ++i) runs.push((await server.expect(200, 'POST', `/api/pipelines/${pipeline}/run`, { headers: { Prefer: 'wait=20' } })).body.id);
  assert.equal((await server.end('SIGTERM')).code, 0);
  cpSync(stopped, killed, { recursive: true });
  server = await Server.start(killed);
  for (let i = 0; i < 50; ++i) runs.push((await server.expect(200, 'POST', `/api/pipelines/${pipeline}/run`, { headers: { Prefer: 'wait=20' } })).body.id);
  // The watermark of the last turn follows within a second.
  await sleep(1500);
  await server.end('SIGKILL');
  assert.ok(files(killed, '.log')[0].bytes > 10_000, 'the log holds something');
  assert.ok(files(stopped, '.sst').length > 0, 'there are tables');
}

await makeBoth();

/// Files of the database with this ending, the largest first.
function files(dir, ending) {
  return readdirSync(path.join(dir, 'db')).filter((name) => name.endsWith(ending))
    .map((name) => ({ name, at: path.join(dir, 'db', name), bytes: statSync(path.join(dir, 'db', name)).size })).sort((a, b) => b.bytes - a.bytes);
}

function copyOf(dir) {
  const copy = path.join(makeDir('damage'), 'data');
  cpSync(dir, copy, { recursive: true });
  return copy;
}

function flip(file, offset) {
  const bytes = readFileSync(file);
  bytes[offset] ^= 1 << random.below(8);
  writeFileSync(file, bytes);
}

/// What a refused start must leave as it is: all of the database but RocksDB's own diary.
function fingerprint(dir) {
  const hash = createHash('sha256');
  for (const name of readdirSync(path.join(dir, 'db')).sort())
    if (!/^LOG|^LOCK$/.test(name)) hash.update(name).update('\0').update(readFileSync(path.join(dir, 'db', name)));
  return hash.digest('hex');
}

/// Starts a server that must not serve; resolves to what it printed.
async function refused(dir, options) {
  const server = Server.spawn(dir, options);
  const served = await Promise.race([server.ready.then(() => true, () => false), sleep(30_000).then(() => 'neither served nor ended')]);
  if (served !== false) {
    await server.end('SIGKILL');
    assert.fail(`${served === true ? 'it started' : served}: ${server.output}`);
  }
  const { code, signal } = await server.exit;
  assert.equal(signal, null, `it crashed: ${server.output}`);
  assert.ok(code === 1 || code === 2, `exit code ${code}: ${server.output}`);
  return server.output;
}

async function refusedNaming(dir, name) {
  const before = fingerprint(dir);
  const output = await refused(dir);
  assert.ok(output.includes(name), `does not name ${name}: ${output}`);
  assert.equal(fingerprint(dir), before, 'a refused start has changed the database');
  return output;
}

async function startsWith(dir, expected) {
  const server = await Server.start(dir);
  for (const run of expected) assert.equal((await server.expect(200, 'GET', `/api/v1/runs/${run}`)).body.overallStatus, 'COMPLETED');
  await server.end('SIGTERM');
}

test('undamaged, both start with everything', async () => {
  await startsWith(copyOf(stopped), runs.slice(0, 50));
  await startsWith(copyOf(killed), runs);
});

test('a flipped bit anywhere in the synced log is refused, naming the file', async () => {
  const [log] = files(killed, '.log');
  // Not the last turn: of that no start can tell damage from a power failure.
  const offsets = [0, 5, 100, ...Array.from({ length: 5 }, () => random.below(log.bytes - 4096))];
  for (const offset of offsets) {
    const dir = copyOf(killed);
    flip(path.join(dir, 'db', log.name), offset);
    await refusedNaming(dir, log.name).catch((problem) => { throw new Error(`offset ${offset} of ${log.bytes}: ${problem.message}`); });
  }
});

test('a log that was cut or is gone is refused, naming the file', async () => {
  const [log] = files(killed, '.log');
  const cut = copyOf(killed);
  truncateSync(path.join(cut, 'db', log.name), Math.floor(log.bytes / 2));
  await refusedNaming(cut, log.name);
  const gone = copyOf(killed);
  rmSync(path.join(gone, 'db', log.name));
  await refusedNaming(gone, String(Number.parseInt(log.name, 10)));
});

test('a flipped bit anywhere in a table is refused, naming the file', async () => {
  for (const source of [stopped, killed])
    for (const table of files(source, '.sst')) {
      const offsets = [0, table.bytes - 1, table.bytes - 20, random.below(table.bytes), random.below(table.bytes)];
      for (const offset of offsets) {
        const dir = copyOf(source);
        flip(path.join(dir, 'db', table.name), offset);
        await refusedNaming(dir, table.name).catch((problem) => { throw new Error(`offset ${offset} of ${table.bytes}: ${problem.message}`); });
      }
    }
});

test('a table that is gone is refused, naming the file', async () => {
  const dir = copyOf(stopped);
  const [table] = files(dir, '.sst');
  rmSync(table.at);
  await refusedNaming(dir, table.name);
});

test('a damaged list of files is refused, naming it', async () => {
  const manifest = files(stopped, '').find(({ name }) => name.startsWith('MANIFEST')).name;
  for (const offset of [10, random.below(statSync(path.join(stopped, 'db', manifest)).size)]) {
    const dir = copyOf(stopped);
    flip(path.join(dir, 'db', manifest), offset);
    await refusedNaming(dir, manifest).catch((problem) => { throw new Error(`offset ${offset}: ${problem.message}`); });
  }
  const dir = copyOf(stopped);
  rmSync(path.join(dir, 'db', 'CURRENT'));
  await refusedNaming(dir, 'CURRENT');
});

test('a damaged watermark is refused, naming it', async () => {
  const dir = copyOf(killed);
  flip(path.join(dir, 'watermark'), random.below(statSync(path.join(dir, 'watermark')).size));
  await refusedNaming(dir, 'watermark');
});

test('a database that is gone while its watermark is there is not begun anew', async () => {
  const dir = copyOf(stopped);
  rmSync(path.join(dir, 'db'), { recursive: true });
  const output = await refused(dir);
  assert.ok(output.includes(path.join(dir, 'db')), output);
  assert.ok(!existsSync(path.join(dir, 'db', 'CURRENT')), 'a new database was made');
});

test('a damaged directory that is mended starts with everything', async () => {
  const dir = copyOf(killed);
  const [log] = files(dir, '.log');
  const whole = readFileSync(log.at);
  flip(log.at, 5000);
  await refused(dir);
  writeFileSync(log.at, whole);
  await startsWith(dir, runs);
});

test('a second server on the same directory is refused and names it; the first goes on', async () => {
  const dir = copyOf(stopped);
  const first = await Server.start(dir);
  const output = await refused(dir);
  assert.ok(output.includes(dir) && /in use/.test(output), output);
  await first.expect(200, 'GET', `/api/v1/runs/${runs[0]}`);
  await first.end('SIGTERM');
});

test('a port that is taken is named', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = `127.0.0.1:${other.address().port}`;
  const output = await refused(path.join(makeDir('damage'), 'data'), { listen: address });
  other.close();
  assert.ok(output.includes(address) && /in use/.test(output), output);
});

test('a data directory that cannot be made is named', async () => {
  const dir = path.join(makeDir('damage'), 'file');
  writeFileSync(dir, '');
  assert.ok((await refused(path.join(dir, 'data'))).includes(path.join(dir, 'data')));
});

test('another master key than the one the data is sealed with is refused', async () => {
  const dir = copyOf(stopped);
  const output = await refused(dir, { env: { PENSTOCK_MASTER_KEY: randomBytes(32).toString('base64') } });
  assert.match(output, /master key|PENSTOCK_MASTER_KEY/i);
  await startsWith(dir, runs.slice(0, 50));
});

test('a master key that is gone is asked for, not made anew over sealed data', async () => {
  const dir = copyOf(stopped);
  renameSync(path.join(dir, 'master.key'), path.join(dir, 'kept'));
  const output = await refused(dir);
  assert.ok(output.includes('master.key'), output);
  assert.ok(!existsSync(path.join(dir, 'master.key')), 'another key was made');
  renameSync(path.join(dir, 'kept'), path.join(dir, 'master.key'));
  await startsWith(dir, runs.slice(0, 50));
});

test('a master key that is malformed is refused, naming what would be right', async () => {
  assert.match(await refused(copyOf(stopped), { env: { PENSTOCK_MASTER_KEY: 'short' } }), /PENSTOCK_MASTER_KEY.*32 bytes/);
  const dir = copyOf(stopped);
  writeFileSync(path.join(dir, 'master.key'), 'short\n');
  assert.match(await refused(dir), /master\.key/);
});

test('the master key may stand in the environment instead of the file', async () => {
  const dir = copyOf(stopped);
  const key = readFileSync(path.join(dir, 'master.key'), 'utf8').trim();
  rmSync(path.join(dir, 'master.key'));
  const server = await Server.start(dir, { env: { PENSTOCK_MASTER_KEY: key } });
  await server.expect(200, 'GET', `/api/v1/runs/${runs[0]}`);
  assert.ok(!existsSync(path.join(dir, 'master.key')), 'the key was written to the directory');
  await server.end('SIGTERM');
});

test('a bootstrap key that is too short is refused, naming what would be right', async () => {
  assert.match(await refused(path.join(makeDir('damage'), 'data'), { env: { PENSTOCK_BOOTSTRAP_KEY: 'short' } }), /PENSTOCK_BOOTSTRAP_KEY needs 32/);
});

await finish(cleanUp);
