#!/usr/bin/env node
// The REST surfaces from outside: what each endpoint answers.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { finish, test } from '../../tools/lib/cases.mjs';
import { token, webSocket } from './support/raw.mjs';
import {
  SECRET,
  assertProblem,
  assertShape,
  createEngine,
  curl,
  napping,
  noop,
  nowhere,
  server,
  shapes,
  timeForm,
  yamlOf,
} from './support/rest.mjs';
import { KEY, cleanUp, sleep, until } from './support/server.mjs';

// ---- the pipelines surface

test('pipelines: create, get, list, change, delete', async () => {
  const config = {
    tasks: [
      { id: 'a', type: 'noop' },
      { id: 'b', type: 'noop', needs: ['a'] },
    ],
  };
  const domain = randomUUID();
  const made = await server.expect(201, 'POST', '/api/pipelines', {
    body: { name: 'first', config, schedule: '0 */6 * * *', domain_id: domain },
  });
  assertShape(made.body, shapes.pipeline);
  assert.equal(made.body.config, undefined);
  assert.deepEqual(
    {
      enabled: made.body.enabled,
      updated: made.body.updated_at,
      schedule: made.body.schedule,
      domain: made.body.domain_id,
    },
    { enabled: true, updated: null, schedule: '0 */6 * * *', domain },
  );
  const { id } = made.body;
  const got = await server.expect(200, 'GET', `/api/pipelines/${id}`);
  assertShape(got.body, shapes.pipeline);
  assert.deepEqual(got.body.config, config);
  const second = await server.create('second', noop);
  const listed = await server.expect(200, 'GET', '/api/pipelines');
  assert.ok(Array.isArray(listed.body));
  assert.deepEqual(
    listed.body.slice(0, 2).map((one) => one.id),
    [second.id, id],
    'newest first',
  );
  for (const entry of listed.body) (assertShape(entry, shapes.entry), assert.equal(entry.config, undefined));
  assert.equal(listed.headers['x-total-count'], String(listed.body.length));
  const page = await server.expect(200, 'GET', '/api/pipelines?limit=1&offset=1');
  assert.deepEqual(
    page.body.map((one) => one.id),
    [id],
  );
  assert.equal(page.headers['x-total-count'], listed.headers['x-total-count']);
  const ofDomain = await server.expect(200, 'GET', `/api/pipelines?domain_id=${domain}`);
  assert.deepEqual(
    ofDomain.body.map((one) => one.id),
    [id],
  );
  assert.equal(ofDomain.headers['x-total-count'], '1');
  const put = await server.expect(200, 'PUT', `/api/pipelines/${id}`, {
    body: { name: 'renamed', schedule: '0 */4 * * *', enabled: false },
  });
  assertShape(put.body, shapes.pipeline);
  assert.ok(put.body.updated_at >= put.body.created_at);
  const after = (await server.expect(200, 'GET', `/api/pipelines/${id}`)).body;
  assert.deepEqual(
    {
      name: after.name,
      schedule: after.schedule,
      enabled: after.enabled,
      domain: after.domain_id,
      config: after.config,
    },
    { name: 'renamed', schedule: '0 */4 * * *', enabled: false, domain, config },
  );
  const cleared = (
    await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { schedule: null, domain_id: null } })
  ).body;
  assert.deepEqual([cleared.schedule, cleared.domain_id], [null, null]);
  assert.equal((await server.expect(204, 'DELETE', `/api/pipelines/${id}`)).text, '');
  for (const target of [`/api/pipelines/${id}`, `/api/pipelines/${id}/runs`])
    assertProblem(await server.ask('GET', target), 404);
  assertProblem(await server.ask('DELETE', `/api/pipelines/${id}`), 404);
});

