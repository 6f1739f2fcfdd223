#!/usr/bin/env node
// The audit log: each change of every surface is one entry, each refusal too, and after kills it says what is there.
//   --kills N   how often the server is killed under load (default 8)
//   --seed N    repeats the choices of an earlier run
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { finish, numberOption, test } from '../../tools/lib/cases.mjs';
import { token } from './support/raw.mjs';
import { KEY, Server, ask, cleanUp, makeDir, seeded, sleep, startStandIn, until } from './support/server.mjs';

const kills = numberOption('kills', 8);
const seed = numberOption('seed', (Date.now() ^ process.pid) >>> 0);
const random = seeded(seed);
console.log(`# ${kills} kills, seed ${seed}`);

const SECRET = 'the-secret-of-the-tokens-of-these-tests';
const nowhere = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const noop = { tasks: [{ id: 'only', type: 'noop' }] };
const napping = { tasks: [{ id: 'nap', type: 'sleep', seconds: 1000 }] };
const receiver = await startStandIn((request, body, response) => response.writeHead(204).end());
const server = await Server.start(makeDir('audit'), {
  args: ['--allow-private-addresses'],
  env: { PENSTOCK_JWT_SECRET: SECRET },
});
const admin = (await server.expect(200, 'GET', '/v1/whoami')).body.data.subject;
const mutating = Object.entries((await server.ask('GET', '/openapi.json')).body.paths).flatMap(([path, operations]) =>
  Object.entries(operations)
    .filter(([method]) => ['post', 'put', 'patch', 'delete'].includes(method))
    .map(([method, operation]) => ({ method: method.toUpperCase(), path, id: operation.operationId, isSigned: path.startsWith('/api/v1/orchestrator/') && !path.includes('webhooks') })));
