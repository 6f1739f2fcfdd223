#!/usr/bin/env node
// The REST surfaces from outside: what each endpoint answers, and what a wrong or unauthorized request is told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { finish, test } from '../../tools/lib/cases.mjs';
import { head, exchange, token, webSocket } from './support/raw.mjs';
import { KEY, Server, cleanUp, makeDir, sleep, until } from './support/server.mjs';

const SECRET = 'the-secret-of-the-tokens-of-these-tests';
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const nowhere = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const server = await Server.start(makeDir('rest'), { args: ['--allow-private-addresses', '--kill-grace', '500ms'], env: { PENSTOCK_JWT_SECRET: SECRET } });

const noop = { tasks: [{ id: 'only', type: 'noop' }] };
const napping = (seconds) => ({ tasks: [{ id: 'nap', type: 'sleep', seconds }] });
const yamlOf = (...tasks) => `tasks:\n${tasks.map((task) => `  - {${task}}\n`).join('')}`;
const createEngine = async (body, status = 201) => (await server.expect(status, 'POST', '/api/v1/pipelines', { body: { name: 'engine', yamlDefinition: yamlOf('id: a, type: noop'), ...body } })).body;

/// An answer that is an error of RFC 9457, naming `field` if one is given.
function assertProblem(answer, status, field) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const { type, title, detail, code } = answer.body;
  for (const text of [type, title, detail, code]) assert.ok(typeof text === 'string' && text !== '', answer.text);
  assert.equal(answer.body.status, status);
  if (field !== undefined) assert.ok(detail.includes(field) || answer.body.errors?.some((one) => one.field.includes(field)), `${field} is named: ${answer.text}`);
}

/// Every documented field is there and of its kind.
function assertShape(object, shape) {
  const kinds = {
    uuid: (v) => uuidForm.test(v), time: (v) => timeForm.test(v), text: (v) => typeof v === 'string', integer: Number.isSafeInteger, boolean: (v) => typeof v === 'boolean',
    object: (v) => v !== null && typeof v === 'object' && !Array.isArray(v), list: Array.isArray,
  };
  for (const [name, kind] of Object.entries(shape)) {
    const optional = kind.endsWith('?');
    const value = object[name];
    assert.notEqual(value, undefined, `${name} is missing in ${JSON.stringify(object)}`);
    assert.ok((optional && value === null) || kinds[kind.replace('?', '')](value), `${name} is no ${kind}: ${JSON.stringify(value)}`);
  }
}

const shapes = {
  pipeline: { id: 'uuid', name: 'text', schedule: 'text?', enabled: 'boolean', domain_id: 'uuid?', created_at: 'time', updated_at: 'time?' },
  entry: { id: 'uuid', name: 'text', schedule: 'text?', enabled: 'boolean', domain_id: 'uuid?', domain_name: 'text?', last_run_status: 'text?', last_run_at: 'time?', created_at: 'time' },
  started: { id: 'uuid', pipeline_id: 'uuid', status: 'text', triggered_by: 'text', created_at: 'time' },
  listed: { id: 'uuid', pipeline_id: 'uuid', status: 'text', triggered_by: 'text', started_at: 'time?', finished_at: 'time?', error: 'text?', created_at: 'time' },
  run: { id: 'uuid', pipeline_id: 'uuid', status: 'text', triggered_by: 'text', started_at: 'time?', finished_at: 'time?', error: 'text?', output_file: 'text?', output_file_size: 'integer?' },
  engine: { id: 'uuid', workspaceId: 'uuid', name: 'text', version: 'integer', status: 'text', tags: 'list', maxRetries: 'integer', retryDelaySeconds: 'integer', timeoutSeconds: 'integer',
    isActive: 'boolean', createdAt: 'time', updatedAt: 'time', createdBy: 'text' },
  status: { runId: 'uuid', pipelineId: 'uuid', overallStatus: 'text', taskStatuses: 'object', errors: 'object' },
};

/// The endpoints with the scope each needs; undefined: any credentials.
const endpoints = [
  ['GET', '/api/pipelines', 'read:pipelines'], ['POST', '/api/pipelines', 'write:pipelines'], ['GET', '/api/pipelines/ID', 'read:pipelines'], ['PUT', '/api/pipelines/ID', 'write:pipelines'],
  ['DELETE', '/api/pipelines/ID', 'write:pipelines'], ['POST', '/api/pipelines/ID/run', 'write:pipelines'], ['POST', '/api/pipelines/ID/duplicate', 'write:pipelines'],
  ['GET', '/api/pipelines/ID/runs', 'read:jobs'], ['GET', '/api/pipelines/runs/ID', 'read:jobs'], ['GET', '/api/pipelines/runs/ID/logs', 'read:jobs'],
  ['GET', '/api/pipelines/runs/ID/download', 'read:jobs'], ['POST', '/api/pipelines/runs/ID/cancel', 'write:pipelines'],
  ['GET', '/api/v1/pipelines', 'read:pipelines'], ['POST', '/api/v1/pipelines', 'write:pipelines'], ['GET', '/api/v1/pipelines/ID', 'read:pipelines'],
  ['PUT', '/api/v1/pipelines/ID', 'write:pipelines'], ['DELETE', '/api/v1/pipelines/ID', 'write:pipelines'], ['POST', '/api/v1/pipelines/ID/run', 'write:pipelines'],
  ['GET', '/api/v1/runs/ID', 'read:jobs'], ['POST', '/api/v1/runs/ID/cancel', 'write:pipelines'], ['GET', '/api/v1/runs/ID/stream', 'read:jobs'],
  ['GET', '/v1/api-keys', 'admin'], ['POST', '/v1/api-keys', 'admin'], ['DELETE', '/v1/api-keys/ID', 'admin'], ['GET', '/v1/whoami', undefined],
].map(([method, target, scope]) => ({ method, target: target.replace('ID', nowhere), pattern: target, scope }));

const makeKey = async (scopes, more = {}) => (await server.expect(201, 'POST', '/v1/api-keys', { body: { name: 'of a test', scopes, ...more } })).body.data;

/// A request by curl, a client that others wrote; resolves to { status, headers, text }.
function curl(target, ...options) {
  const out = execFileSync('curl', ['-sS', '-i', '--max-time', '20', ...options, server.url + target], { encoding: 'utf8' });
  const [top, ...rest] = out.split('\r\n\r\n');
  return { status: Number(top.split(' ')[1]), headers: top.toLowerCase(), text: rest.join('\r\n\r\n') };
}

// ---- open endpoints

test('health, readiness, metrics and the description need no credentials', async () => {
  for (const target of ['/health', '/ready', '/metrics', '/openapi.json']) {
    const answer = await server.expect(200, 'GET', target, { key: '' });
    assert.ok(answer.headers['x-request-id'], target);
  }
});

