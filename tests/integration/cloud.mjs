#!/usr/bin/env node
// The cloud surface from outside, endpoint by endpoint as its document has it, and metrics that outlive a kill.
import assert from 'node:assert/strict';
import http from 'node:http';
import { finish, test } from '../../tools/lib/cases.mjs';
import { Server, ask, cleanUp, makeDir, sleep, until } from './support/server.mjs';
import { assertShape, timeForm } from './support/shapes.mjs';

const dir = makeDir('cloud');
const options = { args: ['--allow-private-addresses', '--webhook-retry-delay', '200ms'] };
let server = await Server.start(dir, options);

const noop = { tasks: [{ id: 'only', type: 'noop' }] };
const failing = { tasks: [{ id: 'only', type: 'shell', command: 'exit 3' }] };
const sleeping = { tasks: [{ id: 'nap', type: 'sleep', seconds: 60 }] };
const table = (rows) => ({ tasks: [{ id: 'rows', type: 'source', connector: 'inline', rows }] });

const get = async (target, status = 200) => (await server.expect(status, 'GET', target)).body;
const make = async (body) => (await server.expect(201, 'POST', '/v1/pipelines', { body })).body.data;
const change = async (id, body, headers = {}) =>
  (await server.expect(200, 'PATCH', `/v1/pipelines/${id}`, { body, headers })).body.data;
const trigger = async (id, wait = 20) =>
  (await server.expect(wait ? 200 : 202, 'POST', `/v1/pipelines/${id}/trigger`, {
    body: {},
    headers: wait ? { Prefer: `wait=${wait}` } : {},
  })).body.data;
const keyOf = async (scopes, more = {}) =>
  (await server.expect(201, 'POST', '/v1/api-keys', { body: { name: 'of a test', scopes, ...more } })).body.data;

/// An error in the document's form that holds `words`.
async function assertRefused(status, code, words, method, target, options = {}) {
  const answer = await server.ask(method, target, options);
  assert.equal(answer.status, status, answer.text);
  const { error } = answer.body;
  assert.equal(error.code, code);
  assert.ok(error.message.includes(words), `${words} is named: ${error.message}`);
  assert.equal(error.docs_url, `${server.url}/docs#${status === 401 || status === 403 ? 'authentication' : 'errors'}`);
  return answer;
}

const shapes = {
  pipeline: {
    id: 'text', name: 'text', type: 'text', status: 'text', schedule: 'text?', last_run_at: 'time?', next_run_at: 'time?', created_at: 'time',
  },
  detail: { source: 'object', destination: 'object', updated_at: 'time' },
  job: {
    id: 'text', pipeline_id: 'text', status: 'text', started_at: 'time?', completed_at: 'time?', duration_ms: 'integer?', error: 'text?',
  },
  workflow: {
    id: 'text', name: 'text', status: 'text', source_type: 'text', destination_type: 'text', schedule: 'text?', last_run_at: 'time?',
  },
  etlRun: {
    run_id: 'text', workflow_id: 'text', status: 'text', rows_processed: 'integer', started_at: 'time?', completed_at: 'time?',
  },
  key: { id: 'text', name: 'text', prefix: 'text', scopes: 'list', created_at: 'time', last_used: 'time?', expires_at: 'time?' },
  meta: { total: 'integer', page: 'integer', limit: 'integer', total_pages: 'integer' },
};