const plain = (id) => id.replace(/^[a-z]+_/, '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

const list = async (query = '', options = {}, on = server) => (await on.expect(200, 'GET', `/v1/audit?${query}`, options)).body;
/// Every entry that matches, page by page.
async function everything(query = '', limit = 100, on = server, options = {}) {
  const all = [];
  let before = '';
  do {
    const page = await list(`limit=${limit}${query}${before}`, options, on);
    assert.ok(page.data.length <= limit);
    all.push(...page.data);
    before = page.meta.next === null ? '' : `&before=${encodeURIComponent(page.meta.next)}`;
  } while (before !== '');
  return all;
}

const done = new Map(); // Of each operation that succeeded, what its entry must say.
/// Asks for a change, and keeps under the operation's name what is to be found.
async function change(operation, status, method, target, { object, made, subject = admin, ...options } = {}) {
  const id = `change-${randomUUID()}`;
  const { body } = await server.expect(status, method, target, { ...options, headers: { 'X-Request-Id': id, ...options.headers } });
  const of = typeof object === 'function' ? object(body) : object;
  const run = typeof made === 'function' ? made(body) : made;
  done.set(operation, [...(done.get(operation) ?? []), { id, object: of, made: run ?? null, subject }]);
  return body;
}

test('each change of every surface is one entry that says who, what, when, from where', async () => {
  const from = Date.now();
  // Pipelines surface.
  const p = await change('pipelines.create', 201, 'POST', '/api/pipelines', { body: { name: 'p', config: noop }, object: (b) => b.id });
  await change('pipelines.update', 200, 'PUT', `/api/pipelines/${p.id}`, { body: { name: 'q' }, object: p.id });
  const copy = await change('pipelines.duplicate', 201, 'POST', `/api/pipelines/${p.id}/duplicate`, { body: { name: 'copy' }, object: (b) => b.id });
  await change('pipelines.run', 202, 'POST', `/api/pipelines/${p.id}/run`, { body: {}, object: p.id, made: (b) => b.id });
  const sleeper = await server.create('sleeper', napping);
  const startNap = async () => server.startRun(sleeper.id);
  let nap = await startNap();
  await change('pipelines.cancel', 200, 'POST', `/api/pipelines/runs/${nap}/cancel`, { object: nap });
  await change('pipelines.delete', 204, 'DELETE', `/api/pipelines/${copy.id}`, { object: copy.id });
  // Engine surface.
  const yamlDefinition = 'tasks:\n  - { id: a, type: noop }\n';
  const e = await change('createPipeline', 201, 'POST', '/api/v1/pipelines', { body: { name: 'e', yamlDefinition }, object: (b) => b.id });
  await change('updatePipeline', 200, 'PUT', `/api/v1/pipelines/${e.id}`, { body: { description: 'x' }, object: e.id });
  await change('runPipeline', 202, 'POST', `/api/v1/pipelines/${e.id}/run`, { body: {}, object: e.id, made: (b) => b.runId });
  nap = await startNap();
  await change('cancelRun', 200, 'POST', `/api/v1/runs/${nap}/cancel`, { object: nap });
  const scheduler = '/api/v1/scheduler';
  const schedule = await change('createSchedule', 201, 'POST', `${scheduler}/schedules`, { body: { pipelineId: e.id, cronExpression: '0 2 1 1 *' }, object: (b) => b.id });
  await change('updateSchedule', 200, 'PUT', `${scheduler}/schedules/${schedule.id}`, { body: { cronExpression: '0 3 1 1 *' }, object: schedule.id });
  await change('pauseSchedule', 200, 'POST', `${scheduler}/schedules/${schedule.id}/pause`, { object: schedule.id });
  await change('resumeSchedule', 200, 'POST', `${scheduler}/schedules/${schedule.id}/resume`, { object: schedule.id });
  await change('deleteSchedule', 204, 'DELETE', `${scheduler}/schedules/${schedule.id}`, { object: schedule.id });
  const broken = await server.create('broken', { tasks: [{ id: 'only', type: 'shell', command: 'exit 3' }] });
  const fill = (id) => ({ pipelineId: id, from: '2025-11-01', to: '2025-11-03', granularity: 'DAILY', concurrency: 1 });
  const backfill = await change('createBackfill', 201, 'POST', `${scheduler}/backfill`, { body: fill(broken.id), object: (b) => b.id });
  await until('the intervals to fail', async () => ['FAILED', 'COMPLETED'].includes((await server.expect(200, 'GET', `${scheduler}/backfill/${backfill.id}`)).body.status));
  await change('retryFailedIntervals', 200, 'POST', `${scheduler}/backfill/${backfill.id}/retry-failed`, { object: backfill.id });
  const slow = await server.expect(201, 'POST', `${scheduler}/backfill`, { body: fill(sleeper.id) });
  for (const [verb, operation] of [['pause', 'pauseBackfill'], ['resume', 'resumeBackfill'], ['cancel', 'cancelBackfill']])
    await change(operation, 200, 'POST', `${scheduler}/backfill/${slow.body.id}/${verb}`, { object: slow.body.id });
  const dependency = await change('addDependency', 201, 'POST', `${scheduler}/dependencies`, { body: { upstreamPipelineId: p.id, downstreamPipelineId: e.id }, object: (b) => b.id });
  await change('removeDependency', 204, 'DELETE', `${scheduler}/dependencies/${dependency.id}`, { object: dependency.id });
  await change('putCalendar', 200, 'PUT', `${scheduler}/calendars/days`, { body: { days: ['2026-12-25'] }, object: 'days' });
  await change('deleteCalendar', 204, 'DELETE', `${scheduler}/calendars/days`, { object: 'days' });
  const registered = await change('registerWebhook', 201, 'POST', '/api/v1/orchestrator/webhooks', { body: { name: 'airflow', source: 'airflow', hmac_secret: 'orchestrator secret', callback_url: `${receiver.url}/c`, pipelineId: sleeper.id }, object: (b) => b.id });
  const signed = (body) => ({ body: JSON.stringify(body), key: '', headers: { 'X-Webhook-Id': registered.id, 'X-Webhook-Signature': createHmac('sha256', 'orchestrator secret').update(JSON.stringify(body)).digest('hex') } });
  const triggered = await change('triggerPipeline', 202, 'POST', '/api/v1/orchestrator/trigger', { ...signed({ external_job_id: 'job-1' }), object: sleeper.id, made: (b) => b.runId, subject: registered.id });
  await change('receiveCallback', 200, 'POST', '/api/v1/orchestrator/callback', { ...signed({ external_job_id: 'job-1', status: 'CANCELLED' }), object: triggered.runId, subject: registered.id });
  await change('deleteWebhook', 204, 'DELETE', `/api/v1/orchestrator/webhooks/${registered.id}`, { object: registered.id });
  await change('deletePipeline', 204, 'DELETE', `/api/v1/pipelines/${e.id}`, { object: e.id });
  // Cloud surface.
  const key = (await change('cloud.createKey', 201, 'POST', '/v1/api-keys', { body: { name: 'k', scopes: ['read:jobs'] }, object: (b) => b.data.id })).data;
  await change('cloud.revokeKey', 204, 'DELETE', `/v1/api-keys/${key.id}`, { object: key.id });
  await change('cloud.putPool', 200, 'PUT', '/v1/pools/heavy', { body: { limit: 2 }, object: 'heavy' });
  await change('cloud.deletePool', 204, 'DELETE', '/v1/pools/heavy', { object: 'heavy' });
  const c = (await change('cloud.createPipeline', 201, 'POST', '/v1/pipelines', { body: { name: 'c', type: 'etl', definition: noop }, object: (b) => plain(b.data.id) })).data;
  await change('cloud.pausePipeline', 200, 'POST', `/v1/pipelines/${c.id}/pause`, { object: plain(c.id) });
  await change('cloud.resumePipeline', 200, 'POST', `/v1/pipelines/${c.id}/resume`, { object: plain(c.id) });
  await change('cloud.triggerPipeline', 202, 'POST', `/v1/pipelines/${c.id}/trigger`, { body: {}, object: plain(c.id), made: (b) => plain(b.data.id) });
  const w = (await change('cloud.createWorkflow', 201, 'POST', '/v1/etl/workflows', { body: { name: 'w', definition: noop }, object: (b) => plain(b.data.id) })).data;
  await change('cloud.triggerWorkflow', 202, 'POST', `/v1/etl/workflows/${w.id}/trigger`, { body: {}, object: plain(w.id), made: (b) => plain(b.data.run_id) });
  nap = await startNap();
  await change('cloud.changeJob', 200, 'PATCH', `/v1/jobs/${nap}`, { body: { priority: 'HIGH' }, object: nap });
  await change('cloud.cancelJob', 200, 'POST', `/v1/jobs/${nap}/cancel`, { object: nap });
  const hook = (await change('cloud.createWebhook', 201, 'POST', '/v1/webhooks', { body: { url: `${receiver.url}/h`, events: ['job.completed'] }, object: (b) => plain(b.data.id) })).data;
  await change('cloud.updateWebhook', 200, 'PATCH', `/v1/webhooks/${hook.id}`, { body: { description: 'x' }, object: plain(hook.id) });
  await change('cloud.rotateWebhookSecret', 200, 'POST', `/v1/webhooks/${hook.id}/rotate-secret`, { body: {}, object: plain(hook.id) });
  await change('cloud.testWebhook', 200, 'POST', `/v1/webhooks/${hook.id}/test`, { object: plain(hook.id) });
  await server.ended(await server.startRun(p.id));
  const delivery = await until('a delivery', async () => (await server.expect(200, 'GET', `/v1/webhooks/${hook.id}/deliveries`)).body.data.find((one) => one.status === 'delivered'));
  await change('cloud.redeliver', 202, 'POST', `/v1/webhooks/deliveries/${delivery.id}/redeliver`, { object: plain(delivery.id) });
  await change('cloud.deleteWebhook', 204, 'DELETE', `/v1/webhooks/${hook.id}`, { object: plain(hook.id) });
  await change('cloud.deletePipeline', 204, 'DELETE', `/v1/pipelines/${c.id}`, { object: plain(c.id) });

  await until('the entries', async () => (await list('operation=cloud.testWebhook')).data.length === 1);
  const entries = await everything();
  const problems = [];
  for (const [operation, expected] of done)
    for (const { id, object, made, subject } of expected) {
      const found = entries.filter((entry) => entry.request_id === id);
      const wanted = { subject, key_id: subject === admin ? admin : null, operation, object, made, address: '127.0.0.1', request_id: id, result: 'ok' };
      const { time, ...rest } = found[0] ?? {};
      try {
        assert.equal(found.length, 1, `${operation} has ${found.length} entries`);
        assert.deepEqual(rest, wanted);
        assert.ok(Date.parse(time) >= from - 1000 && Date.parse(time) <= Date.now() + 1000, time);
      } catch (problem) { problems.push(problem.message); }
    }
  assert.deepEqual(problems, []);
  const untried = mutating.filter(({ id }) => !done.has(id)).map(({ id }) => id);
  if (untried.length > 0) console.log(`# not tried: ${untried.join(', ')}`);
});

test('whatever is refused is an entry with its error, of every operation', async () => {
  const made = (await server.expect(201, 'POST', '/v1/api-keys', { body: { name: 'poor', scopes: ['read:metrics'] } })).body.data;
  const wanted = new Map();
  for (const { method, path, id, isSigned } of mutating) {
    if (isSigned) continue;
    const target = path.replace(/\{[^}]*\}/g, nowhere);
    const request = `refused-${id}`;
    const answer = await server.ask(method, target, { body: '{}', key: made.key, headers: { 'X-Request-Id': request } });
    assert.equal(answer.status, 403, `${method} ${target}: ${answer.text}`);
    wanted.set(request, { operation: id, result: 'forbidden', subject: made.id, object: path.includes('{') ? nowhere : null });
    await sleep(random.below(2) === 0 ? 0 : 30);
  }
  // A workspace's refusals beyond its room are counted by the next one that is kept.
  const entries = await until('the refusals', async () => {
    const all = await everything(`&subject=${made.id}`);
    const told = all.length + all.reduce((sum, entry) => sum + (entry.omitted ?? 0), 0);
    return told === wanted.size && all;
  });
  assert.ok(entries.length >= 30);
  for (const entry of entries) {
    const { operation, result, subject, object } = entry;
    assert.deepEqual({ operation, result, subject, object }, wanted.get(entry.request_id));
  }
});

