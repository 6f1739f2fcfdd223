#!/usr/bin/env node
// Requests that are repeated, conditional, or wait for a run; and what is kept of a definition.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { finish, test } from '../../tools/lib/cases.mjs';
import { token } from './support/raw.mjs';
import { SECRET, assertProblem, createEngine, curl, napping, noop, server, yamlOf } from './support/rest.mjs';
import { KEY, Server, cleanUp, makeDir, sleep, until } from './support/server.mjs';

// ---- requests that are repeated, conditions, waiting

test('Idempotency-Key: the same answer to the same request, 422 to another', async () => {
  const { id } = await server.create('again', noop);
  const engine = await createEngine();
  const cases = [
    ['/api/pipelines', { name: 'once', config: noop }, { name: 'twice', config: noop }],
    [`/api/pipelines/${id}/run`, {}, { parameters: {} }],
    [`/api/pipelines/${id}/duplicate`, { name: 'a' }, { name: 'b' }],
    [
      '/api/v1/pipelines',
      { name: 'once', yamlDefinition: yamlOf('id: a, type: noop') },
      { name: 'twice', yamlDefinition: yamlOf('id: a, type: noop') },
    ],
    [`/api/v1/pipelines/${engine.id}/run`, { triggeredBy: 'a' }, { triggeredBy: 'b' }],
  ];
  for (const [target, body, other] of cases) {
    const headers = { 'Idempotency-Key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.ask('POST', target, { body, headers })));
    const first = answers[0].body;
    for (const answer of [...answers, await server.ask('POST', target, { body, headers })]) {
      assert.ok([201, 202].includes(answer.status), `${target}: ${answer.text}`);
      assert.equal(answer.body.id ?? answer.body.runId, first.id ?? first.runId, target);
    }
    assertProblem(await server.ask('POST', target, { body: other, headers }), 422);
  }
  assert.equal((await server.expect(200, 'GET', `/api/pipelines/${id}/runs`)).headers['x-total-count'], '1');
  assertProblem(
    await server.ask('POST', `/api/pipelines/${id}/run`, { headers: { 'Idempotency-Key': 'x'.repeat(300) } }),
    400,
    'Idempotency-Key',
  );
});

test('Idempotency-Key: of one workspace means nothing in another', async () => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const key = token({ sub: 'x', workspace_id: randomUUID(), scope: 'admin' }, SECRET);
  const mine = (await server.expect(201, 'POST', '/api/pipelines', { headers, body: { name: 'x', config: noop } })).body
    .id;
  assert.notEqual(
    (await server.expect(201, 'POST', '/api/pipelines', { key, headers, body: { name: 'x', config: noop } })).body.id,
    mine,
  );
});

test('ETag and If-Match: a change of what has changed meanwhile is a 412', async () => {
  const { id } = await server.create('tagged', noop);
  const tag = (await server.expect(200, 'GET', `/api/pipelines/${id}`)).headers.etag;
  assert.match(tag, /^"[^"]+"$/);
  const changed = await server.expect(200, 'PUT', `/api/pipelines/${id}`, {
    body: { name: 'changed' },
    headers: { 'If-Match': tag },
  });
  assert.notEqual(changed.headers.etag, tag);
  assertProblem(
    await server.ask('PUT', `/api/pipelines/${id}`, { body: { name: 'again' }, headers: { 'If-Match': tag } }),
    412,
  );
  assert.equal((await server.expect(200, 'GET', `/api/pipelines/${id}`)).body.name, 'changed');
  await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { name: 'any' }, headers: { 'If-Match': '*' } });
  const racers = await Promise.all(
    Array.from({ length: 10 }, async (_, n) =>
      server.ask('PUT', `/api/pipelines/${id}`, {
        body: { name: `racer ${n}` },
        headers: { 'If-Match': (await server.ask('GET', `/api/pipelines/${id}`)).headers.etag },
      }),
    ),
  );
  assert.ok(racers.some(({ status }) => status === 200));
  const tagOfAll = (await server.ask('GET', `/api/pipelines/${id}`)).headers.etag;
  const sameTag = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      server.ask('PUT', `/api/pipelines/${id}`, { body: { name: `one of ${n}` }, headers: { 'If-Match': tagOfAll } }),
    ),
  );
  assert.deepEqual(sameTag.map(({ status }) => status).sort(), [200, ...Array(9).fill(412)], 'one tag, one change');
  const last = (await server.expect(200, 'GET', `/api/pipelines/${id}`)).headers.etag;
  await server.expect(204, 'DELETE', `/api/pipelines/${id}`, { headers: { 'If-Match': last } });
});

test('the answer to a change tells how the runs stand', async () => {
  const { id } = await server.create('ran', noop);
  await server.expect(200, 'POST', `/api/pipelines/${id}/run`, { headers: { Prefer: 'wait=20' } });
  const body = { description: 'x', scheduleCron: '0 2 * * *' };
  assert.equal((await server.expect(200, 'PUT', `/api/v1/pipelines/${id}`, { body })).body.status, 'SUCCESS');
});