test('pipelines: runs, their list, log, file and cancel', async () => {
  const rows = Array.from({ length: 50 }, (_, n) => ({ n, word: `w${n}` }));
  const { id } = await server.create('rows', {
    tasks: [
      { id: 'rows', type: 'source', connector: 'inline', rows },
      { id: 'out', type: 'sink', needs: ['rows'], connector: 'file', format: 'csv' },
    ],
  });
  const started = await server.expect(202, 'POST', `/api/pipelines/${id}/run`);
  assertShape(started.body, shapes.started);
  assert.deepEqual(
    [started.body.status, started.body.triggered_by, started.body.pipeline_id],
    ['pending', 'manual', id],
  );
  const run = await server.ended(started.body.id);
  assertShape(run, shapes.run);
  assert.equal(run.status, 'success', run.error);
  assert.equal(run.output_file, `outputs/${run.id}/output.csv`);
  const file = await server.expect(200, 'GET', `/api/pipelines/runs/${run.id}/download`);
  assert.match(file.headers['content-type'], /^text\/csv/);
  assert.equal(file.raw.length, run.output_file_size);
  assert.equal(file.text, `n,word\n${rows.map(({ n, word }) => `${n},${word}\n`).join('')}`);
  const byCurl = curl(`/api/pipelines/runs/${run.id}/download`, '-H', `x-api-key: ${KEY}`);
  assert.equal(byCurl.text, file.text);
  const { logs } = (await server.expect(200, 'GET', `/api/pipelines/runs/${run.id}/logs`)).body;
  assert.match(logs, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO \S/m);
  const long = await server.create('long', napping(600));
  const active = (await server.expect(202, 'POST', `/api/pipelines/${long.id}/run`)).body.id;
  await until(
    'running',
    async () => (await server.expect(200, 'GET', `/api/pipelines/runs/${active}`)).body.status === 'running',
  );
  assert.deepEqual((await server.expect(200, 'POST', `/api/pipelines/runs/${active}/cancel`)).body.status, 'cancelled');
  assert.equal((await server.expect(200, 'GET', `/api/pipelines/runs/${active}`)).body.status, 'cancelled');
  assertProblem(await server.ask('POST', `/api/pipelines/runs/${run.id}/cancel`), 409);
  assertProblem(await server.ask('GET', `/api/pipelines/runs/${active}/download`), 404);
  for (let i = 0; i < 2; ++i) await server.expect(202, 'POST', `/api/pipelines/${id}/run`);
  const list = await server.expect(200, 'GET', `/api/pipelines/${id}/runs`);
  for (const one of list.body) assertShape(one, shapes.listed);
  assert.equal(list.headers['x-total-count'], '3');
  assert.equal(list.body.at(-1).id, run.id, 'newest first');
  await until(
    'three successes',
    async () =>
      (await server.expect(200, 'GET', `/api/pipelines/${id}/runs?status=success`)).headers['x-total-count'] === '3',
  );
  assert.deepEqual((await server.expect(200, 'GET', `/api/pipelines/${id}/runs?status=failed`)).body, []);
  assert.deepEqual(
    (await server.expect(200, 'GET', `/api/pipelines/${id}/runs?limit=1&offset=2`)).body.map((one) => one.id),
    [run.id],
  );
  const entry = (await server.expect(200, 'GET', '/api/pipelines')).body.find((one) => one.id === id);
  assert.equal(entry.last_run_status, 'success');
  assert.match(entry.last_run_at, timeForm);
});

test('pipelines: a copy, with and without a name', async () => {
  const { id } = await server.create('original', napping(3));
  const plain = await server.expect(201, 'POST', `/api/pipelines/${id}/duplicate`);
  assertShape(plain.body, shapes.pipeline);
  assert.notEqual(plain.body.id, id);
  assert.equal(plain.body.name, 'original (Copy)');
  assert.equal(plain.body.updated_at, null);
  const named = await server.expect(201, 'POST', `/api/pipelines/${id}/duplicate`, { body: { name: 'another' } });
  assert.equal(named.body.name, 'another');
  assert.deepEqual((await server.expect(200, 'GET', `/api/pipelines/${named.body.id}`)).body.config, napping(3));
});

test('the example of the pipelines document is accepted, warned of, and its run fails with that reason', async () => {
  const config = {
    name: 'hubspot-contacts',
    source: { name: 'hubspot', stream: 'contacts', authentication: { type: 'api_key', params: { token: 'pat-xxx' } } },
    destination: { name: 'bigquery', config: { project_id: 'my-project', dataset: 'raw_data' } },
  };
  const { body } = await server.expect(201, 'POST', '/api/pipelines', {
    body: { name: 'HubSpot to BigQuery', config, schedule: '0 */6 * * *', enabled: true, domain_id: randomUUID() },
  });
  for (const word of ['hubspot', 'bigquery'])
    assert.ok(
      body.warnings.some((warning) => warning.includes(word)),
      JSON.stringify(body.warnings),
    );
  assert.ok(!JSON.stringify(body).includes('pat-xxx'));
  assert.deepEqual((await server.expect(200, 'GET', `/api/pipelines/${body.id}`)).body.config, config);
  const run = (await server.expect(200, 'POST', `/api/pipelines/${body.id}/run`, { headers: { Prefer: 'wait=20' } }))
    .body;
  assert.equal(run.status, 'failed');
  assert.match(run.error, /hubspot/);
  for (const target of [`/api/pipelines/runs/${run.id}`, `/api/pipelines/runs/${run.id}/logs`, '/api/pipelines'])
    assert.ok(!(await server.expect(200, 'GET', target)).text.includes('pat-xxx'), target);
});