test('each kind of refusal has its code; what says nothing of rights has no entry', async () => {
  await sleep(8000); // The room of the workspace fills up by one a second.
  const expected = [];
  const refused = async (status, result, method, target, options = {}) => {
    const id = `kind-${randomUUID()}`;
    await server.expect(status, method, target, { ...options, headers: { 'X-Request-Id': id, ...options.headers } });
    if (result) expected.push([id, result]);
    else expected.push([id, undefined]);
  };
  const pipeline = await server.create('refusing', noop);
  await refused(400, 'invalid_argument', 'POST', '/v1/api-keys', { body: { name: 'x' } });
  await refused(404, 'not_found', 'DELETE', `/api/pipelines/${nowhere}`);
  await refused(412, 'precondition_failed', 'PUT', `/api/v1/pipelines/${pipeline.id}`, { body: { name: 'x' }, headers: { 'If-Match': '"77"' } });
  await server.expect(202, 'POST', `/api/pipelines/${pipeline.id}/run`, { body: {}, headers: { 'Idempotency-Key': 'a' } });
  await refused(422, 'key_reused', 'POST', `/api/pipelines/${pipeline.id}/run`, { body: { parameters: {} }, headers: { 'Idempotency-Key': 'a' } });
  await refused(401, undefined, 'DELETE', `/api/pipelines/${nowhere}`, { key: 'wrong' });
  await refused(404, undefined, 'GET', `/api/pipelines/${nowhere}`);
  // A repeat changes nothing.
  await refused(202, undefined, 'POST', `/api/pipelines/${pipeline.id}/run`, { body: {}, headers: { 'Idempotency-Key': 'a' } });
  await until('the entries', async () => (await list('limit=1&result=key_reused')).data.length === 1);
  const entries = await everything();
  for (const [id, result] of expected) assert.equal(entries.find((entry) => entry.request_id === id)?.result, result, id);
});