test('numbers changed on the engine surface do not bring an earlier definition back', async () => {
  const { id } = await server.create('raced', noop);
  for (let round = 0; round < 10; round += 1) {
    const yamlDefinition = `tasks:\n  - { id: t${round}, type: noop }\n`;
    await Promise.all([
      server.expect(200, 'PUT', `/api/v1/pipelines/${id}`, { body: { yamlDefinition } }),
      server.expect(200, 'PUT', `/api/v1/pipelines/${id}`, { body: { maxRetries: round } }),
    ]);
    const now = (await server.expect(200, 'GET', `/api/v1/pipelines/${id}`)).body;
    assert.equal(now.yamlDefinition, yamlDefinition);
    assert.equal(now.maxRetries, round);
  }
});

test('If-Match guards a delete, and a change on the engine surface', async () => {
  const { id } = await server.create('guarded', noop);
  const headers = { 'If-Match': '"of-long-ago"' };
  assertProblem(await server.ask('PUT', `/api/v1/pipelines/${id}`, { body: { description: 'x' }, headers }), 412);
  for (const target of [`/api/pipelines/${id}`, `/api/v1/pipelines/${id}`])
    assertProblem(await server.ask('DELETE', target, { headers }), 412);
  await server.expect(200, 'GET', `/api/pipelines/${id}`);
});

test('Prefer: wait answers with the ended run, or as usual when the time is up', async () => {
  const short = await server.create('short', napping(1));
  const ended = await server.expect(200, 'POST', `/api/pipelines/${short.id}/run`, {
    headers: { Prefer: 'respond-async, wait=20' },
  });
  assert.equal(ended.body.status, 'success');
  assert.match(ended.headers['preference-applied'] ?? '', /wait/);
  const long = await server.create('long', napping(600));
  const began = Date.now();
  const late = await server.expect(202, 'POST', `/api/pipelines/${long.id}/run`, { headers: { Prefer: 'wait=1' } });
  assert.ok(Date.now() - began >= 900 && Date.now() - began < 10_000, `${Date.now() - began} ms`);
  await server.expect(200, 'POST', `/api/v1/runs/${late.body.id}/cancel`);
  const headers = { 'Idempotency-Key': randomUUID(), Prefer: 'wait=20' };
  const twice = [
    await server.expect(200, 'POST', `/api/pipelines/${short.id}/run`, { headers }),
    await server.expect(200, 'POST', `/api/pipelines/${short.id}/run`, { headers }),
  ];
  assert.equal(twice[0].body.id, twice[1].body.id);
  assert.equal(twice[1].body.status, 'success');
});

test('parameters: defaults, types, and what is missing', async () => {
  const config = {
    parameters: { n: { type: 'integer' }, word: { type: 'string', default: 'hello' } },
    tasks: [{ id: 'say', type: 'shell', command: 'echo {{ params.word }} {{ params.n }}' }],
  };
  const { id } = await server.create('parameters', config);
  const { body } = await server.expect(200, 'POST', `/api/pipelines/${id}/run`, {
    body: { parameters: { n: 42 } },
    headers: { Prefer: 'wait=20' },
  });
  assert.equal(body.status, 'success', body.error);
  assert.match((await server.expect(200, 'GET', `/api/pipelines/runs/${body.id}/logs`)).body.logs, /hello 42/);
  assertProblem(
    await server.ask('POST', `/api/pipelines/${id}/run`, { body: { parameters: { n: 'many' } } }),
    400,
    'n',
  );
  assertProblem(await server.ask('POST', `/api/pipelines/${id}/run`), 400, 'n');
});

test('curl: a pipeline from nothing to its log', () => {
  const auth = ['-H', `Authorization: Bearer ${KEY}`];
  const made = curl(
    '/api/pipelines',
    ...auth,
    '-H',
    'Content-Type: application/json',
    '-d',
    JSON.stringify({ name: 'by curl', config: { tasks: [{ id: 'say', type: 'shell', command: 'echo from curl' }] } }),
  );
  assert.equal(made.status, 201, made.text);
  const run = curl(`/api/pipelines/${JSON.parse(made.text).id}/run`, ...auth, '-X', 'POST', '-H', 'Prefer: wait=20');
  assert.equal(JSON.parse(run.text).status, 'success');
  assert.match(JSON.parse(curl(`/api/pipelines/runs/${JSON.parse(run.text).id}/logs`, ...auth).text).logs, /from curl/);
  const heads = curl('/api/pipelines', ...auth, '-I');
  assert.equal(heads.status, 200);
  assert.equal(heads.text, '');
  assert.match(curl('/v1/whoami').headers, /^www-authenticate: bearer/m);
  // A client that sends its body in chunks and waits for leave to do so.
  const big = JSON.stringify({ name: 'chunked', config: noop, note: 'x'.repeat(100_000) });
  const sent = execFileSync(
    'curl',
    [
      '-sS',
      '--max-time',
      '20',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      ...auth,
      '-H',
      'Content-Type: application/json',
      '-H',
      'Transfer-Encoding: chunked',
      '-H',
      'Expect: 100-continue',
      '--data-binary',
      '@-',
      `${server.url}/api/pipelines`,
    ],
    { input: big, encoding: 'utf8' },
  );
  assert.equal(sent, '201');
});