test('metrics are in the form Prometheus reads', async () => {
  const { text, headers } = await server.expect(200, 'GET', '/metrics', { key: '' });
  assert.match(headers['content-type'], /^text\/plain/);
  const types = new Map();
  const seen = new Set();
  for (const line of text.split('\n').filter(Boolean)) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1]), `one TYPE line of ${type[1]}`);
      types.set(type[1], type[2]);
      continue;
    }
    if (/^# HELP \S+ \S/.test(line)) continue;
    const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?(?:\d+\.?\d*(?:e[+-]?\d+)?|Inf)|NaN)$/i.exec(line);
    assert.ok(sample, `no sample: ${line}`);
    assert.ok(types.has(sample[1]) || types.has(sample[1].replace(/_(bucket|sum|count)$/, '')), `no type of ${line}`);
    assert.ok(!seen.has(sample[1] + sample[2]), `twice: ${line}`);
    seen.add(sample[1] + sample[2]);
    assert.ok(!/[0-9a-f]{8}-[0-9a-f]{4}-/.test(line), `an id in a label: ${line}`);
  }
  assert.ok(seen.size > 10);
  try {
    execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (problem) {
    if (problem.code !== 'ENOENT') throw new Error(`promtool: ${problem.stdout}${problem.stderr}`);
  }
});

test('a token closes the metrics where one is set', async () => {
  const closed = await Server.start(makeDir('metrics'), { args: ['--metrics-token', 'let-me-in'] });
  const refused = await closed.expect(401, 'GET', '/metrics', { key: '' });
  assert.ok(refused.headers['www-authenticate']);
  await closed.expect(401, 'GET', '/metrics', { key: 'let-me-ix' });
  await closed.expect(200, 'GET', '/metrics', { key: 'let-me-in' });
  await closed.end();
});