test('what a signer is refused is an entry of its webhook', async () => {
  const hook = (await server.expect(201, 'POST', '/api/v1/orchestrator/webhooks', { body: { name: 'nobody', source: 's', hmac_secret: 'a long secret', callback_url: `${receiver.url}/c` } })).body;
  const send = (text, secret = 'a long secret') => server.ask('POST', '/api/v1/orchestrator/trigger', { body: text, key: '', headers: { 'X-Webhook-Id': hook.id, 'X-Webhook-Signature': createHmac('sha256', secret).update(text).digest('hex') } });
  assert.equal((await send('{}')).status, 400);
  assert.equal((await send('{"external_job_id":"x"}')).status, 400);
  assert.equal((await send('{}', 'wrong')).status, 401);
  const entries = await until('the entries', async () => {
    const found = await everything(`&subject=${hook.id}`);
    return found.length === 2 && found;
  });
  for (const entry of entries) assert.deepEqual([entry.operation, entry.result, entry.key_id], ['triggerPipeline', 'invalid_argument', null]);
});

test('filters, pages and dates pick entries, and mistakes are named', async () => {
  const all = await everything();
  for (const limit of [1, 7]) {
    const some = await everything('&operation=pipelines.create', limit);
    assert.deepEqual(some.map((e) => e.request_id), all.filter((e) => e.operation === 'pipelines.create').map((e) => e.request_id));
  }
  const times = all.map((entry) => Date.parse(entry.time));
  assert.deepEqual(times, [...times].sort((a, b) => b - a));
  const middle = all[Math.floor(all.length / 2)].time;
  const later = await everything(`&from_date=${middle}`);
  const earlier = await everything(`&to_date=${middle}`);
  assert.ok(later.every((e) => e.time >= middle) && earlier.every((e) => e.time <= middle));
  assert.ok(later.length + earlier.length >= all.length);
  const run = all.find((entry) => entry.made !== null);
  assert.ok((await everything(`&object=${run.made}`)).some((entry) => entry.request_id === run.request_id));
  assert.ok((await everything(`&object=pipe_${run.object.replaceAll('-', '')}`)).some((entry) => entry.request_id === run.request_id));
  for (const query of ['before=x', 'from_date=soon', 'limit=0']) {
    const answer = await server.expect(400, 'GET', `/v1/audit?${query}`);
    assert.ok(answer.text.includes(query.split('=')[0]), answer.text);
  }
});