test('a key is shown once, expires to the second, is used and revoked', async () => {
  const { body } = await server.expect(201, 'POST', '/v1/api-keys', {
    body: { name: 'CI Pipeline Key', scopes: ['read:pipelines', 'read:jobs'], expires_in_days: 90 },
  });
  assert.equal(body.note, 'The full key value is shown only once. Store it securely.');
  const { id, key, created_at, expires_at } = body.data;
  assert.match(id, /^key_/);
  assert.match(key, /^gcs_live_sk_/);
  assert.equal(Date.parse(expires_at) - Date.parse(created_at), 90 * 86_400_000);
  const listed = async () => (await get('/v1/api-keys')).data.find((one) => one.id === id);
  assertShape(await listed(), shapes.key);
  assert.equal((await listed()).last_used, null);
  assert.equal((await listed()).key, undefined);
  await server.expect(200, 'GET', '/v1/pipelines', { key });
  await until('last_used', async () => (await listed()).last_used);
  await assertRefused(403, 'FORBIDDEN', '', 'GET', '/v1/metrics?metric=jobs_completed&from=2026-05-01&to=2026-05-02', { key });
  const gone = await server.expect(204, 'DELETE', `/v1/api-keys/${id}`);
  assert.equal(gone.text, '');
  await assertRefused(401, 'UNAUTHORIZED', '', 'GET', '/v1/pipelines', { key });
  await assertRefused(401, 'UNAUTHORIZED', '', 'GET', '/v1/pipelines', { key: 'gcs_live_sk_nonsense' });
  await assertRefused(401, 'UNAUTHORIZED', '', 'GET', '/v1/pipelines', { key: null });
  await assertRefused(404, 'NOT_FOUND', '', 'DELETE', `/v1/api-keys/${id}`);
});

test('where errors point to there is a page', async () => {
  const page = await server.expect(200, 'GET', '/docs', { key: null });
  for (const words of ['id="errors"', 'id="authentication"', 'POST /v1/pipelines/{id}/trigger']) assert.ok(page.text.includes(words), words);
});

test('a trigger may have a priority, and only a workflow is triggered as one', async () => {
  const automation = await make({ name: 'automation', type: 'automation', definition: noop });
  const start = (path, body) => ['POST', path, { body }];
  const { data } = (await server.expect(202, ...start(`/v1/pipelines/${automation.id}/trigger`, { priority: 'HIGH' }))).body;
  assert.equal((await get(`/v1/jobs/${data.id}`)).data.priority, 'HIGH');
  await assertRefused(400, 'BAD_REQUEST', 'priority', ...start(`/v1/pipelines/${automation.id}/trigger`, { priority: 'BOGUS' }));
  const asWorkflow = automation.id.replace('pipe_', 'wf_');
  await assertRefused(404, 'NOT_FOUND', '', ...start(`/v1/etl/workflows/${asWorkflow}/trigger`, {}));
  await assertRefused(404, 'NOT_FOUND', '', 'GET', `/v1/etl/workflows/${asWorkflow}/runs`);
  const etl = await make({ name: 'etl', type: 'etl', definition: noop });
  const run = (await server.expect(202, ...start(`/v1/etl/workflows/${etl.id.replace('pipe_', 'wf_')}/trigger`, { priority: 'LOW' }))).body.data;
  assert.equal((await get(`/v1/jobs/${run.run_id.replace('run_', 'job_')}`)).data.priority, 'LOW');
});

test('lists are paged within bounds, and garbage is refused by name', async () => {
  for (let i = 0; i < 3; i += 1) await make({ name: `paged ${i}`, type: 'saas', definition: noop });
  for (const path of ['/v1/pipelines', '/v1/jobs', '/v1/etl/workflows', '/v1/api-keys']) {
    const { meta } = await get(path);
    assertShape(meta, shapes.meta);
    assert.deepEqual([meta.page, meta.limit], [1, 20]);
    assert.equal(meta.total_pages, Math.ceil(meta.total / meta.limit));
    assert.equal((await get(`${path}?limit=101`)).meta.limit, 100);
    assert.deepEqual((await get(`${path}?page=1000`)).data, []);
    for (const query of ['page=0', 'page=x', 'limit=0', 'limit=-1'])
      await assertRefused(400, 'BAD_REQUEST', query.split('=')[0], 'GET', `${path}?${query}`);
  }
  const second = await get('/v1/pipelines?type=saas&limit=2&page=2');
  assert.deepEqual(second.meta, { total: 3, page: 2, limit: 2, total_pages: 2 });
  assert.equal(second.data[0].name, 'paged 0');
  await assertRefused(400, 'BAD_REQUEST', 'status', 'GET', '/v1/pipelines?status=broken');
  await assertRefused(400, 'BAD_REQUEST', 'type', 'GET', '/v1/pipelines?type=batch');
});