// ---- the engine surface

test('engine: create, get, list, change, delete', async () => {
  const given = {
    name: `billing-${randomUUID()}`,
    description: 'Daily extract → warehouse',
    yamlDefinition: yamlOf('id: a, type: noop'),
    scheduleCron: '0 2 * * *',
    tags: ['billing', 'daily'],
  };
  const made = await createEngine(given);
  assertShape(made, shapes.engine);
  const { createdAt, updatedAt, ...plain } = made;
  assert.deepEqual(
    {
      version: plain.version,
      status: plain.status,
      maxRetries: plain.maxRetries,
      delay: plain.retryDelaySeconds,
      timeout: plain.timeoutSeconds,
      active: plain.isActive,
      tags: plain.tags,
      cron: plain.scheduleCron,
    },
    {
      version: 1,
      status: 'DRAFT',
      maxRetries: 3,
      delay: 60,
      timeout: 3600,
      active: true,
      tags: given.tags,
      cron: given.scheduleCron,
    },
  );
  assert.equal(createdAt, updatedAt);
  const got = (await server.expect(200, 'GET', `/api/v1/pipelines/${made.id}`)).body;
  assertShape(got, { ...shapes.engine, yamlDefinition: 'text' });
  assert.equal(got.yamlDefinition, given.yamlDefinition);
  assert.equal(got.description, given.description);
  const found = await server.expect(
    200,
    'GET',
    `/api/v1/pipelines?search=${given.name.toUpperCase().slice(8, 20).toLowerCase()}&workspaceId=${made.workspaceId}`,
  );
  assert.deepEqual(
    found.body.map((one) => one.id),
    [made.id],
  );
  assert.equal(found.headers['x-total-count'], '1');
  const yamlDefinition = yamlOf('id: a, type: noop', 'id: b, type: noop, needs: [a]');
  const put = (
    await server.expect(200, 'PUT', `/api/v1/pipelines/${made.id}`, { body: { yamlDefinition, maxRetries: 1 } })
  ).body;
  assert.deepEqual([put.version, put.maxRetries, put.retryDelaySeconds, put.name], [2, 1, 60, given.name]);
  assert.equal((await server.expect(200, 'GET', `/api/v1/pipelines/${made.id}`)).body.yamlDefinition, yamlDefinition);
  assert.ok([200, 204].includes((await server.ask('DELETE', `/api/v1/pipelines/${made.id}`)).status));
  assertProblem(await server.ask('GET', `/api/v1/pipelines/${made.id}`), 404);
});

test('engine: every update counts the version up', async () => {
  const { id } = await createEngine();
  for (const [at, body] of [{ description: 'other' }, { tags: ['x'] }, { timeoutSeconds: 60 }].entries()) {
    assert.equal(
      (await server.expect(200, 'PUT', `/api/v1/pipelines/${id}`, { body })).body.version,
      at + 2,
      JSON.stringify(body),
    );
  }
});

test('engine: createdBy is the subject of the token', async () => {
  const workspace_id = randomUUID();
  const key = token({ sub: 'u-1001', workspace_id, scope: 'write:pipelines read:pipelines' }, SECRET);
  const { body } = await server.expect(201, 'POST', '/api/v1/pipelines', {
    key,
    body: { name: 'x', yamlDefinition: yamlOf('id: a, type: noop') },
  });
  assert.deepEqual([body.createdBy, body.workspaceId], ['u-1001', workspace_id]);
});