test('the description lists every endpoint', async () => {
  const { body } = await server.expect(200, 'GET', '/openapi.json', { key: '' });
  assert.match(body.openapi, /^3\./);
  const has = new Set(Object.entries(body.paths).flatMap(([route, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${route.replace(/\{\w+\}/, 'ID')}`)));
  for (const { method, pattern } of endpoints) assert.ok(has.has(`${method} ${pattern}`), `${method} ${pattern}`);
  const ids = Object.values(body.paths).flatMap((methods) => Object.values(methods).map((operation) => operation.operationId));
  assert.equal(new Set(ids).size, ids.length, 'operation ids are unique');
  const refs = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((found) => found[1]);
  for (const name of refs) assert.ok(body.components.schemas[name], `schema ${name}`);
});

// ---- who may do what

test('without credentials every endpoint answers 401 and says how to send them', async () => {
  for (const { method, target } of endpoints) {
    const answer = await server.ask(method, target, { key: '' });
    assert.equal(answer.status, 401, `${method} ${target}`);
    assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/, `${method} ${target}`);
  }
});

test('wrong credentials are refused, the right ones taken in both headers', async () => {
  for (const Authorization of ['Bearer', 'Bearer ', `Bearer ${KEY}x`, `Bearer ${KEY.slice(0, -1)}`, `Basic ${Buffer.from(`x:${KEY}`).toString('base64')}`, KEY, `Bearer gcs_live_sk_${'a'.repeat(36)}`]) {
    await server.expect(401, 'GET', '/v1/whoami', { key: '', headers: { Authorization } });
  }
  await server.expect(401, 'GET', '/v1/whoami', { key: '', headers: { 'x-api-key': 'nonsense' } });
  await server.expect(200, 'GET', '/v1/whoami', { key: '', headers: { 'x-api-key': KEY } });
  await server.expect(200, 'GET', '/v1/whoami', { key: '', headers: { Authorization: `bearer ${KEY}` } });
});

test('each scope opens its endpoints and no other, and is looked at before existence', async () => {
  const keys = new Map();
  for (const scope of ['read:pipelines', 'write:pipelines', 'read:jobs', 'read:metrics']) keys.set(scope, (await makeKey([scope])).key);
  for (const [scope, key] of keys) {
    for (const wanted of endpoints) {
      const { status } = await server.ask(wanted.method, wanted.target, { key });
      const what = `${wanted.method} ${wanted.target} with ${scope}`;
      if (wanted.scope === undefined || wanted.scope === scope) assert.ok(status !== 403 && status !== 401, `${what}: ${status}`);
      else assert.equal(status, 403, what);
    }
  }
});

test('who one is', async () => {
  const { body } = await server.expect(200, 'GET', '/v1/whoami');
  assert.match(body.data.workspace_id, uuidForm);
  assert.deepEqual(body.data.scopes, ['admin']);
  assert.ok(body.data.subject);
});

test('an API key: shown once, expiring to the second, used, revoked at once', async () => {
  const made = await makeKey(['read:pipelines', 'read:jobs'], { expires_in_days: 90 });
  assert.match(made.id, /^key_/);
  assert.match(made.key, /^gcs_(live|test)_sk_\w{30,}$/);
  assert.ok(made.key.startsWith(made.prefix));
  assert.equal(Date.parse(made.expires_at) - Date.parse(made.created_at), 90 * 86_400_000);
  const find = async () => {
    const { body, text } = await server.expect(200, 'GET', '/v1/api-keys?limit=100');
    assert.ok(!text.includes(made.key.slice(12)), 'the list does not hold the key');
    return body.data.find(({ id }) => id === made.id);
  };
  const listed = await find();
  assertShape(listed, { id: 'text', name: 'text', prefix: 'text', scopes: 'list', created_at: 'time', last_used: 'time?', expires_at: 'time?' });
  assert.equal(listed.last_used, null);
  await server.expect(200, 'GET', '/api/pipelines', { key: made.key });
  await until('the time of use', async () => (await find()).last_used !== null, { timeoutMs: 5_000 });
  const gone = await server.expect(204, 'DELETE', `/v1/api-keys/${made.id}`);
  assert.equal(gone.text, '');
  for (const target of ['/api/pipelines', '/api/v1/pipelines', '/v1/whoami']) await server.expect(401, 'GET', target, { key: made.key });
  await server.expect(404, 'DELETE', '/v1/api-keys/key_3fa85f6457174562b3fc2c963f66afa6');
});

test('an API key is known when its making is answered, and refused when its end is', async () => {
  for (let n = 0; n < 300; ++n) {
    const { id, key } = await makeKey(['read:jobs']);
    assert.equal((await server.ask('GET', '/v1/whoami', { key })).status, 200, `key ${n}, just made`);
    await server.expect(204, 'DELETE', `/v1/api-keys/${id}`);
    assert.equal((await server.ask('GET', '/v1/whoami', { key })).status, 401, `key ${n}, just revoked`);
  }
});

test('errors about API keys are in the form of the cloud document', async () => {
  const cases = [[{ scopes: ['admin'] }, 'name'], [{ name: 'x' }, 'scopes'], [{ name: 'x', scopes: [] }, 'scopes'], [{ name: 'x', scopes: ['write:all'] }, 'write:all'], [{ name: 'x', scopes: 'admin' }, 'scopes'],
    [{ name: 'x', scopes: ['admin'], expires_in_days: 0 }, 'expires_in_days'], [{ name: 'x', scopes: ['admin'], expires_in_days: '9' }, 'expires_in_days'], [{ name: 7, scopes: ['admin'] }, 'name']];
  for (const [body, field] of cases) {
    const answer = await server.expect(400, 'POST', '/v1/api-keys', { body });
    assert.equal(answer.body.error.code, 'BAD_REQUEST');
    assert.ok(answer.body.error.message.includes(field), answer.text);
    assert.equal(typeof answer.body.error.docs_url, 'string');
  }
  assert.equal((await server.expect(401, 'GET', '/v1/api-keys', { key: 'x' })).body.error.code, 'UNAUTHORIZED');
  const { key } = await makeKey(['read:jobs']);
  assert.equal((await server.expect(403, 'GET', '/v1/api-keys', { key })).body.error.code, 'FORBIDDEN');
});

test('a list of API keys comes in pages', async () => {
  for (let i = 0; i < 3; ++i) await makeKey(['read:jobs']);
  const { body } = await server.expect(200, 'GET', '/v1/api-keys?page=2&limit=2');
  assert.equal(body.data.length, 2);
  assert.deepEqual({ page: body.meta.page, limit: body.meta.limit, pages: body.meta.total_pages }, { page: 2, limit: 2, pages: Math.ceil(body.meta.total / 2) });
  assert.equal((await server.expect(200, 'GET', '/v1/api-keys?limit=5000')).body.meta.limit, 100);
});

test('a token signed with HS256 and the secret is taken, every other refused', async () => {
  const now = Math.floor(Date.now() / 1000);
  const good = { sub: 'u-1001', workspace_id: randomUUID(), scope: 'read:pipelines read:jobs', exp: now + 60 };
  const { body } = await server.expect(200, 'GET', '/v1/whoami', { key: token(good, SECRET) });
  assert.deepEqual(body.data, { workspace_id: good.workspace_id, subject: 'u-1001', scopes: ['read:pipelines', 'read:jobs'] });
  const { exp, ...endless } = good;
  await server.expect(200, 'GET', '/v1/whoami', { key: token(endless, SECRET) });
  const [top, claims, signature] = token(good, SECRET).split('.');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  const refused = {
    'alg none': `${unsigned}.${claims}.`, 'alg none with a signature': token(good, SECRET, { alg: 'none' }), 'alg None': `${Buffer.from('{"alg":"None"}').toString('base64url')}.${claims}.`,
    'wrong secret': token(good, `${SECRET}x`), 'empty secret': token(good, ''), HS512: token(good, SECRET, { alg: 'HS512' }, 'sha512'), 'HS512 in name': token(good, SECRET, { alg: 'HS512' }),
    crit: token(good, SECRET, { alg: 'HS256', crit: ['exp'] }), expired: token({ ...good, exp: now - 120 }, SECRET), 'not yet': token({ ...good, nbf: now + 600 }, SECRET),
    'no workspace': token({ sub: 'x', scope: 'admin' }, SECRET), 'workspace no uuid': token({ ...good, workspace_id: 'mine' }, SECRET), 'exp no number': token({ ...good, exp: 'soon' }, SECRET),
    'no signature': `${top}.${claims}.`, 'two parts': `${top}.${claims}`, 'four parts': `${top}.${claims}.${signature}.x`, 'another text': `${top}.${Buffer.from(JSON.stringify({ ...good, scope: 'admin' })).toString('base64url')}.${signature}`,
    'claims a list': token([good], SECRET),
  };
  for (const [what, key] of Object.entries(refused)) {
    const answer = await server.ask('GET', '/v1/whoami', { key });
    assert.equal(answer.status, 401, what);
    assert.ok(answer.headers['www-authenticate'], what);
    assert.ok(!answer.text.includes(claims), what);
  }
  await server.expect(403, 'GET', '/api/pipelines', { key: token({ ...good, scope: undefined }, SECRET) });
  await server.expect(403, 'POST', '/api/pipelines', { key: token(good, SECRET), body: { name: 'x', config: noop } });
});

test('a workspace sees nothing of another, and may be told so only by 404', async () => {
  const key = token({ sub: 'u-2', workspace_id: randomUUID(), scope: 'admin' }, SECRET);
  const { id } = await server.create('mine', noop);
  const run = await server.startRun(id);
  for (const [method, target] of [['GET', `/api/pipelines/${id}`], ['PUT', `/api/pipelines/${id}`], ['DELETE', `/api/pipelines/${id}`], ['POST', `/api/pipelines/${id}/run`], ['POST', `/api/pipelines/${id}/duplicate`],
    ['GET', `/api/pipelines/${id}/runs`], ['GET', `/api/pipelines/runs/${run}`], ['GET', `/api/pipelines/runs/${run}/logs`], ['GET', `/api/pipelines/runs/${run}/download`], ['POST', `/api/pipelines/runs/${run}/cancel`],
    ['GET', `/api/v1/pipelines/${id}`], ['PUT', `/api/v1/pipelines/${id}`], ['DELETE', `/api/v1/pipelines/${id}`], ['POST', `/api/v1/pipelines/${id}/run`], ['GET', `/api/v1/runs/${run}`], ['POST', `/api/v1/runs/${run}/cancel`]]) {
    const answer = await server.ask(method, target, { key, ...(method === 'PUT' ? { body: { name: 'taken' } } : {}) });
    assert.equal(answer.status, 404, `${method} ${target}: ${answer.text}`);
  }
  assert.deepEqual((await server.expect(200, 'GET', '/api/pipelines', { key })).body, []);
  assert.equal((await server.expect(200, 'GET', '/api/v1/pipelines', { key })).headers['x-total-count'], '0');
  assert.deepEqual((await server.expect(200, 'GET', '/v1/api-keys', { key })).body.data, []);
  await server.expect(200, 'GET', `/api/pipelines/${id}`);
  assert.equal((await webSocket(server.url, `/api/v1/runs/${run}/stream`, { fields: { Authorization: `Bearer ${key}` } })).status, 404);
});

// ---- what every answer has, what every wrong request is told

test('every answer carries an id of its own', async () => {
  const ids = new Set();
  for (const [method, target] of [['GET', '/health'], ['GET', '/api/pipelines'], ['GET', '/no/such/path'], ['PATCH', '/api/pipelines'], ['GET', '/v1/whoami'], ['POST', '/api/pipelines']]) {
    ids.add((await server.ask(method, target)).headers['x-request-id']);
  }
  assert.equal(ids.size, 6);
  assert.ok(!ids.has(undefined));
});

test('a method that a path does not take is a 405 with Allow', async () => {
  for (const [method, target, allowed] of [['PATCH', '/api/pipelines', ['GET', 'POST']], ['DELETE', '/api/pipelines', ['GET', 'POST']], ['GET', `/api/pipelines/${nowhere}/run`, ['POST']], ['POST', '/v1/whoami', ['GET']],
    ['POST', `/api/v1/runs/${nowhere}`, ['GET']], ['PUT', '/health', ['GET']], ['GET', `/v1/api-keys/${nowhere}`, ['DELETE']]]) {
    const answer = await server.ask(method, target);
    assert.equal(answer.status, 405, `${method} ${target}`);
    const has = answer.headers.allow.split(/,\s*/);
    for (const one of allowed) assert.ok(has.includes(one), `${target}: Allow ${answer.headers.allow}`);
    assert.ok(!has.includes(method));
  }
  assertProblem(await server.ask('GET', '/no/such/path'), 404);
});

test('bodies: too large, of another type, no JSON', async () => {
  const small = await Server.start(makeDir('small'), { args: ['--max-body', '2000'] });
  const long = JSON.stringify({ name: 'x'.repeat(3000), config: noop });
  assertProblem(await small.ask('POST', '/api/pipelines', { body: long }), 413);
  const chunked = await exchange(small.url, `${head('POST', '/api/pipelines', { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' })}${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`);
  assert.deepEqual(chunked.statuses, [413], chunked.text);
  await small.expect(200, 'GET', '/v1/whoami');
  await small.end();
  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded']) {
    assertProblem(await server.ask('POST', '/api/pipelines', { body: JSON.stringify({ name: 'x', config: noop }), headers: { 'Content-Type': type } }), 415);
  }
  await server.expect(201, 'POST', '/api/pipelines', { body: JSON.stringify({ name: 'x', config: noop }), headers: { 'Content-Type': 'application/json; charset=utf-8' } });
  const wrong = ['{', '[]', '"x"', 'null', '{"name":"x",}', '{"name":"a","name":"b"}', '{"name":"x"} {}', '{"name":"x"}\0', '{"name":"\u0000"}', "{'name':1}", '{"name":NaN}', '{"name":12345678901234567890123}', '{"name":"\\ud800"}',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`, `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), Buffer.from('{"name":"\xc0\xaf"}', 'latin1')];
  for (const body of wrong) {
    for (const target of ['/api/pipelines', '/api/v1/pipelines']) assertProblem(await server.ask('POST', target, { body }), 400);
    assert.equal((await server.ask('POST', '/v1/api-keys', { body })).status, 400, String(body).slice(0, 60));
  }
});

test('wrong input names the field', async () => {
  const { id } = await server.create('fields', noop);
  const engine = (await createEngine()).id;
  const wrong = [
    ['POST', '/api/pipelines', { config: noop }, 'name'], ['POST', '/api/pipelines', { name: 'x' }, 'config'], ['POST', '/api/pipelines', { name: 7, config: noop }, 'name'], ['POST', '/api/pipelines', { name: '', config: noop }, 'name'],
    ['POST', '/api/pipelines', { name: 'x', config: 'text' }, 'config'], ['POST', '/api/pipelines', { name: 'x', config: noop, enabled: 'yes' }, 'enabled'], ['POST', '/api/pipelines', { name: 'x', config: noop, schedule: 'often' }, 'schedule'],
    ['POST', '/api/pipelines', { name: 'x', config: noop, schedule: '0 0 31 13 *' }, 'schedule'], ['POST', '/api/pipelines', { name: 'x', config: noop, schedule: '0 0 0 * * *' }, 'schedule'],
    ['POST', '/api/pipelines', { name: 'x', config: noop, domain_id: 'marketing' }, 'domain_id'], ['PUT', `/api/pipelines/${id}`, { enabled: 1 }, 'enabled'], ['PUT', `/api/pipelines/${id}`, { name: null }, 'name'],
    ['PUT', `/api/pipelines/${id}`, { config: { tasks: 7 } }, 'tasks'], ['POST', `/api/pipelines/${id}/duplicate`, { name: 7 }, 'name'], ['POST', `/api/pipelines/${id}/run`, { parameters: [] }, 'parameters'],
    ['POST', '/api/v1/pipelines', { name: 'x' }, 'yamlDefinition'], ['POST', '/api/v1/pipelines', { yamlDefinition: 'tasks: []' }, 'name'], ['POST', '/api/v1/pipelines', { name: 'x', yamlDefinition: {} }, 'yamlDefinition'],
    ['POST', '/api/v1/pipelines', { name: 'x', yamlDefinition: yamlOf('id: a, type: noop'), maxRetries: 'three' }, 'maxRetries'], ['PUT', `/api/v1/pipelines/${engine}`, { timeoutSeconds: -1 }, 'timeoutSeconds'],
    ['PUT', `/api/v1/pipelines/${engine}`, { tags: 'billing' }, 'tags'], ['PUT', `/api/v1/pipelines/${engine}`, { retryDelaySeconds: 1.5 }, 'retryDelaySeconds'], ['PUT', `/api/v1/pipelines/${engine}`, { isActive: 'no' }, 'isActive'],
    ['PUT', `/api/v1/pipelines/${engine}`, { scheduleCron: '61 * * * *' }, 'scheduleCron'], ['PUT', `/api/v1/pipelines/${engine}`, { sourceConnectionId: 'prod' }, 'sourceConnectionId'],
    ['PUT', `/api/v1/pipelines/${engine}`, { notifications: [] }, 'notifications'], ['POST', `/api/v1/pipelines/${engine}/run`, { triggeredBy: 7 }, 'triggeredBy'],
  ];
  const before = (await server.expect(200, 'GET', '/api/pipelines')).headers['x-total-count'];
  for (const [method, target, body, field] of wrong) assertProblem(await server.ask(method, target, { body }), 400, field);
  for (const target of ['/api/pipelines?limit=x', '/api/pipelines?limit=-1', `/api/pipelines/${id}/runs?offset=a`, `/api/pipelines/${id}/runs?status=completed`, '/api/pipelines?domain_id=7', '/api/v1/pipelines?workspaceId=7']) {
    assertProblem(await server.ask('GET', target), 400, /\?(\w+)=/.exec(target)[1]);
  }
  assert.equal((await server.expect(200, 'GET', '/api/pipelines')).headers['x-total-count'], before, 'nothing was stored');
  await server.expect(201, 'POST', '/api/pipelines', { body: { name: 'x', config: noop, colour: 'blue' } });
  for (const { method, target } of endpoints.filter((one) => one.pattern.includes('ID') && !one.pattern.startsWith('/v1') && one.method !== 'PUT')) {
    const { status } = await server.ask(method, target);
    assert.equal(status, target.endsWith('/stream') ? status : 404, `${method} ${target}`);
  }
});

test('all errors of a definition are told at once, each with its place', async () => {
  const text = 'version: 1\ntasks:\n  - id: a\n    type: noopp\n  - id: b\n    type: sql\n    sql: selec 1\n    needz: [a]\n  - id: c\n    type: noop\n    needs: [nobody]\n';
  const yaml = await server.ask('POST', '/api/v1/pipelines', { body: { name: 'wrong', yamlDefinition: text } });
  assertProblem(yaml, 400, 'noopp');
  const found = yaml.body.errors.map(({ field, line, column }) => ({ field: field.replace('yamlDefinition.', ''), line, column }));
  assert.deepEqual(found, [{ field: 'tasks[0].type', line: 4, column: 11 }, { field: 'tasks[1].sql', line: 7, column: 10 }, { field: 'tasks[1].needz', line: 8, column: 12 }, { field: 'tasks[2].needs[0]', line: 11, column: 13 }]);
  for (const word of ['`noop`', '`needs`', 'nobody', 'selec']) assert.ok(yaml.body.detail.includes(word), yaml.body.detail);
  const body = '{"name": "wrong",\n "config": {"tasks": [\n  {"id": "a", "type": "noopp"},\n  {"id": "b", "type": "noop", "needs": ["c"]},\n  {"id": "c", "type": "noop", "needs": ["b"]}]}}';
  const json = await server.ask('POST', '/api/pipelines', { body });
  assertProblem(json, 400, 'noopp');
  assert.equal(json.body.errors[0].line, 3);
  assert.equal(json.body.errors[0].column, body.split('\n')[2].indexOf('"noopp"') + 1);
  assert.equal((await server.expect(400, 'POST', '/api/pipelines', { body: { name: 'x', config: { tasks: [{ id: 'a', type: 'noop', needs: ['b'] }, { id: 'b', type: 'noop', needs: ['a'] }] } } })).body.code, 'invalid_argument');
  for (const yamlDefinition of ['tasks:\n  - &a {id: a, type: noop}\n  - *a\n', 'tasks: !!seq []\n', 'a: [b\n', 'tasks:\n  - {id: a, id: b, type: noop}\n', '']) {
    assertProblem(await server.ask('POST', '/api/v1/pipelines', { body: { name: 'x', yamlDefinition } }), 400, 'yamlDefinition');
  }
});

// ---- the pipelines surface

test('pipelines: create, get, list, change, delete', async () => {
  const config = { tasks: [{ id: 'a', type: 'noop' }, { id: 'b', type: 'noop', needs: ['a'] }] };
  const domain = randomUUID();
  const made = await server.expect(201, 'POST', '/api/pipelines', { body: { name: 'first', config, schedule: '0 */6 * * *', domain_id: domain } });
  assertShape(made.body, shapes.pipeline);
  assert.equal(made.body.config, undefined);
  assert.deepEqual({ enabled: made.body.enabled, updated: made.body.updated_at, schedule: made.body.schedule, domain: made.body.domain_id }, { enabled: true, updated: null, schedule: '0 */6 * * *', domain });
  const { id } = made.body;
  const got = await server.expect(200, 'GET', `/api/pipelines/${id}`);
  assertShape(got.body, shapes.pipeline);
  assert.deepEqual(got.body.config, config);
  const second = await server.create('second', noop);
  const listed = await server.expect(200, 'GET', '/api/pipelines');
  assert.ok(Array.isArray(listed.body));
  assert.deepEqual(listed.body.slice(0, 2).map((one) => one.id), [second.id, id], 'newest first');
  for (const entry of listed.body) assertShape(entry, shapes.entry), assert.equal(entry.config, undefined);
  assert.equal(listed.headers['x-total-count'], String(listed.body.length));
  const page = await server.expect(200, 'GET', '/api/pipelines?limit=1&offset=1');
  assert.deepEqual(page.body.map((one) => one.id), [id]);
  assert.equal(page.headers['x-total-count'], listed.headers['x-total-count']);
  const ofDomain = await server.expect(200, 'GET', `/api/pipelines?domain_id=${domain}`);
  assert.deepEqual(ofDomain.body.map((one) => one.id), [id]);
  assert.equal(ofDomain.headers['x-total-count'], '1');
  const put = await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { name: 'renamed', schedule: '0 */4 * * *', enabled: false } });
  assertShape(put.body, shapes.pipeline);
  assert.ok(put.body.updated_at >= put.body.created_at);
  const after = (await server.expect(200, 'GET', `/api/pipelines/${id}`)).body;
  assert.deepEqual({ name: after.name, schedule: after.schedule, enabled: after.enabled, domain: after.domain_id, config: after.config }, { name: 'renamed', schedule: '0 */4 * * *', enabled: false, domain, config });
  const cleared = (await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { schedule: null, domain_id: null } })).body;
  assert.deepEqual([cleared.schedule, cleared.domain_id], [null, null]);
  assert.equal((await server.expect(204, 'DELETE', `/api/pipelines/${id}`)).text, '');
  for (const target of [`/api/pipelines/${id}`, `/api/pipelines/${id}/runs`]) assertProblem(await server.ask('GET', target), 404);
  assertProblem(await server.ask('DELETE', `/api/pipelines/${id}`), 404);
});

test('pipelines: runs, their list, log, file and cancel', async () => {
  const rows = Array.from({ length: 50 }, (_, n) => ({ n, word: `w${n}` }));
  const { id } = await server.create('rows', { tasks: [{ id: 'rows', type: 'source', connector: 'inline', rows }, { id: 'out', type: 'sink', needs: ['rows'], connector: 'file', format: 'csv' }] });
  const started = await server.expect(202, 'POST', `/api/pipelines/${id}/run`);
  assertShape(started.body, shapes.started);
  assert.deepEqual([started.body.status, started.body.triggered_by, started.body.pipeline_id], ['pending', 'manual', id]);
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
  await until('running', async () => (await server.expect(200, 'GET', `/api/pipelines/runs/${active}`)).body.status === 'running');
  assert.deepEqual((await server.expect(200, 'POST', `/api/pipelines/runs/${active}/cancel`)).body.status, 'cancelled');
  assert.equal((await server.expect(200, 'GET', `/api/pipelines/runs/${active}`)).body.status, 'cancelled');
  assertProblem(await server.ask('POST', `/api/pipelines/runs/${run.id}/cancel`), 409);
  assertProblem(await server.ask('GET', `/api/pipelines/runs/${active}/download`), 404);
  for (let i = 0; i < 2; ++i) await server.expect(202, 'POST', `/api/pipelines/${id}/run`);
  const list = await server.expect(200, 'GET', `/api/pipelines/${id}/runs`);
  for (const one of list.body) assertShape(one, shapes.listed);
  assert.equal(list.headers['x-total-count'], '3');
  assert.equal(list.body.at(-1).id, run.id, 'newest first');
  await until('three successes', async () => (await server.expect(200, 'GET', `/api/pipelines/${id}/runs?status=success`)).headers['x-total-count'] === '3');
  assert.deepEqual((await server.expect(200, 'GET', `/api/pipelines/${id}/runs?status=failed`)).body, []);
  assert.deepEqual((await server.expect(200, 'GET', `/api/pipelines/${id}/runs?limit=1&offset=2`)).body.map((one) => one.id), [run.id]);
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
  const config = { name: 'hubspot-contacts', source: { name: 'hubspot', stream: 'contacts', authentication: { type: 'api_key', params: { token: 'pat-xxx' } } }, destination: { name: 'bigquery', config: { project_id: 'my-project', dataset: 'raw_data' } } };
  const { body } = await server.expect(201, 'POST', '/api/pipelines', { body: { name: 'HubSpot to BigQuery', config, schedule: '0 */6 * * *', enabled: true, domain_id: randomUUID() } });
  for (const word of ['hubspot', 'bigquery']) assert.ok(body.warnings.some((warning) => warning.includes(word)), JSON.stringify(body.warnings));
  assert.ok(!JSON.stringify(body).includes('pat-xxx'));
  assert.deepEqual((await server.expect(200, 'GET', `/api/pipelines/${body.id}`)).body.config, config);
  const run = (await server.expect(200, 'POST', `/api/pipelines/${body.id}/run`, { headers: { Prefer: 'wait=20' } })).body;
  assert.equal(run.status, 'failed');
  assert.match(run.error, /hubspot/);
  for (const target of [`/api/pipelines/runs/${run.id}`, `/api/pipelines/runs/${run.id}/logs`, '/api/pipelines']) assert.ok(!(await server.expect(200, 'GET', target)).text.includes('pat-xxx'), target);
});

// ---- the engine surface

test('engine: create, get, list, change, delete', async () => {
  const given = { name: `billing-${randomUUID()}`, description: 'Daily extract → warehouse', yamlDefinition: yamlOf('id: a, type: noop'), scheduleCron: '0 2 * * *', tags: ['billing', 'daily'] };
  const made = await createEngine(given);
  assertShape(made, shapes.engine);
  const { createdAt, updatedAt, ...plain } = made;
  assert.deepEqual({ version: plain.version, status: plain.status, maxRetries: plain.maxRetries, delay: plain.retryDelaySeconds, timeout: plain.timeoutSeconds, active: plain.isActive, tags: plain.tags, cron: plain.scheduleCron },
    { version: 1, status: 'DRAFT', maxRetries: 3, delay: 60, timeout: 3600, active: true, tags: given.tags, cron: given.scheduleCron });
  assert.equal(createdAt, updatedAt);
  const got = (await server.expect(200, 'GET', `/api/v1/pipelines/${made.id}`)).body;
  assertShape(got, { ...shapes.engine, yamlDefinition: 'text' });
  assert.equal(got.yamlDefinition, given.yamlDefinition);
  assert.equal(got.description, given.description);
  const found = await server.expect(200, 'GET', `/api/v1/pipelines?search=${given.name.toUpperCase().slice(8, 20).toLowerCase()}&workspaceId=${made.workspaceId}`);
  assert.deepEqual(found.body.map((one) => one.id), [made.id]);
  assert.equal(found.headers['x-total-count'], '1');
  const yamlDefinition = yamlOf('id: a, type: noop', 'id: b, type: noop, needs: [a]');
  const put = (await server.expect(200, 'PUT', `/api/v1/pipelines/${made.id}`, { body: { yamlDefinition, maxRetries: 1 } })).body;
  assert.deepEqual([put.version, put.maxRetries, put.retryDelaySeconds, put.name], [2, 1, 60, given.name]);
  assert.equal((await server.expect(200, 'GET', `/api/v1/pipelines/${made.id}`)).body.yamlDefinition, yamlDefinition);
  assert.ok([200, 204].includes((await server.ask('DELETE', `/api/v1/pipelines/${made.id}`)).status));
  assertProblem(await server.ask('GET', `/api/v1/pipelines/${made.id}`), 404);
});

test('engine: every update counts the version up', async () => {
  const { id } = await createEngine();
  for (const [at, body] of [{ description: 'other' }, { tags: ['x'] }, { timeoutSeconds: 60 }].entries()) {
    assert.equal((await server.expect(200, 'PUT', `/api/v1/pipelines/${id}`, { body })).body.version, at + 2, JSON.stringify(body));
  }
});

test('engine: createdBy is the subject of the token', async () => {
  const workspace_id = randomUUID();
  const key = token({ sub: 'u-1001', workspace_id, scope: 'write:pipelines read:pipelines' }, SECRET);
  const { body } = await server.expect(201, 'POST', '/api/v1/pipelines', { key, body: { name: 'x', yamlDefinition: yamlOf('id: a, type: noop') } });
  assert.deepEqual([body.createdBy, body.workspaceId], ['u-1001', workspace_id]);
});

test('engine: runs, their state and cancel', async () => {
  const ok = await createEngine({ yamlDefinition: yamlOf('id: extract, type: noop', 'id: load, type: noop, needs: [extract]') });
  const started = await server.expect(202, 'POST', `/api/v1/pipelines/${ok.id}/run`, { body: { triggeredBy: 'u-1001' } });
  assertShape(started.body, { runId: 'uuid', pipelineId: 'uuid', status: 'text', taskCount: 'integer', engine: 'text' });
  assert.ok(['RUNNING', 'PENDING'].includes(started.body.status));
  assert.equal(started.body.taskCount, 2);
  await server.ended(started.body.runId);
  const { body } = await server.expect(200, 'GET', `/api/v1/runs/${started.body.runId}`);
  assertShape(body, shapes.status);
  assert.deepEqual([body.overallStatus, body.taskStatuses, body.errors], ['COMPLETED', { extract: 'COMPLETED', load: 'COMPLETED' }, {}]);
  await until('its pipeline succeeded', async () => (await server.expect(200, 'GET', `/api/v1/pipelines/${ok.id}`)).body.status === 'SUCCESS', { timeoutMs: 5_000 });
  const long = await createEngine({ yamlDefinition: yamlOf('id: nap, type: sleep, seconds: 600', 'id: next, type: noop, needs: [nap]') });
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
  const { id } = await createEngine({ maxRetries: 0, yamlDefinition: yamlOf('id: bad, type: shell, command: exit 3', 'id: after, type: noop, needs: [bad]', 'id: beside, type: sleep, seconds: 1', 'id: last, type: noop, needs: [beside]') });
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
  assertProblem(await server.ask('POST', `/api/v1/pipelines/${id}/run`, { body: { yamlDefinition: 'tasks:\n  - {id: a, type: nope}\n' } }), 400, 'nope');
});

test('the example of the engine document is accepted, and its run fails with that reason', async () => {
  const made = await createEngine({ name: 'billing-daily-load', description: 'Daily Teradata → Snowflake billing extract', yamlDefinition: 'version: 1\nsource:\n  connection: teradata-prod\ntarget:\n  connection: snowflake-dwh\n',
    scheduleCron: '0 2 * * *', tags: ['billing', 'daily'], sourceConnectionId: 'a1b2c3d4-0000-0000-0000-000000000001', targetConnectionId: 'a1b2c3d4-0000-0000-0000-000000000002' });
  const got = (await server.expect(200, 'GET', `/api/v1/pipelines/${made.id}`)).body;
  assert.ok(got.warnings.some((warning) => warning.includes('teradata-prod')), JSON.stringify(got));
  const run = (await server.expect(200, 'POST', `/api/v1/pipelines/${made.id}/run`, { headers: { Prefer: 'wait=20' } })).body;
  assert.equal(run.overallStatus, 'FAILED');
  assert.match(JSON.stringify((await server.expect(200, 'GET', `/api/v1/runs/${run.runId}`)).body.errors), /teradata-prod/);
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

// ---- the stream

test('the stream tells the state at once, then each change, and closes after the end', async () => {
  const { id } = await createEngine({ yamlDefinition: yamlOf('id: nap, type: sleep, seconds: 1', 'id: work, type: shell, command: sleep 0.3, needs: [nap]', 'id: last, type: noop, needs: [work]') });
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
  for (const [status, where, fields] of [[401, target, { Authorization: undefined }], [404, `/api/v1/runs/${nowhere}/stream`, {}], [426, target, { 'Sec-WebSocket-Version': '8' }], [400, target, { 'Sec-WebSocket-Key': undefined }]]) {
    assert.equal((await webSocket(server.url, where, { fields })).status, status, JSON.stringify(fields));
  }
  const plain = await server.ask('GET', target);
  assert.ok([400, 426].includes(plain.status), plain.text);
  // A frame that is not masked, one that is too long, one of an unknown kind: the connection ends, the server does not.
  for (const bytes of [Buffer.from([0x81, 2, 0x68, 0x69]), Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]), Buffer.from([0x83, 0x80, 1, 2, 3, 4]), randomBytes(300)]) {
    const stream = await webSocket(server.url, target);
    stream.write(bytes);
    await Promise.race([stream.closed, sleep(5_000).then(() => { throw new Error(`open after ${bytes.subarray(0, 4).toString('hex')}`); })]);
    stream.destroy();
  }
  await server.expect(200, 'POST', `/api/v1/runs/${run}/cancel`);
});

// ---- requests that are repeated, conditions, waiting

test('Idempotency-Key: the same answer to the same request, 422 to another', async () => {
  const { id } = await server.create('again', noop);
  const engine = await createEngine();
  const cases = [['/api/pipelines', { name: 'once', config: noop }, { name: 'twice', config: noop }], [`/api/pipelines/${id}/run`, {}, { parameters: {} }], [`/api/pipelines/${id}/duplicate`, { name: 'a' }, { name: 'b' }],
    ['/api/v1/pipelines', { name: 'once', yamlDefinition: yamlOf('id: a, type: noop') }, { name: 'twice', yamlDefinition: yamlOf('id: a, type: noop') }], [`/api/v1/pipelines/${engine.id}/run`, { triggeredBy: 'a' }, { triggeredBy: 'b' }]];
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
  assertProblem(await server.ask('POST', `/api/pipelines/${id}/run`, { headers: { 'Idempotency-Key': 'x'.repeat(300) } }), 400, 'Idempotency-Key');
});

test('Idempotency-Key: of one workspace means nothing in another', async () => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const key = token({ sub: 'x', workspace_id: randomUUID(), scope: 'admin' }, SECRET);
  const mine = (await server.expect(201, 'POST', '/api/pipelines', { headers, body: { name: 'x', config: noop } })).body.id;
  assert.notEqual((await server.expect(201, 'POST', '/api/pipelines', { key, headers, body: { name: 'x', config: noop } })).body.id, mine);
});