test("the document's own pipeline is taken with warnings and shown as written, without its secrets", async () => {
  const source = { type: 'postgresql', host: 'db.example.com', password: 'canary-1', url: 'postgresql://me:canary-2@db/x' };
  const destination = { type: 'snowflake', warehouse: 'analytics', api_key: 'canary-3' };
  const made = await make({ name: 'Customer Data ETL', type: 'etl', schedule: '0 2 * * *', source, destination });
  const { data } = await get(`/v1/pipelines/${made.id}`);
  assertShape(data, { ...shapes.pipeline, ...shapes.detail });
  assert.match(data.id, /^pipe_/);
  assert.deepEqual(data.source, { ...source, password: '***', url: 'postgresql://me:***@db/x' });
  assert.deepEqual(data.destination, { ...destination, api_key: '***' });
  assert.ok(data.warnings.some((text) => text.includes('postgresql')), data.warnings);
  assert.match(data.next_run_at, /T02:00:00/);
  assert.equal(made.next_run_at, data.next_run_at);
  assert.equal((await trigger(made.id)).status, 'failed');
  assert.equal((await get(`/v1/pipelines/${made.id}`)).data.status, 'error');

  const changed = await change(made.id, { source: { ...data.source, host: 'db2' }, schedule: null, name: 'Renamed' });
  assert.deepEqual([changed.name, changed.schedule, changed.source.host], ['Renamed', null, 'db2']);
  assert.deepEqual(changed.destination, data.destination);
  assert.ok(Date.parse(changed.updated_at) > Date.parse(changed.created_at));
  assert.notEqual(changed.last_run_at, null);
  const stored = (await get(`/api/pipelines/${made.id.slice(5)}`)).config;
  assert.deepEqual([stored.source.password, stored.source.url], ['canary-1', 'postgresql://me:canary-2@db/x']);
  assert.equal(stored.destination.api_key, 'canary-3');
  for (const path of [`/v1/pipelines/${made.id}`, '/v1/pipelines?limit=100', '/v1/etl/workflows?limit=100'])
    assert.ok(!(await server.expect(200, 'GET', path)).text.includes('canary'), path);
  await assertRefused(400, 'BAD_REQUEST', 'destination.token', 'PATCH', `/v1/pipelines/${made.id}`, {
    body: { destination: { type: 's3', token: '***' } },
  });
});

test('a name alone makes a pipeline, which says that it has no tasks and succeeds at once', async () => {
  const made = await make({ name: 'later' });
  assert.match(made.warnings[0], /no tasks/);
  assert.deepEqual([made.source, made.destination], [{ type: 'none' }, { type: 'none' }]);
  assert.equal((await trigger(made.id)).status, 'completed');
  const half = await change(made.id, { source: { type: 'inline', rows: [{ a: 1 }, { a: 2 }] } });
  assert.equal((await trigger(made.id)).status, 'completed');
  assert.match(half.warnings[0], /destination is missing/);
  const whole = await change(made.id, { destination: { type: 'file', format: 'csv' } });
  assert.equal(whole.warnings, undefined);
  assert.equal(whole.source.type, 'inline');
  assert.equal((await trigger(made.id)).status, 'completed');
  const copy = await make({ name: 'another' });
  await server.expect(201, 'POST', `/api/pipelines/${copy.id.slice(5)}/duplicate`);
  const refused = await assertRefused(400, 'BAD_REQUEST', 'source.rows', 'POST', '/v1/pipelines', {
    body: { name: 'wrong', source: { type: 'inline' }, destination: { type: 'file' } },
  });
  assert.ok(!/line \d/.test(refused.text), 'no line of a text that nobody wrote');
  const lone = await make({ name: 'nothing to write', destination: { type: 'file' } });
  const failed = await trigger(lone.id);
  assert.equal(failed.status, 'failed');
  assert.match(failed.error, /nothing to write/);
});