// ---- secrets

/// Files below `dir` that hold `text`.
function filesWith(dir, text) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.path, entry.name))
    .filter((file) => existsSync(file) && readFileSync(file).includes(text));
}

test('no part of a definition lies in the data directory in clear, after a kill or a clean stop', async () => {
  const dir = makeDir('canary');
  const env = { PENSTOCK_JWT_SECRET: `canary${randomBytes(12).toString('hex')}` };
  const canaries = new Map(
    ['command', 'sql', 'token', 'parameter', 'default', 'header', 'engine', 'own', 'update', 'busy'].map((name) => [
      name,
      `canary${randomBytes(12).toString('hex')}`,
    ]),
  );
  const c = Object.fromEntries(canaries);
  let first = await Server.start(dir, { env, args: ['--allow-private-addresses'] });
  const { id } = await first.create('canaries', {
    parameters: { p: { type: 'string', default: c.default } },
    tasks: [
      { id: 'shell', type: 'shell', command: `: ${c.command} {{ params.p }}` },
      { id: 'sql', type: 'sql', sql: `select 1 as one -- ${c.sql}` },
      { id: 'http', type: 'http', url: 'http://127.0.0.1:1/', headers: { 'X-Secret': c.header } },
      { id: 'masked', type: 'shell', command: `echo it is ${c.token}`, secrets: [c.token] },
      { id: 'busy', type: 'shell', command: `: ${c.busy}; sleep 600` },
    ],
  });
  const engine = (
    await first.expect(201, 'POST', '/api/v1/pipelines', {
      body: { name: 'e', yamlDefinition: `# ${c.engine}\ntasks:\n  - {id: a, type: noop}\n` },
    })
  ).body.id;
  await first.ended(
    await first.startRun(engine, { yamlDefinition: `tasks:\n  - {id: a, type: shell, command: ": ${c.own}"}\n` }),
  );
  const runs = [await first.startRun(id), await first.startRun(id, { parameters: { p: c.parameter } })];
  for (const run of runs)
    await until('the tasks', async () => {
      const { taskStatuses } = (await first.expect(200, 'GET', `/api/v1/runs/${run}`)).body;
      return ['shell', 'sql', 'http', 'masked'].every((task) => ['COMPLETED', 'FAILED'].includes(taskStatuses[task]));
    });
  const { logs } = (await first.expect(200, 'GET', `/api/pipelines/runs/${runs[0]}/logs`)).body;
  assert.ok(logs.includes('it is') && !logs.includes(c.token), 'the log masks secrets');
  await first.expect(200, 'PUT', `/api/pipelines/${id}`, {
    body: { config: { tasks: [{ id: 'a', type: 'shell', command: `: ${c.update}` }] } },
  });
  const { key } = (await first.expect(201, 'POST', '/v1/api-keys', { body: { name: 'k', scopes: ['read:jobs'] } })).body
    .data;
  await sleep(1_200);
  const check = (when) => {
    const found = [
      ...canaries,
      ['JWT secret', env.PENSTOCK_JWT_SECRET],
      ['bootstrap key', KEY],
      ['API key', key.slice(12)],
    ].flatMap(([name, text]) => filesWith(dir, text).map((file) => `${name} in ${path.relative(dir, file)}`));
    assert.deepEqual(found, [], when);
  };
  await first.end('SIGKILL');
  check('after SIGKILL');
  for (const text of [...canaries.values(), KEY, key, env.PENSTOCK_JWT_SECRET])
    assert.ok(!first.output.includes(text), 'the diary of the server');
  first = await Server.start(dir, { env });
  assert.ok((await first.expect(200, 'GET', `/api/pipelines/${id}`)).text.includes(c.update), 'it can still be read');
  assert.equal((await first.end('SIGTERM')).code, 0);
  check('after a clean stop');
  for (const text of [...canaries.values(), KEY, key, env.PENSTOCK_JWT_SECRET])
    assert.ok(!first.output.includes(text), 'the diary of the server');
});

test('an error that quotes a definition is nowhere in clear', async () => {
  const dir = makeDir('quote');
  const canary = `canary${randomBytes(12).toString('hex')}`;
  const one = await Server.start(dir, { args: ['--allow-private-addresses'] });
  const { id } = await one.create('quote', { tasks: [{ id: 'a', type: 'http', url: `http://127.0.0.1:1/${canary}` }] });
  const run = (await one.expect(200, 'POST', `/api/pipelines/${id}/run`, { headers: { Prefer: 'wait=20' } })).body;
  assert.equal(run.status, 'failed');
  assert.equal((await one.end('SIGTERM')).code, 0);
  assert.ok(!one.output.includes(canary), 'the diary of the server');
  assert.deepEqual(filesWith(dir, canary), []);
});

test('the server is as well as before', async () => {
  await server.expect(200, 'GET', '/ready');
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null }, server.output);
});

await finish(cleanUp);