test('ETag and If-Match: a change of what has changed meanwhile is a 412', async () => {
  const { id } = await server.create('tagged', noop);
  const tag = (await server.expect(200, 'GET', `/api/pipelines/${id}`)).headers.etag;
  assert.match(tag, /^"[^"]+"$/);
  const changed = await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { name: 'changed' }, headers: { 'If-Match': tag } });
  assert.notEqual(changed.headers.etag, tag);
  assertProblem(await server.ask('PUT', `/api/pipelines/${id}`, { body: { name: 'again' }, headers: { 'If-Match': tag } }), 412);
  assertProblem(await server.ask('PUT', `/api/v1/pipelines/${id}`, { body: { description: 'x' }, headers: { 'If-Match': tag } }), 412);
  assert.equal((await server.expect(200, 'GET', `/api/pipelines/${id}`)).body.name, 'changed');
  await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { name: 'any' }, headers: { 'If-Match': '*' } });
  const racers = await Promise.all(Array.from({ length: 10 }, async (_, n) => server.ask('PUT', `/api/pipelines/${id}`,
    { body: { name: `racer ${n}` }, headers: { 'If-Match': (await server.ask('GET', `/api/pipelines/${id}`)).headers.etag } })));
  assert.ok(racers.some(({ status }) => status === 200));
  const last = (await server.expect(200, 'GET', `/api/pipelines/${id}`)).headers.etag;
  await server.expect(204, 'DELETE', `/api/pipelines/${id}`, { headers: { 'If-Match': last } });
});

