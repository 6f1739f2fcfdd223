#!/usr/bin/env node
// API keys over their whole life, and how much may be asked with one.
import assert from 'node:assert/strict';
import { finish, numberOption, test } from '../../tools/lib/cases.mjs';
import { exchange, head, webSocket } from './support/raw.mjs';
import { KEY, Server, cleanUp, makeDir, sleep, until } from './support/server.mjs';

const keyCount = numberOption('keys', 500);
const dir = makeDir('keys');
let server = await Server.start(dir);
const bearer = (key) => ({ Authorization: `Bearer ${key}` });
const makeKey = async (more = {}, options = {}, of = server) =>
  (await of.expect(201, 'POST', '/v1/api-keys', { body: { name: 'of a test', scopes: ['admin'], ...more }, ...options })).body.data;
const listed = async (id) => {
  for (let page = 1; ; page += 1) {
    const { data } = (await server.expect(200, 'GET', `/v1/api-keys?limit=100&page=${page}`)).body;
    if (data.length === 0) return undefined;
    const found = data.find((one) => one.id === id);
    if (found) return found;
  }
};
const napping = { tasks: [{ id: 'nap', type: 'sleep', seconds: 60 }] };

test('a key is its caller’s subject, by the id that the list shows', async () => {
  const { id, key } = await makeKey();
  assert.equal((await server.expect(200, 'GET', '/v1/whoami', { key })).body.data.subject, id);
  assert.equal((await listed(id)).id, id);
  const { body } = await server.expect(201, 'POST', '/api/v1/pipelines', { key, body: { name: 'x', yamlDefinition: 'tasks:\n  - {id: a, type: noop}\n' } });
  assert.equal(body.createdBy, id);
});

test('the time of use is that of the newest request, from the first one on', async () => {
  const { id, key } = await makeKey();
  assert.equal((await listed(id)).last_used, null);
  for (let i = 0; i < 3; ++i) {
    const before = Date.now();
    await server.expect(200, 'GET', '/v1/whoami', { key });
    const used = Date.parse((await listed(id)).last_used);
    assert.ok(used >= before && used <= Date.now(), `${used - before} ms`);
    await sleep(20);
  }
  // A request that is refused for its scope was one all the same.
  const reader = await makeKey({ scopes: ['read:jobs'] });
  await server.expect(403, 'GET', '/v1/api-keys', { key: reader.key });
  assert.ok((await listed(reader.id)).last_used);
});

test('a request that is repeated makes no second key and shows no key again', async () => {
  const headers = { 'Idempotency-Key': `once-${Date.now()}` };
  const total = async () => (await server.expect(200, 'GET', '/v1/api-keys')).body.meta.total;
  const before = await total();
  const [first, ...more] = await Promise.all(
    Array.from({ length: 10 }, () => server.ask('POST', '/v1/api-keys', { body: { name: 'once', scopes: ['admin'] }, headers })),
  ).then((answers) => answers.sort((a, b) => a.status - b.status));
  assert.equal(first.status, 201);
  const { id, key } = first.body.data;
  for (const answer of [...more, await server.ask('POST', '/v1/api-keys', { body: { name: 'once', scopes: ['admin'] }, headers })]) {
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.body.error.code, 'CONFLICT');
    assert.ok(answer.body.error.message.includes(id), answer.text);
    assert.ok(!answer.text.includes(key));
  }
  await server.expect(422, 'POST', '/v1/api-keys', { body: { name: 'other', scopes: ['admin'] }, headers });
  assert.equal(await total(), before + 1);
  await server.expect(400, 'POST', '/v1/api-keys', { body: { name: 'x', scopes: ['admin'] }, headers: { 'Idempotency-Key': 'a b' } });
});

