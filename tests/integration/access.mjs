#!/usr/bin/env node
// Who may ask what, and what wrong requests are told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { finish, test } from '../../tools/lib/cases.mjs';
import { exchange, head, token, webSocket } from './support/raw.mjs';
import {
  SECRET,
  assertProblem,
  assertShape,
  createEngine,
  endpoints,
  makeKey,
  noop,
  nowhere,
  server,
  uuidForm,
  yamlOf,
} from './support/rest.mjs';
import { KEY, Server, cleanUp, makeDir, until } from './support/server.mjs';

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
    const sample =
      /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?(?:\d+\.?\d*(?:e[+-]?\d+)?|Inf)|NaN)$/i.exec(
        line,
      );
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
  const has = new Set(
    Object.entries(body.paths).flatMap(([route, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${route.replace(/\{\w+\}/, 'ID')}`),
    ),
  );
  for (const { method, pattern } of endpoints) assert.ok(has.has(`${method} ${pattern}`), `${method} ${pattern}`);
  const ids = Object.values(body.paths).flatMap((methods) =>
    Object.values(methods).map((operation) => operation.operationId),
  );
  assert.equal(new Set(ids).size, ids.length, 'operation ids are unique');
  const refs = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    (found) => found[1],
  );
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
  for (const Authorization of [
    'Bearer',
    'Bearer ',
    `Bearer ${KEY}x`,
    `Bearer ${KEY.slice(0, -1)}`,
    `Basic ${Buffer.from(`x:${KEY}`).toString('base64')}`,
    KEY,
    `Bearer gcs_live_sk_${'a'.repeat(36)}`,
  ]) {
    await server.expect(401, 'GET', '/v1/whoami', { key: '', headers: { Authorization } });
  }
  await server.expect(401, 'GET', '/v1/whoami', { key: '', headers: { 'x-api-key': 'nonsense' } });
  await server.expect(200, 'GET', '/v1/whoami', { key: '', headers: { 'x-api-key': KEY } });
  await server.expect(200, 'GET', '/v1/whoami', { key: '', headers: { Authorization: `bearer ${KEY}` } });
});

test('each scope opens its endpoints and no other, and is looked at before existence', async () => {
  const keys = new Map();
  for (const scope of ['read:pipelines', 'write:pipelines', 'read:jobs', 'read:metrics'])
    keys.set(scope, (await makeKey([scope])).key);
  for (const [scope, key] of keys) {
    for (const wanted of endpoints) {
      const { status } = await server.ask(wanted.method, wanted.target, { key });
      const what = `${wanted.method} ${wanted.target} with ${scope}`;
      if (wanted.scope === undefined || wanted.scope === scope)
        assert.ok(status !== 403 && status !== 401, `${what}: ${status}`);
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
  assertShape(listed, {
    id: 'text',
    name: 'text',
    prefix: 'text',
    scopes: 'list',
    created_at: 'time',
    last_used: 'time?',
    expires_at: 'time?',
  });
  assert.equal(listed.last_used, null);
  await server.expect(200, 'GET', '/api/pipelines', { key: made.key });
  await until('the time of use', async () => (await find()).last_used !== null, { timeoutMs: 5_000 });
  const gone = await server.expect(204, 'DELETE', `/v1/api-keys/${made.id}`);
  assert.equal(gone.text, '');
  for (const target of ['/api/pipelines', '/api/v1/pipelines', '/v1/whoami'])
    await server.expect(401, 'GET', target, { key: made.key });
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
  const cases = [
    [{ scopes: ['admin'] }, 'name'],
    [{ name: 'x' }, 'scopes'],
    [{ name: 'x', scopes: [] }, 'scopes'],
    [{ name: 'x', scopes: ['write:all'] }, 'write:all'],
    [{ name: 'x', scopes: 'admin' }, 'scopes'],
    [{ name: 'x', scopes: ['admin'], expires_in_days: 0 }, 'expires_in_days'],
    [{ name: 'x', scopes: ['admin'], expires_in_days: '9' }, 'expires_in_days'],
    [{ name: 7, scopes: ['admin'] }, 'name'],
  ];
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
  assert.deepEqual(
    { page: body.meta.page, limit: body.meta.limit, pages: body.meta.total_pages },
    { page: 2, limit: 2, pages: Math.ceil(body.meta.total / 2) },
  );
  assert.equal((await server.expect(200, 'GET', '/v1/api-keys?limit=5000')).body.meta.limit, 100);
});

test('a token signed with HS256 and the secret is taken, every other refused', async () => {
  const now = Math.floor(Date.now() / 1000);
  const good = { sub: 'u-1001', workspace_id: randomUUID(), scope: 'read:pipelines read:jobs', exp: now + 60 };
  const { body } = await server.expect(200, 'GET', '/v1/whoami', { key: token(good, SECRET) });
  assert.deepEqual(body.data, {
    workspace_id: good.workspace_id,
    subject: 'u-1001',
    scopes: ['read:pipelines', 'read:jobs'],
  });
  const { exp, ...endless } = good;
  await server.expect(200, 'GET', '/v1/whoami', { key: token(endless, SECRET) });
  const [top, claims, signature] = token(good, SECRET).split('.');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  const refused = {
    'alg none': `${unsigned}.${claims}.`,
    'alg none with a signature': token(good, SECRET, { alg: 'none' }),
    'alg None': `${Buffer.from('{"alg":"None"}').toString('base64url')}.${claims}.`,
    'wrong secret': token(good, `${SECRET}x`),
    'empty secret': token(good, ''),
    HS512: token(good, SECRET, { alg: 'HS512' }, 'sha512'),
    'HS512 in name': token(good, SECRET, { alg: 'HS512' }),
    crit: token(good, SECRET, { alg: 'HS256', crit: ['exp'] }),
    expired: token({ ...good, exp: now - 120 }, SECRET),
    'not yet': token({ ...good, nbf: now + 600 }, SECRET),
    'no workspace': token({ sub: 'x', scope: 'admin' }, SECRET),
    'workspace no uuid': token({ ...good, workspace_id: 'mine' }, SECRET),
    'exp no number': token({ ...good, exp: 'soon' }, SECRET),
    'no signature': `${top}.${claims}.`,
    'two parts': `${top}.${claims}`,
    'four parts': `${top}.${claims}.${signature}.x`,
    'another text': `${top}.${Buffer.from(JSON.stringify({ ...good, scope: 'admin' })).toString('base64url')}.${signature}`,
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
  for (const [method, target] of [
    ['GET', `/api/pipelines/${id}`],
    ['PUT', `/api/pipelines/${id}`],
    ['DELETE', `/api/pipelines/${id}`],
    ['POST', `/api/pipelines/${id}/run`],
    ['POST', `/api/pipelines/${id}/duplicate`],
    ['GET', `/api/pipelines/${id}/runs`],
    ['GET', `/api/pipelines/runs/${run}`],
    ['GET', `/api/pipelines/runs/${run}/logs`],
    ['GET', `/api/pipelines/runs/${run}/download`],
    ['POST', `/api/pipelines/runs/${run}/cancel`],
    ['GET', `/api/v1/pipelines/${id}`],
    ['PUT', `/api/v1/pipelines/${id}`],
    ['DELETE', `/api/v1/pipelines/${id}`],
    ['POST', `/api/v1/pipelines/${id}/run`],
    ['GET', `/api/v1/runs/${run}`],
    ['POST', `/api/v1/runs/${run}/cancel`],
  ]) {
    const answer = await server.ask(method, target, { key, ...(method === 'PUT' ? { body: { name: 'taken' } } : {}) });
    assert.equal(answer.status, 404, `${method} ${target}: ${answer.text}`);
  }
  assert.deepEqual((await server.expect(200, 'GET', '/api/pipelines', { key })).body, []);
  assert.equal((await server.expect(200, 'GET', '/api/v1/pipelines', { key })).headers['x-total-count'], '0');
  assert.deepEqual((await server.expect(200, 'GET', '/v1/api-keys', { key })).body.data, []);
  await server.expect(200, 'GET', `/api/pipelines/${id}`);
  assert.equal(
    (await webSocket(server.url, `/api/v1/runs/${run}/stream`, { fields: { Authorization: `Bearer ${key}` } })).status,
    404,
  );
});

// ---- what every answer has, what every wrong request is told

test('every answer carries an id of its own', async () => {
  const ids = new Set();
  for (const [method, target] of [
    ['GET', '/health'],
    ['GET', '/api/pipelines'],
    ['GET', '/no/such/path'],
    ['PATCH', '/api/pipelines'],
    ['GET', '/v1/whoami'],
    ['POST', '/api/pipelines'],
  ]) {
    ids.add((await server.ask(method, target)).headers['x-request-id']);
  }
  assert.equal(ids.size, 6);
  assert.ok(!ids.has(undefined));
});

test('a method that a path does not take is a 405 with Allow', async () => {
  for (const [method, target, allowed] of [
    ['PATCH', '/api/pipelines', ['GET', 'POST']],
    ['DELETE', '/api/pipelines', ['GET', 'POST']],
    ['GET', `/api/pipelines/${nowhere}/run`, ['POST']],
    ['POST', '/v1/whoami', ['GET']],
    ['POST', `/api/v1/runs/${nowhere}`, ['GET']],
    ['PUT', '/health', ['GET']],
    ['GET', `/v1/api-keys/${nowhere}`, ['DELETE']],
  ]) {
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
  const chunked = await exchange(
    small.url,
    `${head('POST', '/api/pipelines', { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' })}${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`,
  );
  assert.deepEqual(chunked.statuses, [413], chunked.text);
  await small.expect(200, 'GET', '/v1/whoami');
  await small.end();
  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded']) {
    assertProblem(
      await server.ask('POST', '/api/pipelines', {
        body: JSON.stringify({ name: 'x', config: noop }),
        headers: { 'Content-Type': type },
      }),
      415,
    );
  }
  await server.expect(201, 'POST', '/api/pipelines', {
    body: JSON.stringify({ name: 'x', config: noop }),
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
  });
  const wrong = [
    '{',
    '[]',
    '"x"',
    'null',
    '{"name":"x",}',
    '{"name":"a","name":"b"}',
    '{"name":"x"} {}',
    '{"name":"x"}\0',
    '{"name":"\u0000"}',
    "{'name':1}",
    '{"name":NaN}',
    '{"name":12345678901234567890123}',
    '{"name":"\\ud800"}',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from('{"name":"\xc0\xaf"}', 'latin1'),
  ];
  for (const body of wrong) {
    for (const target of ['/api/pipelines', '/api/v1/pipelines'])
      assertProblem(await server.ask('POST', target, { body }), 400);
    assert.equal((await server.ask('POST', '/v1/api-keys', { body })).status, 400, String(body).slice(0, 60));
  }
});

test('wrong input names the field', async () => {
  const { id } = await server.create('fields', noop);
  const engine = (await createEngine()).id;
  const wrong = [
    ['POST', '/api/pipelines', { config: noop }, 'name'],
    ['POST', '/api/pipelines', { name: 'x' }, 'config'],
    ['POST', '/api/pipelines', { name: 7, config: noop }, 'name'],
    ['POST', '/api/pipelines', { name: '', config: noop }, 'name'],
    ['POST', '/api/pipelines', { name: 'x', config: 'text' }, 'config'],
    ['POST', '/api/pipelines', { name: 'x', config: noop, enabled: 'yes' }, 'enabled'],
    ['POST', '/api/pipelines', { name: 'x', config: noop, schedule: 'often' }, 'schedule'],
    ['POST', '/api/pipelines', { name: 'x', config: noop, schedule: '0 0 31 13 *' }, 'schedule'],
    ['POST', '/api/pipelines', { name: 'x', config: noop, schedule: '0 0 0 * * *' }, 'schedule'],
    ['POST', '/api/pipelines', { name: 'x', config: noop, domain_id: 'marketing' }, 'domain_id'],
    ['PUT', `/api/pipelines/${id}`, { enabled: 1 }, 'enabled'],
    ['PUT', `/api/pipelines/${id}`, { name: null }, 'name'],
    ['PUT', `/api/pipelines/${id}`, { config: { tasks: 7 } }, 'tasks'],
    ['POST', `/api/pipelines/${id}/duplicate`, { name: 7 }, 'name'],
    ['POST', `/api/pipelines/${id}/run`, { parameters: [] }, 'parameters'],
    ['POST', '/api/v1/pipelines', { name: 'x' }, 'yamlDefinition'],
    ['POST', '/api/v1/pipelines', { yamlDefinition: 'tasks: []' }, 'name'],
    ['POST', '/api/v1/pipelines', { name: 'x', yamlDefinition: {} }, 'yamlDefinition'],
    [
      'POST',
      '/api/v1/pipelines',
      { name: 'x', yamlDefinition: yamlOf('id: a, type: noop'), maxRetries: 'three' },
      'maxRetries',
    ],
    ['PUT', `/api/v1/pipelines/${engine}`, { timeoutSeconds: -1 }, 'timeoutSeconds'],
    ['PUT', `/api/v1/pipelines/${engine}`, { tags: 'billing' }, 'tags'],
    ['PUT', `/api/v1/pipelines/${engine}`, { retryDelaySeconds: 1.5 }, 'retryDelaySeconds'],
    ['PUT', `/api/v1/pipelines/${engine}`, { isActive: 'no' }, 'isActive'],
    ['PUT', `/api/v1/pipelines/${engine}`, { scheduleCron: '61 * * * *' }, 'scheduleCron'],
    ['PUT', `/api/v1/pipelines/${engine}`, { sourceConnectionId: 'prod' }, 'sourceConnectionId'],
    ['PUT', `/api/v1/pipelines/${engine}`, { notifications: [] }, 'notifications'],
    ['POST', `/api/v1/pipelines/${engine}/run`, { triggeredBy: 7 }, 'triggeredBy'],
  ];
  const before = (await server.expect(200, 'GET', '/api/pipelines')).headers['x-total-count'];
  for (const [method, target, body, field] of wrong)
    assertProblem(await server.ask(method, target, { body }), 400, field);
  for (const target of [
    '/api/pipelines?limit=x',
    '/api/pipelines?limit=-1',
    `/api/pipelines/${id}/runs?offset=a`,
    `/api/pipelines/${id}/runs?status=completed`,
    '/api/pipelines?domain_id=7',
    '/api/v1/pipelines?workspaceId=7',
  ]) {
    assertProblem(await server.ask('GET', target), 400, /\?(\w+)=/.exec(target)[1]);
  }
  assert.equal(
    (await server.expect(200, 'GET', '/api/pipelines')).headers['x-total-count'],
    before,
    'nothing was stored',
  );
  await server.expect(201, 'POST', '/api/pipelines', { body: { name: 'x', config: noop, colour: 'blue' } });
  for (const { method, target } of endpoints.filter(
    (one) => one.pattern.includes('ID') && !one.pattern.startsWith('/v1') && one.method !== 'PUT',
  )) {
    const { status } = await server.ask(method, target);
    // Whether a stream exists is asked only of who wants to upgrade to it.
    assert.equal(status, target.endsWith('/stream') ? 426 : 404, `${method} ${target}`);
  }
});

test('all errors of a definition are told at once, each with its place', async () => {
  const text =
    'version: 1\ntasks:\n  - id: a\n    type: noopp\n  - id: b\n    type: sql\n    sql: selec 1\n    needz: [a]\n  - id: c\n    type: noop\n    needs: [nobody]\n';
  const yaml = await server.ask('POST', '/api/v1/pipelines', { body: { name: 'wrong', yamlDefinition: text } });
  assertProblem(yaml, 400, 'noopp');
  const found = yaml.body.errors.map(({ field, line, column }) => ({
    field: field.replace('yamlDefinition.', ''),
    line,
    column,
  }));
  assert.deepEqual(found, [
    { field: 'tasks[0].type', line: 4, column: 11 },
    { field: 'tasks[1].sql', line: 7, column: 10 },
    { field: 'tasks[1].needz', line: 8, column: 12 },
    { field: 'tasks[2].needs[0]', line: 11, column: 13 },
  ]);
  for (const word of ['`noop`', '`needs`', 'nobody', 'selec'])
    assert.ok(yaml.body.detail.includes(word), yaml.body.detail);
  const body =
    '{"name": "wrong",\n "config": {"tasks": [\n  {"id": "a", "type": "noopp"},\n  {"id": "b", "type": "noop", "needs": ["c"]},\n  {"id": "c", "type": "noop", "needs": ["b"]}]}}';
  const json = await server.ask('POST', '/api/pipelines', { body });
  assertProblem(json, 400, 'noopp');
  assert.equal(json.body.errors[0].line, 3);
  assert.equal(json.body.errors[0].column, body.split('\n')[2].indexOf('"noopp"') + 1);
  assert.equal(
    (
      await server.expect(400, 'POST', '/api/pipelines', {
        body: {
          name: 'x',
          config: {
            tasks: [
              { id: 'a', type: 'noop', needs: ['b'] },
              { id: 'b', type: 'noop', needs: ['a'] },
            ],
          },
        },
      })
    ).body.code,
    'invalid_argument',
  );
  for (const yamlDefinition of [
    'tasks:\n  - &a {id: a, type: noop}\n  - *a\n',
    'tasks: !!seq []\n',
    'a: [b\n',
    'tasks:\n  - {id: a, id: b, type: noop}\n',
    '',
  ]) {
    assertProblem(
      await server.ask('POST', '/api/v1/pipelines', { body: { name: 'x', yamlDefinition } }),
      400,
      'yamlDefinition',
    );
  }
});

test('the server is as well as before', async () => {
  await server.expect(200, 'GET', '/ready');
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null }, server.output);
});

await finish(cleanUp);