test('changes of two parts at the same time both hold, and If-Match refuses what was not seen', async () => {
  const made = await make({ name: 'p', source: { type: 'inline', rows: [{ a: 0 }] }, destination: { type: 'file' } });
  await Promise.all([
    change(made.id, { source: { type: 'inline', rows: [{ a: 1 }] } }),
    change(made.id, { destination: { type: 'file', format: 'csv' } }),
  ]);
  const read = await server.expect(200, 'GET', `/v1/pipelines/${made.id}`);
  assert.deepEqual(read.body.data.source.rows, [{ a: 1 }]);
  assert.equal(read.body.data.destination.format, 'csv');
  await change(made.id, { name: 'q' }, { 'If-Match': read.headers.etag });
  await assertRefused(412, 'PRECONDITION_FAILED', '', 'PATCH', `/v1/pipelines/${made.id}`, {
    body: { name: 'r' }, headers: { 'If-Match': read.headers.etag },
  });
  const native = await make({ name: 'native', definition: table([{ a: 1 }]) });
  assert.deepEqual([native.source, native.destination], [{ type: 'inline', rows: [{ a: 1 }] }, { type: 'none' }]);
  await assertRefused(409, 'CONFLICT', 'definition', 'PATCH', `/v1/pipelines/${native.id}`, { body: { source: { type: 'x' } } });
  await assertRefused(400, 'BAD_REQUEST', 'tasks[0].type', 'PATCH', `/v1/pipelines/${native.id}`, {
    body: { definition: { tasks: [{ id: 'a', type: 'nop' }] } },
  });
});

test('a pipeline is paused and resumed, and gone with its jobs when it is deleted', async () => {
  const { id } = await make({ name: 'p', type: 'automation', definition: noop });
  const job = await trigger(id);
  const put = async (what) => (await server.expect(200, 'POST', `/v1/pipelines/${id}/${what}`)).body.data.status;
  assert.equal(await put('pause'), 'paused');
  assert.ok((await get('/v1/pipelines?status=paused')).data.some((one) => one.id === id));
  assert.equal(await put('resume'), 'active');
  await server.expect(204, 'DELETE', `/v1/pipelines/${id}`);
  await assertRefused(404, 'NOT_FOUND', '', 'GET', `/v1/pipelines/${id}`);
  await assertRefused(404, 'NOT_FOUND', '', 'GET', `/v1/jobs/${job.id}`);
});

test('jobs are listed by pipeline, status and dates with offsets; logs_url is fetched as given', async () => {
  const { id } = await make({ name: 'logs', definition: { tasks: [{ id: 'say', type: 'shell', command: 'echo heard' }] } });
  const before = new Date(Date.now() - 1_000);
  const job = await trigger(id);
  assertShape(job, shapes.job);
  assert.equal(job.duration_ms, Date.parse(job.completed_at) - Date.parse(job.started_at));
  const bad = await make({ name: 'bad', definition: failing });
  const failed = await trigger(bad.id);
  assert.ok(failed.error.length > 0);
  const of = async (query) => (await get(`/v1/jobs?pipeline_id=${id}&${query}`)).meta.total;
  const plusTwo = (t) => encodeURIComponent(new Date(t.getTime() + 7_200_000).toISOString().replace('Z', '+02:00'));
  const later = new Date(Date.now() + 60_000);
  assert.equal(await of('status=completed'), 1);
  assert.equal(await of('status=failed'), 0);
  assert.equal(await of(`from_date=${plusTwo(before)}&to_date=${plusTwo(later)}`), 1);
  assert.equal(await of(`to_date=${plusTwo(before)}`), 0);
  assert.equal(await of(`from_date=${plusTwo(later)}`), 0);
  assert.equal(await of(`to_date=${later.toISOString().slice(0, 10)}`), 1);
  await assertRefused(400, 'BAD_REQUEST', 'from_date', 'GET', '/v1/jobs?from_date=yesterday');
  await assertRefused(400, 'BAD_REQUEST', 'status', 'GET', '/v1/jobs?status=success');
  const { logs_url } = (await get(`/v1/jobs/${job.id}`)).data;
  const url = new URL(logs_url);
  const logs = await ask(url.origin, 'GET', url.pathname + url.search);
  assert.equal(logs.status, 200);
  assert.ok(logs.body.data.some((line) => line.message === 'heard'), logs.text);
  await assertRefused(404, 'NOT_FOUND', '', 'GET', '/v1/jobs/job_019ab3c0111172228333444455556666');
  const napping = await make({ name: 'nap', definition: sleeping });
  const nap = await trigger(napping.id, 0);
  assert.deepEqual([nap.status, nap.triggered_by], ['pending', 'api']);
  const running = (await get(`/v1/jobs/${nap.id}`)).data;
  assert.deepEqual([running.completed_at, running.duration_ms, running.error], [null, null, null]);
  assert.equal((await server.expect(200, 'POST', `/v1/jobs/${nap.id}/cancel`)).body.data.status, 'cancelled');
});