test('engine: runs, their state and cancel', async () => {
  const ok = await createEngine({
    yamlDefinition: yamlOf('id: extract, type: noop', 'id: load, type: noop, needs: [extract]'),
  });
  const started = await server.expect(202, 'POST', `/api/v1/pipelines/${ok.id}/run`, {
    body: { triggeredBy: 'u-1001' },
  });
  assertShape(started.body, {
    runId: 'uuid',
    pipelineId: 'uuid',
    status: 'text',
    taskCount: 'integer',
    engine: 'text',
  });
  assert.ok(['RUNNING', 'PENDING'].includes(started.body.status));
  assert.equal(started.body.taskCount, 2);
  await server.ended(started.body.runId);
  const { body } = await server.expect(200, 'GET', `/api/v1/runs/${started.body.runId}`);
  assertShape(body, shapes.status);
  assert.deepEqual(
    [body.overallStatus, body.taskStatuses, body.errors],
    ['COMPLETED', { extract: 'COMPLETED', load: 'COMPLETED' }, {}],
  );
  await until(
    'its pipeline succeeded',
    async () => (await server.expect(200, 'GET', `/api/v1/pipelines/${ok.id}`)).body.status === 'SUCCESS',
    { timeoutMs: 5_000 },
  );
  const long = await createEngine({
    yamlDefinition: yamlOf('id: nap, type: sleep, seconds: 600', 'id: next, type: noop, needs: [nap]'),
  });
  const run = await server.startRun(long.id);
  const cancelled = await server.expect(200, 'POST', `/api/v1/runs/${run}/cancel`);
  assert.deepEqual([cancelled.body.runId, cancelled.body.status], [run, 'CANCELLED']);
  assert.ok(cancelled.body.message);
  assert.equal((await server.expect(200, 'GET', `/api/v1/runs/${run}`)).body.overallStatus, 'CANCELLED');
});

test('engine: an answer that waited tells of the tasks', async () => {
  const { id } = await createEngine();
  const { body } = await server.expect(200, 'POST', `/api/v1/pipelines/${id}/run`, { headers: { Prefer: 'wait=20' } });
  assert.deepEqual([body.overallStatus, body.taskStatuses], ['COMPLETED', { a: 'COMPLETED' }]);
});

test('engine: what comes after a failure does not run, what is beside it does', async () => {
  const { id } = await createEngine({
    maxRetries: 0,
    yamlDefinition: yamlOf(
      'id: bad, type: shell, command: exit 3',
      'id: after, type: noop, needs: [bad]',
      'id: beside, type: sleep, seconds: 1',
      'id: last, type: noop, needs: [beside]',
    ),
  });
  const run = await server.startRun(id);
  await server.ended(run);
  const { body } = await server.expect(200, 'GET', `/api/v1/runs/${run}`);
  assert.equal(body.overallStatus, 'FAILED');
  assert.deepEqual({ bad: body.taskStatuses.bad, after: body.taskStatuses.after }, { bad: 'FAILED', after: 'SKIPPED' });
  assert.match(body.errors.bad, /3/);
});

test("engine: a run's own definition stands for that run only", async () => {
  const { id } = await createEngine();
  const run = await server.startRun(id, { yamlDefinition: yamlOf('id: own, type: noop', 'id: other, type: noop') });
  await server.ended(run);
  const { body } = await server.expect(200, 'GET', `/api/v1/runs/${run}`);
  assert.deepEqual(body.taskStatuses, { own: 'COMPLETED', other: 'COMPLETED' });
  assert.equal((await server.expect(200, 'GET', `/api/v1/pipelines/${id}`)).body.version, 1);
  assertProblem(
    await server.ask('POST', `/api/v1/pipelines/${id}/run`, {
      body: { yamlDefinition: 'tasks:\n  - {id: a, type: nope}\n' },
    }),
    400,
    'nope',
  );
});

test('the example of the engine document is accepted, and its run fails with that reason', async () => {
  const made = await createEngine({
    name: 'billing-daily-load',
    description: 'Daily Teradata → Snowflake billing extract',
    yamlDefinition: 'version: 1\nsource:\n  connection: teradata-prod\ntarget:\n  connection: snowflake-dwh\n',
    scheduleCron: '0 2 * * *',
    tags: ['billing', 'daily'],
    sourceConnectionId: 'a1b2c3d4-0000-0000-0000-000000000001',
    targetConnectionId: 'a1b2c3d4-0000-0000-0000-000000000002',
  });
  const got = (await server.expect(200, 'GET', `/api/v1/pipelines/${made.id}`)).body;
  assert.ok(
    got.warnings.some((warning) => warning.includes('teradata-prod')),
    JSON.stringify(got),
  );
  const run = (await server.expect(200, 'POST', `/api/v1/pipelines/${made.id}/run`, { headers: { Prefer: 'wait=20' } }))
    .body;
  assert.equal(run.overallStatus, 'FAILED');
  assert.match(
    JSON.stringify((await server.expect(200, 'GET', `/api/v1/runs/${run.runId}`)).body.errors),
    /teradata-prod/,
  );
});

