#!/usr/bin/env node
// Every route of /openapi.json, walked by those who may not: without credentials, without the scope, from another workspace.
// A route with an id is walked with ids that another workspace really has; one that this script has no id for fails it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { finish, test } from '../../tools/lib/cases.mjs';
import { token, webSocket } from './support/raw.mjs';
import { Server, cleanUp, makeDir, until } from './support/server.mjs';

const SECRET = 'the-secret-of-the-tokens-of-these-tests';
const server = await Server.start(makeDir('tenants'), {
  args: ['--rate-limit', '0', '--allow-private-addresses'],
  env: { PENSTOCK_JWT_SECRET: SECRET },
});
const workspaces = { ours: randomUUID(), theirs: randomUUID() };
const tokenOf = (workspace, scope = 'admin') => token({ sub: `user of ${workspace}`, workspace_id: workspace, scope }, SECRET);
const ours = tokenOf(workspaces.ours);
const theirs = tokenOf(workspaces.theirs);
const asOwner = async (method, target, body) => {
  const answer = await server.ask(method, target, { key: ours, body });
  assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${answer.text}`);
  return answer.body?.data ?? answer.body;
};

// ---- what is walked

const { body: openapi } = await server.expect(200, 'GET', '/openapi.json', { key: '' });
const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const bearer = operation.security?.find((one) => one.bearer);
    return {
      method: method.toUpperCase(),
      path,
      name: `${method.toUpperCase()} ${path}`,
      open: !bearer,
      scope: bearer?.bearer[0],
      places: [...path.matchAll(/\{(\w+)\}/g)].map((found) => found[1]),
      queries: (operation.parameters ?? []).filter((one) => one.in === 'query').map((one) => one.name),
    };
  }),
);

/// Open to everybody, or to whoever signs: everything else needs credentials.
const open = [
  'GET /health', 'GET /ready', 'GET /metrics', 'GET /openapi.json', 'GET /docs', 'GET /',
  'POST /api/v1/orchestrator/trigger', 'POST /api/v1/orchestrator/callback', 'POST /api/v1/git/webhooks',
];

/// What stands at a place of a path: the first row whose pattern fits the route up to and with the place.
const kindOf = [
  [/^\w+ \/api\/pipelines\/runs\/\{\w+\}$/, 'run'],
  [/^\w+ (\/api|\/api\/v1|\/v1)\/pipelines\/\{\w+\}$/, 'pipeline'],
  [/^\w+ \/api\/domains\/\{\w+\}$/, 'domain'],
  [/^\w+ \/api\/v1\/runs\/\{\w+\}$/, 'run'],
  [/^\w+ \/v1\/(jobs|etl\/runs)\/\{\w+\}$/, 'run'],
  [/^\w+ \/v1\/etl\/workflows\/\{\w+\}$/, 'pipeline'],
  [/^\w+ \/v1\/api-keys\/\{\w+\}$/, 'key'],
  [/^\w+ \/v1\/pools\/\{\w+\}$/, 'pool'],
  [/^\w+ \/v1\/webhooks\/deliveries\/\{\w+\}$/, 'delivery'],
  [/^\w+ \/v1\/webhooks\/\{\w+\}$/, 'webhook'],
  [/^\w+ \/api\/v1\/scheduler\/schedules\/\{\w+\}$/, 'schedule'],
  [/^\w+ \/api\/v1\/scheduler\/backfill\/\{\w+\}$/, 'backfill'],
  [/^DELETE \/api\/v1\/scheduler\/dependencies\/\{\w+\}$/, 'dependency'],
  [/^GET \/api\/v1\/scheduler\/dependencies\/\{\w+\}$/, 'pipeline'],
  [/^\w+ \/api\/v1\/scheduler\/calendars\/\{\w+\}$/, 'calendar'],
  [/^\w+ \/api\/v1\/orchestrator\/webhooks\/\{\w+\}(\/deliveries)?$/, 'trigger'],
];

const yaml = 'tasks:\n  - {id: nap, type: sleep, seconds: 300}\n';
const makePipeline = async (definition = yaml) =>
  (await asOwner('POST', '/api/v1/pipelines', { name: 'of the owner', yamlDefinition: definition, tags: ['owned'] })).id;
const startRun = async (pipeline) => (await asOwner('POST', `/api/v1/pipelines/${pipeline}/run`, {})).runId;

/// How each kind is made by its owner. Those that are known by a name of the workspace's own choice are `named`: another
/// workspace may have one of that name, and makes it by PUT.
const kinds = {
  pipeline: { make: () => makePipeline() },
  run: { make: async () => startRun(await makePipeline()) },
  key: { make: async () => (await asOwner('POST', '/v1/api-keys', { name: 'theirs not', scopes: ['read:jobs'] })).id },
  domain: { named: true, make: async () => randomUUID() },
  pool: { named: true, make: async () => (await asOwner('PUT', '/v1/pools/owned', { limit: 3 }), 'owned') },
  calendar: {
    named: true,
    make: async () => (await asOwner('PUT', '/api/v1/scheduler/calendars/owned', { days: ['2026-12-25'] }), 'owned'),
  },
  schedule: {
    make: async () =>
      (await asOwner('POST', '/api/v1/scheduler/schedules', { pipelineId: await makePipeline(), cronExpression: '0 2 * * *' })).id,
  },
  backfill: {
    make: async () =>
      (
        await asOwner('POST', '/api/v1/scheduler/backfill', {
          pipelineId: await makePipeline(),
          from: '2026-01-01',
          to: '2026-01-31',
          granularity: 'DAILY',
          concurrency: 1,
        })
      ).id,
  },
  dependency: {
    make: async () =>
      (
        await asOwner('POST', '/api/v1/scheduler/dependencies', {
          upstreamPipelineId: await makePipeline(),
          downstreamPipelineId: await makePipeline(),
        })
      ).id,
  },
  webhook: {
    make: async () =>
      (await asOwner('POST', '/v1/webhooks', { url: 'http://127.0.0.1:9/hook', events: ['job.completed'], secret: 'a secret of the owner' })).id,
  },
  delivery: {
    make: async () => {
      const hook = await kinds.webhook.make();
      await startRun(await makePipeline('tasks:\n  - {id: a, type: noop}\n'));
      const deliveries = () => asOwner('GET', `/v1/webhooks/${hook}/deliveries`);
      return (await until('a delivery', async () => (await deliveries())[0]))?.id;
    },
  },
  trigger: {
    make: async () =>
      (
        await asOwner('POST', '/api/v1/orchestrator/webhooks', {
          name: 'owned',
          source: 'tests',
          hmac_secret: 'a secret of the owner',
          callback_url: 'http://127.0.0.1:9/back',
        })
      ).id,
  },
};

/// Bodies that are right, so that it is the id that is refused.
const bodies = {
  'PUT /api/pipelines/{id}': { name: 'taken' },
  'PUT /api/v1/pipelines/{id}': { name: 'taken' },
  'PATCH /v1/pipelines/{id}': { name: 'taken' },
  'PUT /api/domains/{id}': { name: 'taken' },
  'PUT /api/v1/scheduler/schedules/{id}': { timezone: 'Europe/Warsaw' },
  'PUT /api/v1/scheduler/calendars/{name}': { days: ['2027-01-01'] },
  'PUT /v1/pools/{name}': { limit: 1 },
  'PATCH /v1/jobs/{id}': { priority: 'HIGH' },
  'PUT /v1/webhooks/{id}': { description: 'taken' },
  'PATCH /v1/webhooks/{id}': { description: 'taken' },
};

/// Ids of others within bodies, and what is said of them.
const inBodies = [
  ['POST /api/v1/scheduler/schedules', (ids) => ({ pipelineId: ids.pipeline, cronExpression: '0 2 * * *' }), 404],
  ['POST /api/v1/scheduler/backfill', (ids) => ({ pipelineId: ids.pipeline, from: '2026-01-01', to: '2026-01-02', granularity: 'DAILY' }), 404],
  // The document says 403 here, from both ends.
  ['POST /api/v1/scheduler/dependencies', (ids) => ({ upstreamPipelineId: ids.pipeline, downstreamPipelineId: ids.own }), 403],
  ['POST /api/v1/scheduler/dependencies', (ids) => ({ upstreamPipelineId: ids.own, downstreamPipelineId: ids.pipeline }), 403],
];

const kindAt = (route, place) => {
  const upTo = route.name.slice(0, route.name.indexOf(`{${place}}`) + place.length + 2);
  const found = kindOf.find(([pattern]) => pattern.test(upTo));
  assert.ok(found, `${upTo}: add a row to kindOf in tenants.mjs that says what stands there`);
  return found[1];
};
const fill = (route, idOf) => route.places.reduce((path, place) => path.replace(`{${place}}`, encodeURIComponent(idOf(kindAt(route, place)))), route.path);

async function ask(route, target, key) {
  if (route.path.endsWith('/stream')) {
    const fields = { Authorization: key ? `Bearer ${key}` : undefined };
    const answer = await webSocket(server.url, target, { fields });
    answer.destroy();
    return { status: answer.status, text: '', headers: answer.headers };
  }
  const takesBody = ['POST', 'PUT', 'PATCH'].includes(route.method);
  return server.ask(route.method, target, { key, body: takesBody ? (bodies[route.name] ?? {}) : undefined });
}

const compact = (text) => text.toLowerCase().replaceAll('-', '');
const bare = (id) => compact(id).replace(/^[a-z]+_/, '');
const withIds = routes.filter((route) => route.places.length > 0 && !route.open);

// ---- the walks

test('every route is open on purpose or needs credentials', async () => {
  assert.ok(routes.length > 20);
  for (const route of routes.filter((one) => one.open)) assert.ok(open.includes(route.name), `${route.name} is open`);
  for (const route of routes.filter((one) => !one.open)) {
    const target = fill(route, () => randomUUID());
    for (const key of ['', 'gcs_live_sk_00000000000000000000000000000000abcd']) {
      const answer = await ask(route, target, key);
      assert.equal(answer.status, 401, `${route.name}: ${answer.text}`);
      assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/, route.name);
    }
  }
});

test('every route refuses who lacks its scope, before it looks at anything', async () => {
  const scopes = ['read:pipelines', 'read:jobs', 'read:metrics', 'write:pipelines'];
  for (const route of routes.filter((one) => !one.open)) {
    const target = fill(route, () => randomUUID());
    const lacking = tokenOf(workspaces.ours, scopes.filter((one) => one !== route.scope).join(' '));
    const { status, text } = await ask(route, target, lacking);
    if (route.scope === undefined) assert.ok(status !== 401 && status !== 403, `${route.name}: ${status}`);
    else assert.equal(status, 403, `${route.name} without ${route.scope}: ${text}`);
    const none = await ask(route, target, tokenOf(workspaces.ours, ''));
    assert.equal(none.status === 403, route.scope !== undefined, `${route.name} without any scope: ${none.status}`);
  }
});

const ids = {};
test('each kind of thing that a path names can be made', async () => {
  for (const route of withIds)
    for (const place of route.places) {
      const kind = kindAt(route, place);
      ids[kind] ??= await kinds[kind].make();
      assert.ok(ids[kind], kind);
    }
  ids.pipeline ??= await kinds.pipeline.make();
  ids.own = (await server.expect(201, 'POST', '/api/v1/pipelines', { key: theirs, body: { name: 'their own', yamlDefinition: yaml } })).body.id;
});

/// What the owner sees at every route with ids that only reads.
async function ownersView() {
  const seen = {};
  for (const route of withIds.filter(({ method, path }) => method === 'GET' && !path.endsWith('/stream'))) {
    const { status, text } = await ask(route, fill(route, (kind) => ids[kind]), ours);
    // What goes on by itself: a backfill's or a delivery's progress, and when it was.
    seen[route.name] = /backfill|deliveries|webhooks/.test(route.name) ? status : `${status} ${text}`;
  }
  return seen;
}

test('what another workspace has is not there, whatever is asked of it, and stays as it is', async () => {
  const before = await ownersView();
  for (const route of withIds) {
    const kindsHere = route.places.map((place) => kindAt(route, place));
    const answer = await ask(route, fill(route, (kind) => ids[kind]), theirs);
    if (kindsHere.some((kind) => kinds[kind].named) && route.method === 'PUT') {
      assert.ok(answer.status < 300, `${route.name} makes one of their own: ${answer.text}`);
      continue;
    }
    const wanted = kindsHere.some((kind) => kinds[kind].named) && route.method !== 'GET' ? [404, 204] : [404];
    assert.ok(wanted.includes(answer.status), `${route.name}: ${answer.status} ${answer.text}`);
    if (answer.status !== 404) continue;
    // Nor does the answer tell it from what was never there.
    const nothing = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, kinds[kind].named ? 'nothing' : randomUUID()]));
    const unknown = await ask(route, fill(route, (kind) => nothing[kind]), theirs);
    const blank = (text, list) => Object.values(list).reduce((rest, id) => rest.replaceAll(bare(String(id)), 'ID'), compact(text));
    assert.equal(unknown.status, 404, `${route.name} of nothing: ${unknown.text}`);
    assert.equal(blank(answer.text, ids), blank(unknown.text, nothing), route.name);
  }
  assert.deepEqual(await ownersView(), before);
});

test('ids of another workspace within a body are refused', async () => {
  const has = new Set(routes.map((route) => route.name));
  for (const [name, body, status] of inBodies.filter(([one]) => has.has(one))) {
    const [method, target] = name.split(' ');
    const answer = await server.ask(method, target, { key: theirs, body: body(ids) });
    assert.equal(answer.status, status, `${name}: ${answer.text}`);
  }
});

/// A workspace's audit log names what it asked for and was refused, which another may have: those entries are its own.
function shown(route, answer) {
  if (route.path !== '/v1/audit' || answer.status !== 200) return compact(answer.text);
  const { data, ...rest } = JSON.parse(answer.text);
  for (const entry of data) assert.equal(entry.subject, `user of ${workspaces.theirs}`);
  return compact(JSON.stringify({ ...rest, data: data.filter(({ result }) => result === 'ok') }));
}

test('no list shows anything of another workspace, whatever it is filtered by', async () => {
  const owned = Object.entries(ids).filter(([kind]) => kind !== 'own' && !kinds[kind].named).map(([, id]) => bare(id));
  assert.ok(owned.every((id) => id.length === 32));
  for (const route of routes.filter((one) => one.method === 'GET' && !one.open && one.places.length === 0)) {
    const filters = [''];
    for (const query of route.queries)
      for (const [kind, id] of Object.entries({ ...ids, workspace: workspaces.ours }))
        if (/id$/i.test(query)) filters.push(`?${query}=${id}#${kind}`);
    for (const filter of filters) {
      const [asked] = filter.split('#');
      const answer = await server.ask('GET', route.path + asked, { key: theirs });
      assert.ok(answer.status < 500, `${route.name}${asked}: ${answer.text}`);
      const text = shown(route, answer);
      for (const id of owned.filter((one) => !compact(asked).includes(one)))
        assert.ok(!text.includes(id), `${route.name}${asked} shows ${id}: ${answer.text}`);
      assert.ok(answer.status >= 400 || !text.includes(compact(workspaces.ours)), `${route.name}${asked}: ${answer.text}`);
      if (answer.status === 200 && asked !== '')
        for (const id of owned) assert.ok(!text.includes(id), `${route.name}${asked} shows ${id}: ${answer.text}`);
    }
  }
});

await finish(cleanUp);