test('workflows are made of a name alone or of types, and their runs count rows', async () => {
  const post = async (body) => (await server.expect(201, 'POST', '/v1/etl/workflows', { body })).body.data;
  const named = await post({ name: 'later' });
  assertShape(named, shapes.workflow);
  assert.deepEqual([named.source_type, named.destination_type], ['none', 'none']);
  const half = await post({ name: 'half', destination_type: 'snowflake' });
  assert.deepEqual([half.source_type, half.destination_type], ['none', 'snowflake']);
  const sync = await post({ name: 'Salesforce → Snowflake Sync', source_type: 'salesforce', destination_type: 'snowflake', schedule: '0 */6 * * *' });
  assert.deepEqual([sync.source_type, sync.destination_type, sync.schedule], ['salesforce', 'snowflake', '0 */6 * * *']);
  assert.ok(sync.warnings.length > 0);
  const real = await post({ name: 'rows', definition: table([{ a: 1 }, { a: 2 }, { a: 3 }]), schedule: '0 0 1 1 *' });
  assert.match(real.id, /^wf_/);
  const { data: started } = (await server.expect(202, 'POST', `/v1/etl/workflows/${real.id}/trigger`, { body: {} })).body;
  assert.match(started.run_id, /^run_/);
  assert.deepEqual([started.workflow_id, started.status, started.triggered_by], [real.id, 'pending', 'api']);
  assert.match(started.created_at, timeForm);
  const run = await until('the end of the run', async () => {
    const { data, meta } = await get(`/v1/etl/workflows/${real.id}/runs`);
    assertShape(meta, shapes.meta);
    return data[0]?.completed_at && data[0];
  });
  assertShape(run, shapes.etlRun);
  assert.deepEqual([run.run_id, run.status, run.rows_processed], [started.run_id, 'completed', 3]);
  await assertRefused(404, 'NOT_FOUND', '', 'GET', '/v1/etl/workflows/wf_019ab3c0111172228333444455556666/runs');
});