test('another workspace sees nothing of it, and only admins ask', async () => {
  const of = (workspace, scope) => token({ sub: 'u-1', workspace_id: workspace, scope }, SECRET);
  const theirs = randomUUID();
  assert.deepEqual((await list('', { key: of(theirs, 'admin') })).data, []);
  const made = (await server.expect(201, 'POST', '/api/pipelines', { body: { name: 'theirs', config: noop }, key: of(theirs, 'admin') })).body;
  const seen = await everything('', 10, server, { key: of(theirs, 'admin') });
  assert.deepEqual(seen.map((e) => [e.subject, e.key_id, e.operation, e.object]), [['u-1', null, 'pipelines.create', made.id]]);
  assert.ok(!(await everything()).some((entry) => entry.object === made.id));
  for (const scope of ['read:pipelines read:jobs read:metrics write:pipelines', ''])
    await server.expect(403, 'GET', '/v1/audit', { key: of(theirs, scope) });
});

test('no secret, no body and no key is in the log', async () => {
  const secret = 'canary-of-a-webhook-secret';
  const hook = (await server.expect(201, 'POST', '/v1/webhooks', { body: { url: `${receiver.url}/s`, events: ['job.completed'], secret } })).body.data;
  const key = (await server.expect(201, 'POST', '/v1/api-keys', { body: { name: 'canary-name', scopes: ['admin'] } })).body.data.key;
  await server.expect(204, 'DELETE', `/v1/webhooks/${hook.id}`);
  const text = JSON.stringify(await everything());
  for (const canary of [secret, key, 'canary-name', KEY]) assert.ok(!text.includes(canary), canary);
});