test('If-Match guards a delete as well', async () => {
  const { id } = await server.create('guarded', noop);
  for (const target of [`/api/pipelines/${id}`, `/api/v1/pipelines/${id}`]) assertProblem(await server.ask('DELETE', target, { headers: { 'If-Match': '"of-long-ago"' } }), 412);
  await server.expect(200, 'GET', `/api/pipelines/${id}`);
});

test('Prefer: wait answers with the ended run, or as usual when the time is up', async () => {
  const short = await server.create('short', napping(1));
  const ended = await server.expect(200, 'POST', `/api/pipelines/${short.id}/run`, { headers: { Prefer: 'respond-async, wait=20' } });
  assert.equal(ended.body.status, 'success');
  assert.match(ended.headers['preference-applied'] ?? '', /wait/);
  const long = await server.create('long', napping(600));
  const began = Date.now();
  const late = await server.expect(202, 'POST', `/api/pipelines/${long.id}/run`, { headers: { Prefer: 'wait=1' } });
  assert.ok(Date.now() - began >= 900 && Date.now() - began < 10_000, `${Date.now() - began} ms`);
  await server.expect(200, 'POST', `/api/v1/runs/${late.body.id}/cancel`);
  const headers = { 'Idempotency-Key': randomUUID(), Prefer: 'wait=20' };
  const twice = [await server.expect(200, 'POST', `/api/pipelines/${short.id}/run`, { headers }), await server.expect(200, 'POST', `/api/pipelines/${short.id}/run`, { headers })];
  assert.equal(twice[0].body.id, twice[1].body.id);
  assert.equal(twice[1].body.status, 'success');
});