test('with a key end the requests and streams that were under way', async () => {
  const pipeline = (await server.create('nap', napping)).id;
  const run = await server.startRun(pipeline);
  const gone = await makeKey();
  const other = await makeKey();
  const stream = (key) => webSocket(server.url, `/api/v1/runs/${run}/stream`, { fields: bearer(key) });
  const streams = await Promise.all([stream(gone.key), stream(gone.key), stream(other.key)]);
  for (const one of streams) {
    assert.equal(one.status, 101);
    assert.ok(one.headers['x-ratelimit-remaining']);
    await until('the state', () => one.messages.length > 0);
  }
  const wait = (key) => server.ask('POST', `/api/pipelines/${pipeline}/run`, { key, headers: { Prefer: 'wait=40' } });
  const refused = [wait(gone.key), wait(gone.key)];
  const kept = wait(other.key);
  await sleep(200);
  const began = Date.now();
  await server.expect(204, 'DELETE', `/v1/api-keys/${gone.id}`);
  for (const one of await Promise.all(refused)) assert.equal(one.status, 401, one.text);
  await Promise.all([streams[0].closed, streams[1].closed]);
  assert.deepEqual([streams[0].closeCode, streams[1].closeCode], [1008, 1008]);
  assert.ok(Date.now() - began < 1_000, `at once, not after ${Date.now() - began} ms`);
  assert.equal((await stream(gone.key)).status, 401);
  assert.equal(streams[2].closeCode, undefined);
  const { body } = await server.expect(200, 'GET', `/api/pipelines/${pipeline}/runs?status=running`);
  for (const { id } of body) await server.expect(200, 'POST', `/api/v1/runs/${id}/cancel`);
  assert.equal((await kept).status, 200);
  await streams[2].closed;
  assert.equal(streams[2].closeCode, 1000);
});

test('a key may revoke itself and hears that it did', async () => {
  for (let i = 0; i < 20; ++i) {
    const { id, key } = await makeKey();
    await server.expect(204, 'DELETE', `/v1/api-keys/${id}`, { key });
    const { text, headers } = await server.expect(401, 'GET', '/v1/whoami', { key });
    assert.match(text, /revoked/);
    assert.ok(headers['www-authenticate']);
  }
});

test('pages of keys are exact while there are many', async () => {
  const made = [];
  for (let i = 0; i < keyCount; i += 50)
    made.push(...(await Promise.all(Array.from({ length: 50 }, (_, n) => makeKey({ name: `many ${i + n}`, scopes: ['read:jobs'] })))));
  const ids = new Set();
  let order = [];
  const { total } = (await server.expect(200, 'GET', '/v1/api-keys?limit=1')).body.meta;
  for (let page = 1; page <= Math.ceil(total / 7); page += 1) {
    const { data, meta } = (await server.expect(200, 'GET', `/v1/api-keys?limit=7&page=${page}`)).body;
    assert.deepEqual(meta, { total, page, limit: 7, total_pages: Math.ceil(total / 7) });
    assert.equal(data.length, Math.min(7, total - (page - 1) * 7));
    for (const one of data) ids.add(one.id);
    order = order.concat(data.map((one) => Date.parse(one.created_at)));
  }
  assert.equal(ids.size, total);
  for (const { id } of made) assert.ok(ids.has(id));
  for (let i = 1; i < order.length; ++i) assert.ok(order[i] <= order[i - 1], 'newest first');
  const beyond = (await server.expect(200, 'GET', '/v1/api-keys?page=1000000000')).body;
  assert.deepEqual(beyond.data, []);
  assert.equal(beyond.meta.total, total);
  await Promise.all(made.slice(0, 100).map(({ id }) => server.expect(204, 'DELETE', `/v1/api-keys/${id}`)));
  assert.equal((await server.expect(200, 'GET', '/v1/api-keys')).body.meta.total, total - 100);
});

test('after a crash keys are as they were', async () => {
  const kept = await makeKey({ expires_in_days: 1, rate_limit: 7 });
  const gone = await makeKey();
  await server.expect(200, 'GET', '/v1/whoami', { key: kept.key });
  await server.expect(204, 'DELETE', `/v1/api-keys/${gone.id}`);
  const before = await listed(kept.id);
  await sleep(100);
  await server.end('SIGKILL');
  server = await Server.start(dir);
  assert.deepEqual(await listed(kept.id), before);
  assert.equal(before.rate_limit, 7);
  await server.expect(401, 'GET', '/v1/whoami', { key: gone.key });
  const { headers } = await server.expect(200, 'GET', '/v1/whoami', { key: kept.key });
  assert.equal(headers['x-ratelimit-limit'], '7');
});

