#!/usr/bin/env node
// What other processes learn of the server's keys. Started by root it tries this as user nobody too, whom nothing but the
// server's own care keeps out.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';
import { finish, skip, test } from '../../tools/lib/cases.mjs';
import { KEY, PROGRAM, Server, cleanUp, makeDir } from './support/server.mjs';

const nobody = 65_534;
const master = Buffer.alloc(32, 'canary-of-master').toString('base64');
const secrets = { PENSTOCK_MASTER_KEY: master, PENSTOCK_JWT_SECRET: 'canary-of-tokens-0123456789-0123456789', PENSTOCK_METRICS_TOKEN: 'canary-of-metrics' };
const asRoot = process.getuid() === 0;
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
const can = (...command) => spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;

/// Tries to read a file as the server's own user; the reason if it cannot.
function reading(prefix, file) {
  const { status, stdout, stderr } = spawnSync([...prefix, 'head'][0], [...prefix, 'head', '-c', '16', file].slice(1), { encoding: 'utf8' });
  return status === 0 ? stdout : stderr;
}

/// Commands, SQL and files work in what the server starts, and tell nothing of it.
async function doesItsWork(server) {
  const look = `grep -l canary /proc/[0-9]*/environ 2>/dev/null; for p in ${server.pid} 1 $PPID; do head -c 16 /proc/$p/environ; done 2>/dev/null; true`;
  const { id } = await server.create('look', {
    tasks: [
      { id: 'look', type: 'shell', command: `${look}`, output: { format: 'csv', columns: ['found'] } },
      { id: 'count', type: 'sql', needs: ['look'], sql: 'select count(*) as n from look', checks: ['select n = 0 from count'] },
      { id: 'write', type: 'sink', needs: ['count'], connector: 'file', format: 'csv' },
    ],
  });
  const run = await server.ended(await server.startRun(id));
  assert.equal(run.status, 'success', run.error);
  const { text } = await server.expect(200, 'GET', `/api/pipelines/runs/${run.id}/download`);
  assert.equal(text, 'n\n0\n');
}

test('keys that were read are not in the environment any more, even for root', async () => {
  const server = await Server.start(makeDir('secrecy'), { env: secrets });
  const file = `/proc/${server.pid}/environ`;
  if (asRoot) {
    const left = readFileSync(file, 'utf8');
    assert.match(left, /PATH=/);
    for (const secret of [KEY, ...Object.values(secrets)]) assert.ok(!left.includes(secret), secret);
  } else {
    assert.throws(() => readFileSync(file), /EACCES/);
  }
  await server.expect(401, 'GET', '/metrics', { key: undefined });
  await server.expect(200, 'GET', '/v1/whoami');
  await doesItsWork(server);
  assert.equal((await server.end()).code, 0, server.output);
});

test('its own user cannot look into the server', async () => {
  const prefix = asRoot ? asNobody : [];
  if (asRoot && !can(...asNobody, PROGRAM, '--version')) skip('user nobody cannot execute the program where it lies');
  const dir = makeDir('secrecy-nobody');
  if (asRoot) chownSync(dir, nobody, nobody);
  const server = await Server.start(dir, { env: secrets, prefix });
  // setpriv executes the program in its place.
  assert.match(reading(prefix, `/proc/${server.pid}/status`), /^Name:\s+penstockd/);
  for (const file of ['environ', 'mem', 'maps', 'auxv'])
    assert.match(reading(prefix, `/proc/${server.pid}/${file}`), /[Pp]ermission denied/, file);
  assert.notEqual(spawnSync([...prefix, 'ls'][0], [...prefix, 'ls', `/proc/${server.pid}/fd`].slice(1)).status, 0);
  await doesItsWork(server);
  // What the server started for it is as closed.
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { encoding: 'utf8' }).trim().split(/\s+/);
  assert.ok(children.length >= 1, 'keepers');
  for (const child of children) assert.match(reading(prefix, `/proc/${child}/mem`), /[Pp]ermission denied/);
  assert.equal((await server.end()).code, 0, server.output);
});

await finish(cleanUp);