test('parameters: defaults, types, and what is missing', async () => {
  const config = { parameters: { n: { type: 'integer' }, word: { type: 'string', default: 'hello' } }, tasks: [{ id: 'say', type: 'shell', command: 'echo {{ params.word }} {{ params.n }}' }] };
  const { id } = await server.create('parameters', config);
  const { body } = await server.expect(200, 'POST', `/api/pipelines/${id}/run`, { body: { parameters: { n: 42 } }, headers: { Prefer: 'wait=20' } });
  assert.equal(body.status, 'success', body.error);
  assert.match((await server.expect(200, 'GET', `/api/pipelines/runs/${body.id}/logs`)).body.logs, /hello 42/);
  assertProblem(await server.ask('POST', `/api/pipelines/${id}/run`, { body: { parameters: { n: 'many' } } }), 400, 'n');
  assertProblem(await server.ask('POST', `/api/pipelines/${id}/run`), 400, 'n');
});

test('curl: a pipeline from nothing to its log', () => {
  const auth = ['-H', `Authorization: Bearer ${KEY}`];
  const made = curl('/api/pipelines', ...auth, '-H', 'Content-Type: application/json', '-d', JSON.stringify({ name: 'by curl', config: { tasks: [{ id: 'say', type: 'shell', command: 'echo from curl' }] } }));
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
  const sent = execFileSync('curl', ['-sS', '--max-time', '20', '-o', '/dev/null', '-w', '%{http_code}', ...auth, '-H', 'Content-Type: application/json', '-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue', '--data-binary', '@-', `${server.url}/api/pipelines`], { input: big, encoding: 'utf8' });
  assert.equal(sent, '201');
});