test('a pipeline of one surface is seen on the other, by the id in any of its clothes', async () => {
  const { id } = await server.create('both', noop);
  assert.equal((await server.expect(200, 'GET', `/api/v1/pipelines/${id}`)).body.name, 'both');
  await server.expect(200, 'GET', `/api/pipelines/pipe_${id.replaceAll('-', '')}`);
  const run = await server.startRun(id);
  await server.ended(run);
  await server.expect(200, 'GET', `/api/v1/runs/job_${run.replaceAll('-', '')}`);
  await server.expect(200, 'GET', `/api/pipelines/runs/run_${run.replaceAll('-', '')}`);
});

test('engine: a pipeline of another surface has every field as well', async () => {
  const { id } = await server.create('elsewhere', noop);
  assertShape((await server.expect(200, 'GET', `/api/v1/pipelines/${id}`)).body, shapes.engine);
});

// ---- the stream

test('the stream tells the state at once, then each change, and closes after the end', async () => {
  const { id } = await createEngine({
    yamlDefinition: yamlOf(
      'id: nap, type: sleep, seconds: 1',
      'id: work, type: shell, command: sleep 0.3, needs: [nap]',
      'id: last, type: noop, needs: [work]',
    ),
  });
  const run = await server.startRun(id);
  const stream = await webSocket(server.url, `/api/v1/runs/${run}/stream`);
  assert.equal(stream.status, 101);
  assert.ok(stream.accepted, 'the key is answered');
  await until('the first message', () => stream.messages.length > 0, { timeoutMs: 800 });
  stream.send(9, Buffer.from('ping'));
  await stream.closed;
  assert.equal(stream.closeCode, 1000);
  assert.ok(!stream.maskedByServer);
  for (const message of stream.messages) assertShape(message, shapes.status);
  assert.ok(stream.messages.length >= 3, `${stream.messages.length} messages`);
  assert.notEqual(stream.messages[0].overallStatus, 'COMPLETED');
  assert.deepEqual(stream.messages.at(-1), (await server.expect(200, 'GET', `/api/v1/runs/${run}`)).body);
  assert.ok(stream.messages.some(({ taskStatuses }) => taskStatuses.work === 'RUNNING'));
  const late = await webSocket(server.url, `/api/v1/runs/${run}/stream`);
  await late.closed;
  assert.deepEqual([late.messages.length, late.closeCode], [1, 1000]);
});

test('the stream is refused to strangers, for unknown runs, and to what is no WebSocket', async () => {
  const { id } = await server.create('nap', napping(600));
  const run = await server.startRun(id);
  const target = `/api/v1/runs/${run}/stream`;
  for (const [status, where, fields] of [
    [401, target, { Authorization: undefined }],
    [404, `/api/v1/runs/${nowhere}/stream`, {}],
    [426, target, { 'Sec-WebSocket-Version': '8' }],
    [400, target, { 'Sec-WebSocket-Key': undefined }],
  ]) {
    assert.equal((await webSocket(server.url, where, { fields })).status, status, JSON.stringify(fields));
  }
  const plain = await server.ask('GET', target);
  assert.ok([400, 426].includes(plain.status), plain.text);
  // A frame that is not masked, one that is too long, one of an unknown kind: the connection ends, the server does not.
  for (const bytes of [
    Buffer.from([0x81, 2, 0x68, 0x69]),
    Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]),
    Buffer.from([0x83, 0x80, 1, 2, 3, 4]),
    randomBytes(300),
  ]) {
    const stream = await webSocket(server.url, target);
    stream.write(bytes);
    await Promise.race([
      stream.closed,
      sleep(5_000).then(() => {
        throw new Error(`open after ${bytes.subarray(0, 4).toString('hex')}`);
      }),
    ]);
    stream.destroy();
  }
  await server.expect(200, 'POST', `/api/v1/runs/${run}/cancel`);
});

test('the server is as well as before', async () => {
  await server.expect(200, 'GET', '/ready');
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null }, server.output);
});

await finish(cleanUp);