test('a flood of refusals leaves a bounded number of entries that say how many there were', async () => {
  const flood = await Server.start(makeDir('audit-flood'), { args: ['--rate-limit', '0'] });
  const count = 3000;
  const one = async () => { await flood.ask('DELETE', `/api/pipelines/${nowhere}`); };
  const began = Date.now();
  for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, one));
  const entries = await until('the count', async () => {
    const all = await everything('&result=not_found', 100, flood);
    return all.length + all.reduce((sum, entry) => sum + (entry.omitted ?? 0), 0) === count && all;
  });
  assert.ok(entries.length <= 32 + (Date.now() - began) / 1000, `${entries.length} entries`);
  assert.match((await flood.ask('GET', '/metrics')).text, /penstock_audit_refusals_omitted_total [1-9]/);
  await flood.end();
});

test(`killed ${kills} times under load: each change that was answered has one entry, and no entry is without its change`, async () => {
  const dir = makeDir('audit-kills');
  const args = ['--rate-limit', '0'];
  let current = await Server.start(dir, { args });
  const pipeline = await current.create('p', noop);
  const answered = new Map();
  let stopping = false;
  const client = async () => {
    while (!stopping) {
      const id = `load-${randomUUID()}`;
      const isKey = random.below(4) === 0;
      try {
        const { status, body } = isKey
          ? await ask(current.url, 'POST', '/v1/api-keys', { body: { name: id, scopes: ['read:jobs'] }, headers: { 'X-Request-Id': id } })
          : await ask(current.url, 'POST', `/api/pipelines/${pipeline.id}/run`, { body: {}, headers: { 'X-Request-Id': id, 'Idempotency-Key': id } });
        if (status < 300) answered.set(id, isKey ? body.data.id : body.id);
      } catch { await sleep(20); }
    }
  };
  const clients = Array.from({ length: 8 }, client);
  for (let round = 0; round < kills; round += 1) {
    await sleep(random.between(150, 600));
    await current.end('SIGKILL');
    current = await Server.start(dir, { args });
  }
  await sleep(300);
  stopping = true;
  await Promise.all(clients);
  const entries = (await everything('', 100, current)).filter((entry) => entry.request_id.startsWith('load-'));
  const seen = new Map(entries.map((entry) => [entry.request_id, entry.made ?? entry.object]));
  assert.equal(seen.size, entries.length, 'one entry each');
  for (const [id, what] of answered) assert.equal(seen.get(id), what, id);
  const there = new Set();
  for (let offset = 0; ; offset += 100) {
    const { body } = await current.expect(200, 'GET', `/api/pipelines/${pipeline.id}/runs?limit=100&offset=${offset}`);
    for (const run of body) there.add(run.id);
    if (body.length < 100) break;
  }
  for (let page = 1; ; page += 1) {
    const { data } = (await current.expect(200, 'GET', `/v1/api-keys?limit=100&page=${page}`)).body;
    for (const key of data) if (key.name.startsWith('load-')) there.add(key.id);
    if (data.length < 100) break;
  }
  assert.deepEqual([...seen.values()].sort(), [...there].sort());
  console.log(`# ${answered.size} answered, ${entries.length} entries`);
  await current.end();
});

await finish(async () => {
  receiver.close();
  await cleanUp();
});