// ---- secrets

/// Files below `dir` that hold `text`.
function filesWith(dir, text) {
  return readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.path, entry.name)).filter((file) => existsSync(file) && readFileSync(file).includes(text));
}

test('no part of a definition lies in the data directory in clear, after a kill or a clean stop', async () => {
  const dir = makeDir('canary');
  const env = { PENSTOCK_JWT_SECRET: `canary${randomBytes(12).toString('hex')}` };
  const canaries = new Map(['command', 'sql', 'error', 'token', 'parameter', 'default', 'header', 'engine', 'own', 'update', 'when'].map((name) => [name, `canary${randomBytes(12).toString('hex')}`]));
  const c = Object.fromEntries(canaries);
  let first = await Server.start(dir, { env, args: ['--allow-private-addresses'] });
  const { id } = await first.create('canaries', { parameters: { p: { type: 'string', default: c.default } }, tasks: [
    { id: 'shell', type: 'shell', command: `: ${c.command} {{ params.p }}` }, { id: 'sql', type: 'sql', sql: `select 1 as one -- ${c.sql}` },
    { id: 'http', type: 'http', url: `http://127.0.0.1:1/${c.error}`, headers: { 'X-Secret': c.header } }, { id: 'masked', type: 'shell', command: `echo it is ${c.token}`, secrets: [c.token] },
    { id: 'nap', type: 'sleep', seconds: 600, needs: ['sql'] }] });
  const engine = (await first.expect(201, 'POST', '/api/v1/pipelines', { body: { name: 'e', yamlDefinition: `# ${c.engine}\ntasks:\n  - {id: a, type: noop}\n` } })).body.id;
  await first.ended(await first.startRun(engine, { yamlDefinition: `tasks:\n  - {id: a, type: shell, command: ": ${c.own}"}\n` }));
  const runs = [await first.startRun(id), await first.startRun(id, { parameters: { p: c.parameter } })];
  for (const run of runs) await until('the tasks', async () => {
    const { taskStatuses } = (await first.expect(200, 'GET', `/api/v1/runs/${run}`)).body;
    return ['shell', 'sql', 'http', 'masked'].every((task) => ['COMPLETED', 'FAILED'].includes(taskStatuses[task]));
  });
  const { logs } = (await first.expect(200, 'GET', `/api/pipelines/runs/${runs[0]}/logs`)).body;
  assert.ok(logs.includes('it is') && !logs.includes(c.token), 'the log masks secrets');
  await first.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { config: { tasks: [{ id: 'a', type: 'shell', command: `: ${c.update}` }] } } });
  const { key } = (await first.expect(201, 'POST', '/v1/api-keys', { body: { name: 'k', scopes: ['read:jobs'] } })).body.data;
  await sleep(1_200);
  const check = (when) => {
    const found = [...canaries, ['JWT secret', env.PENSTOCK_JWT_SECRET], ['bootstrap key', KEY], ['API key', key.slice(12)]].flatMap(([name, text]) => filesWith(dir, text).map((file) => `${name} in ${path.relative(dir, file)}`));
    assert.deepEqual(found, [], when);
  };
  await first.end('SIGKILL');
  check('after SIGKILL');
  for (const text of [...canaries.values(), KEY, key, env.PENSTOCK_JWT_SECRET]) assert.ok(!first.output.includes(text), 'the diary of the server');
  first = await Server.start(dir, { env });
  assert.ok((await first.expect(200, 'GET', `/api/pipelines/${id}`)).text.includes(c.update), 'it can still be read');
  assert.equal((await first.end('SIGTERM')).code, 0);
  check('after a clean stop');
  for (const text of [...canaries.values(), KEY, key, env.PENSTOCK_JWT_SECRET]) assert.ok(!first.output.includes(text), 'the diary of the server');
});

test('the server is as well as before', async () => {
  await server.expect(200, 'GET', '/ready');
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null }, server.output);
});

await finish(cleanUp);