test('who revoked the last admin key gets in again by a new bootstrap key, not by the old one', async () => {
  const data = makeDir('locked-out');
  let one = await Server.start(data);
  const { id } = (await one.expect(200, 'GET', '/v1/api-keys')).body.data[0];
  await makeKey({ scopes: ['read:jobs'] }, {}, one);
  await one.expect(204, 'DELETE', `/v1/api-keys/${id}`);
  assert.match(one.output, /no API key of scope admin/);
  await one.end();
  one = await Server.start(data);
  await one.expect(401, 'GET', '/v1/whoami');
  await one.end();
  const second = `${KEY}-the-second`;
  one = await Server.start(data, { env: { PENSTOCK_BOOTSTRAP_KEY: second } });
  assert.equal((await one.expect(200, 'GET', '/v1/api-keys', { key: second })).body.meta.total, 2);
  await one.end();
  // While there is one, no other is taken.
  one = await Server.start(data, { env: { PENSTOCK_BOOTSTRAP_KEY: `${KEY}-the-third` } });
  await one.expect(401, 'GET', '/v1/whoami', { key: `${KEY}-the-third` });
  await one.expect(200, 'GET', '/v1/whoami', { key: second });
  await one.end();
});

// ---- rates

/// Sends many requests at once on one connection; resolves to their statuses.
const flood = async (of, key, count, target = '/v1/whoami') =>
  exchange(of.url, head('GET', target, bearer(key)).repeat(count - 1) + head('GET', target, { ...bearer(key), Connection: 'close' }), { timeoutMs: 20_000 });

test('a key with a rate of its own is held to it, others are not', async () => {
  const slow = await makeKey({ rate_limit: 4 });
  assert.equal(slow.rate_limit, 4);
  const { statuses, text } = await flood(server, slow.key, 60);
  const good = statuses.filter((status) => status === 200).length;
  assert.equal(statuses.length, 60);
  assert.ok(good >= 20 && good <= 24, `${good}`);
  assert.ok(statuses.every((status) => status === 200 || status === 429));
  assert.match(text, /X-RateLimit-Limit: 4\r\nX-RateLimit-Remaining: 0\r\n/);
  assert.match(text, /Retry-After: 1\r\n/);
  // Both forms of the error; on every surface it is the same bucket.
  const cloud = await server.expect(429, 'GET', '/v1/whoami', { key: slow.key });
  assert.equal(cloud.body.error.code, 'RATE_LIMITED');
  const problem = await server.expect(429, 'GET', '/api/pipelines', { key: slow.key });
  assert.equal(problem.body.code, 'rate_limited');
  assert.equal(problem.headers['content-type'], 'application/problem+json');
  for (const { headers } of [cloud, problem]) {
    assert.equal(headers['x-ratelimit-limit'], '4');
    assert.equal(headers['x-ratelimit-remaining'], '0');
    const reset = Number(headers['x-ratelimit-reset']) - Date.now() / 1000;
    assert.ok(reset > 3 && reset <= 6.5, `${reset}`);
    assert.equal(headers['retry-after'], '1');
  }
  await server.expect(200, 'GET', '/v1/whoami');
  await sleep(Number(cloud.headers['retry-after']) * 1_000);
  await server.expect(200, 'GET', '/v1/whoami', { key: slow.key });
  for (const rate_limit of [0, -1, 1_000_001, '9', 1.5])
    assert.match((await server.expect(400, 'POST', '/v1/api-keys', { body: { name: 'x', scopes: ['admin'], rate_limit } })).text, /rate_limit/);
});

test('the server’s rate counts for every key and token by itself, and open endpoints are free', async () => {
  const one = await Server.start(makeDir('rate'), { env: { PENSTOCK_RATE_LIMIT: '10' } });
  const keys = [(await makeKey({}, {}, one)).key, (await makeKey({}, {}, one)).key];
  for (const key of keys) {
    const good = (await flood(one, key, 200)).statuses.filter((status) => status === 200).length;
    assert.ok(good >= 50 && good <= 60, `${good}`);
  }
  for (const target of ['/health', '/openapi.json', '/metrics'])
    assert.ok((await flood(one, keys[0], 30, target)).statuses.every((status) => status === 200), target);
  const { text } = await one.expect(200, 'GET', '/metrics', { key: '' });
  assert.ok(Number(/penstock_rate_limited_total\{by="caller"\} (\d+)/.exec(text)[1]) >= 270);
  await one.end();
});

test('a rate of 0 limits nothing', async () => {
  const one = await Server.start(makeDir('no-rate'), { args: ['--rate-limit', '0'] });
  const { headers } = await one.expect(200, 'GET', '/v1/whoami');
  assert.equal(headers['x-ratelimit-limit'], undefined);
  const { statuses } = await flood(one, KEY, 12_000);
  assert.ok(statuses.every((status) => status === 200));
  await one.end();
});

await finish(cleanUp);