test('a webhook is sent again with the same bytes until it is taken, and not after that', async () => {
  const got = [];
  const receiver = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      got.push(Buffer.concat(parts).toString());
      response.writeHead(got.length === 1 ? 500 : 204).end();
    });
  });
  await new Promise((resolve) => { receiver.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${receiver.address().port}/`;
  const hook = (await server.expect(201, 'POST', '/v1/webhooks', { body: { url, events: ['job.completed'], secret: 'canary-hook' } })).body.data;
  assert.ok(!(await server.expect(200, 'GET', '/v1/webhooks')).text.includes('canary-hook'));
  await trigger((await make({ name: 'p', type: 'saas', definition: noop })).id);
  await until('the second delivery', () => got.length === 2);
  await sleep(1_500);
  assert.equal(got.length, 2);
  assert.equal(got[0], got[1]);
  await server.expect(204, 'DELETE', `/v1/webhooks/${hook.id}`);
  receiver.closeAllConnections();
  receiver.close();
});

test('metrics are zero-filled and exact, also after a kill and a deletion', async () => {
  const key = (await keyOf(['read:metrics'])).key;
  const from = new Date(Date.now() - 24 * 86_400_000).toISOString().slice(0, 10);
  const to = new Date().toISOString().slice(0, 10);
  const read = async (metric, more = '') =>
    (await server.expect(200, 'GET', `/v1/metrics?metric=${metric}&from=${from}&to=${to}${more}`, { key })).body;
  const totals = async () => {
    const out = {};
    for (const metric of ['jobs_completed', 'jobs_failed', 'pipeline_runs', 'data_processed_gb']) out[metric] = (await read(metric)).summary.total;
    return out;
  };
  const before = await totals();
  const good = await make({ name: 'good', definition: table([{ a: 1 }]) });
  const bad = await make({ name: 'bad', definition: failing });
  for (let i = 0; i < 4; i += 1) await trigger(good.id);
  for (let i = 0; i < 2; i += 1) await trigger(bad.id);
  const after = await totals();
  assert.equal(after.jobs_completed, before.jobs_completed + 4);
  assert.equal(after.jobs_failed, before.jobs_failed + 2);
  assert.equal(after.pipeline_runs, before.pipeline_runs + 6);
  assert.ok(after.data_processed_gb > before.data_processed_gb, 'few bytes are not rounded to nothing');

  await server.end('SIGKILL');
  server = await Server.start(dir, options);
  assert.deepEqual(await totals(), after);
  await server.expect(204, 'DELETE', `/v1/pipelines/${bad.id}`);
  await sleep(1_000);
  assert.deepEqual(await totals(), after);

  const daily = await read('jobs_completed');
  assert.deepEqual(Object.keys(daily), ['metric', 'interval', 'data', 'summary']);
  assert.equal(daily.interval, 'day');
  assert.equal(daily.data.length, 25);
  assert.equal(daily.data[0].timestamp, `${from}T00:00:00.000Z`);
  assert.equal(daily.data[0].value, 0);
  assert.equal(daily.summary.average, daily.summary.total / 25);
  assert.equal(daily.summary.peak, Math.max(...daily.data.map((point) => point.value)));
  assert.equal((await read('jobs_completed', '&interval=hour')).data.length, 25 * 24);
  for (const point of (await read('jobs_completed', '&interval=week')).data) assert.equal(new Date(point.timestamp).getUTCDay(), 1);
  await assertRefused(400, 'BAD_REQUEST', 'metric', 'GET', `/v1/metrics?from=${from}&to=${to}`);
  await assertRefused(400, 'BAD_REQUEST', 'to', 'GET', `/v1/metrics?metric=jobs_failed&from=${to}&to=${from}`);
  await assertRefused(400, 'BAD_REQUEST', '10000', 'GET', '/v1/metrics?metric=jobs_failed&from=2000-01-01&to=2026-01-01&interval=hour');
});

test('what is no endpoint, method, body or type is refused in the same form', async () => {
  await assertRefused(404, 'NOT_FOUND', '', 'GET', '/v1/nonsense');
  const refused = await assertRefused(405, 'METHOD_NOT_ALLOWED', '', 'PUT', '/v1/pipelines', { body: {} });
  assert.deepEqual(refused.headers.allow.split(/, */).filter((verb) => !/HEAD|OPTIONS/.test(verb)).sort(), ['GET', 'POST']);
  await assertRefused(415, 'UNSUPPORTED_MEDIA_TYPE', '', 'POST', '/v1/pipelines', { body: 'name=x', headers: { 'Content-Type': 'text/plain' } });
  await assertRefused(413, 'PAYLOAD_TOO_LARGE', '', 'POST', '/v1/pipelines', { body: Buffer.alloc((16 << 20) + 1, ' ') });
  await assertRefused(400, 'BAD_REQUEST', '', 'POST', '/v1/pipelines', { body: '['.repeat(100_000) });
  await assertRefused(400, 'BAD_REQUEST', '', 'POST', '/v1/pipelines', { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) });
  await assertRefused(400, 'BAD_REQUEST', 'name', 'POST', '/v1/pipelines', { body: {} });
  const who = (await get('/v1/whoami')).data;
  assertShape(who, { workspace_id: 'uuid', subject: 'text', scopes: 'list' });
});

await finish(cleanUp);
