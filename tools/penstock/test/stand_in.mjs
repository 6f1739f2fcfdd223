// A stand-in for penstockd: as much of the REST API as the command line program uses, with runs whose tasks go one step
// further at each look. Used by cli.test.mjs, so that what the program says and returns is tested without a server.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { auditRoutes } from './stand_in_audit.mjs';
import { schedulerRoutes } from './stand_in_scheduler.mjs';
import { webhookRoutes } from './stand_in_webhooks.mjs';

export const KEY = 'gcs_test_sk_stand_in_0123456789abcdef';

const problem = (status, code, detail, errors) => ({ status, type: 'application/problem+json', body: { type: 'about:blank', title: code, status, detail, code, ...(errors ? { errors } : {}) } });
const json = (status, body, headers = {}) => ({ status, type: 'application/json', body, headers });

/// Starts one on a free port. `pipelines` and `runs` can be looked at and changed by a test.
export async function startStandIn() {
  const pipelines = new Map();
  const runs = new Map();
  const keys = new Map();
  const pools = new Map();
  const webhooks = webhookRoutes({ json });
  const audit = auditRoutes({ json });
  const requests = [];
  // `instead` may answer a request in place of the routes: (method, path) => an answer or nothing.
  const state = { ready: true, refuse: null, instead: null };

  const page = (list, query) => list.slice(Number(query.get('offset') ?? 0)).slice(0, Number(query.get('limit') ?? 100));
  const newestFirst = (map) => [...map.values()].reverse();

  const check = (text) => {
    const at = text.split('\n').findIndex((line) => line.includes('typo:'));
    if (at < 0) return null;
    return problem(400, 'invalid_argument', 'yamlDefinition.tasks[0].typo: is not known', [{ field: 'yamlDefinition.tasks[0].typo', message: 'is not known; did you mean type?', line: at + 1, column: 5 }]);
  };

  const newRun = (pipeline, body) => {
    const id = randomUUID();
    const states = pipeline.yamlDefinition.includes('fails') ? ['pending', 'running', 'failed'] : ['pending', 'running', 'success'];
    const run = { id, pipeline, parameters: body.parameters ?? null, states, at: 0, createdAt: new Date().toISOString(), cancelled: false, holds: pipeline.yamlDefinition.includes('holds') };
    runs.set(id, run);
    return run;
  };

  const stateOf = (run) => (run.cancelled ? 'cancelled' : run.states[run.at]);
  const ended = (run) => run.cancelled || run.at === run.states.length - 1;
  const advance = (run) => { if (!ended(run) && !(run.holds && run.at === 1)) run.at += 1; };

  const listedRun = (run) => ({
    id: run.id, pipeline_id: run.pipeline.id, status: stateOf(run), triggered_by: 'manual', started_at: run.at > 0 ? run.createdAt : null,
    finished_at: ended(run) ? run.createdAt : null, error: stateOf(run) === 'failed' ? 'extract: exit code 3' : null, created_at: run.createdAt,
  });

  const showRun = (run) => {
    const now = stateOf(run);
    const made = now === 'success' ? { rows: 1234, bytes: 4096 } : { rows: 0, bytes: 0 };
    const times = { started_at: run.at > 0 ? run.createdAt : null, finished_at: ended(run) ? run.createdAt : null };
    const task = { id: 'extract', type: 'shell', status: now === 'success' ? 'succeeded' : now, needs: [], attempt: 1, ...made, ...times, error: now === 'failed' ? 'exit code 3' : null };
    const shown = { ...listedRun(run), output_file: null, output_file_size: null, ...made, tasks: [task] };
    advance(run);
    return shown;
  };

  const one = (map, id) => map.get(id);
  const missing = (what) => problem(404, 'not_found', `there is no such ${what}`);

  const scheduler = schedulerRoutes({ json, problem, missing, page });
  const routes = [
    ...scheduler.routes,
    ...webhooks.routes,
    ...audit.routes,
    ['GET', /^\/api\/v1\/pipelines$/, ({ query }) => json(200, newestFirst(pipelines).filter((p) => p.name.includes(query.get('search') ?? '')).map(({ yamlDefinition, ...rest }) => rest))],
    ['POST', /^\/api\/v1\/pipelines$/, ({ body }) => {
      const wrong = check(body.yamlDefinition);
      if (wrong) return wrong;
      const at = new Date().toISOString();
      const pipeline = { id: randomUUID(), name: body.name, yamlDefinition: body.yamlDefinition, version: 1, status: 'DRAFT', scheduleCron: null, maxRetries: body.maxRetries, createdAt: at, updatedAt: at,
        ...(body.yamlDefinition.includes('hubspot') ? { warnings: ['tasks[0]: there is no connector hubspot here'] } : {}) };
      pipelines.set(pipeline.id, pipeline);
      return json(201, pipeline);
    }],
    ['GET', /^\/api\/v1\/pipelines\/([^/]+)$/, ({ match }) => (one(pipelines, match[1]) ? json(200, one(pipelines, match[1])) : missing('pipeline'))],
    ['PUT', /^\/api\/v1\/pipelines\/([^/]+)$/, ({ match, body }) => {
      const pipeline = one(pipelines, match[1]);
      if (!pipeline) return missing('pipeline');
      const wrong = check(body.yamlDefinition);
      if (wrong) return wrong;
      Object.assign(pipeline, body, { version: pipeline.version + 1 });
      return json(200, pipeline);
    }],
    ['DELETE', /^\/api\/v1\/pipelines\/([^/]+)$/, ({ match }) => (pipelines.delete(match[1]) ? { status: 204 } : missing('pipeline'))],
    ['POST', /^\/api\/pipelines\/([^/]+)\/run$/, ({ match, body }) => {
      const pipeline = one(pipelines, match[1]);
      if (!pipeline) return missing('pipeline');
      return json(202, listedRun(newRun(pipeline, body ?? {})));
    }],
    ['GET', /^\/api\/pipelines\/runs\/([^/]+)$/, ({ match }) => (one(runs, match[1]) ? json(200, showRun(one(runs, match[1]))) : missing('run'))],
    ['POST', /^\/api\/pipelines\/runs\/([^/]+)\/cancel$/, ({ match }) => {
      const run = one(runs, match[1]);
      if (!run) return missing('run');
      if (ended(run)) return problem(409, 'invalid_transition', 'the run has ended');
      run.cancelled = true;
      return json(200, { status: 'cancelled' });
    }],
    ['GET', /^\/api\/pipelines\/([^/]+)$/, ({ match }) => (one(pipelines, match[1]) ? json(200, { id: match[1], name: one(pipelines, match[1]).name }) : missing('pipeline'))],
    ['GET', /^\/api\/pipelines\/([^/]+)\/runs$/, ({ match, query }) => {
      const of = newestFirst(runs).filter((r) => r.pipeline.id === match[1]).map(listedRun).filter((r) => !query.get('status') || r.status === query.get('status'));
      return json(200, page(of, query), { 'X-Total-Count': String(of.length) });
    }],
    ['GET', /^\/api\/pipelines\/runs\/([^/]+)\/logs$/, ({ match, query }) => {
      const run = one(runs, match[1]);
      if (!run) return missing('run');
      // Two lines a page at most, so that paging is seen to work.
      const from = Number(query.get('from') ?? 0);
      const lines = ['one', 'two', 'three'].slice(0, run.at + 1).slice(from, from + 2);
      return json(200, { logs: lines.map((word) => `2026-01-31 10:00:00 INFO [extract] ${word}\n`).join(''), next: from + lines.length });
    }],
    ['GET', /^\/api\/pipelines\/runs\/([^/]+)\/download$/, ({ match }) => {
      const run = one(runs, match[1]);
      if (!run || stateOf(run) !== 'success') return missing('output file');
      return { status: 200, type: 'text/csv', raw: 'section,packages\nadmin,12\n', headers: { 'Content-Disposition': 'attachment; filename="../output.csv"' } };
    }],
    ['GET', /^\/v1\/api-keys$/, ({ query }) => json(200, { data: page([...keys.values()].map(({ key, ...rest }) => rest), new URLSearchParams({ limit: query.get('limit'), offset: String((Number(query.get('page')) - 1) * Number(query.get('limit'))) })) })],
    ['POST', /^\/v1\/api-keys$/, ({ body }) => {
      if (body.scopes.includes('everything')) return { status: 400, type: 'application/json', body: { error: { code: 'BAD_REQUEST', message: 'scopes[0]: everything is not known', docs_url: '/docs' } } };
      const key = { id: `key_${randomUUID()}`, name: body.name, scopes: body.scopes, prefix: 'gcs_live_sk_ab12', key: 'gcs_live_sk_ab12cd34', created_at: new Date().toISOString(), last_used: null, expires_at: null };
      keys.set(key.id, key);
      return json(201, { data: key, note: 'The full key value is shown only once.' });
    }],
    ['DELETE', /^\/v1\/api-keys\/([^/]+)$/, ({ match }) => (keys.delete(decodeURIComponent(match[1])) ? { status: 204 } : { status: 404, type: 'application/json', body: { error: { code: 'NOT_FOUND', message: 'there is no such key' } } })],
    ['GET', /^\/v1\/pools$/, () => json(200, { data: [...pools.values()], meta: { total: pools.size } })],
    ['PUT', /^\/v1\/pools\/([^/]+)$/, ({ match, body }) => {
      if (body.limit > 1e6) return { status: 400, type: 'application/json', body: { error: { code: 'BAD_REQUEST', message: 'limit must be 0 to 1000000' } } };
      const pool = { name: decodeURIComponent(match[1]), limit: body.limit, held: 1, updated_at: new Date().toISOString() };
      pools.set(pool.name, pool);
      return json(200, { data: pool });
    }],
    ['DELETE', /^\/v1\/pools\/([^/]+)$/, ({ match }) => (pools.delete(decodeURIComponent(match[1])) ? { status: 204 } : { status: 404, type: 'application/json', body: { error: { code: 'NOT_FOUND', message: 'there is no such pool' } } })],
    ['GET', /^\/v1\/jobs$/, ({ query }) => {
      const word = (run) => stateOf(run).replace('success', 'completed');
      const of = newestFirst(runs).filter((r) => !query.get('status') || word(r) === query.get('status'));
      const limit = Number(query.get('limit'));
      return json(200, { data: of.slice((Number(query.get('page')) - 1) * limit).slice(0, limit).map((r) => ({ id: r.id, pipeline_id: r.pipeline.id, status: word(r) })) });
    }],
    ['PATCH', /^\/v1\/jobs\/([^/]+)$/, ({ match, body }) => {
      if (!one(runs, match[1])) return missing('job');
      if (!['HIGH', 'NORMAL', 'LOW'].includes(body.priority)) return { status: 400, type: 'application/json', body: { error: { code: 'BAD_REQUEST', message: 'priority must be HIGH, NORMAL or LOW' } } };
      return json(200, { data: { id: `job_${match[1]}`, status: 'running', priority: body.priority } });
    }],
    ['GET', /^\/health$/, () => json(200, { status: 'ok', version: '0.1.0' }), 'open'],
    ['GET', /^\/ready$/, () => (state.ready ? json(200, { status: 'ready' }) : problem(503, 'unavailable', 'the node is shutting down')), 'open'],
  ];

  const answer = (request, text) => {
    const url = new URL(request.url, 'http://stand-in');
    requests.push({ method: request.method, path: url.pathname, headers: request.headers, text });
    if (state.refuse) return state.refuse;
    const other = state.instead?.(request.method, url.pathname);
    if (other) return other;
    for (const [method, pattern, handler, open] of routes) {
      const match = pattern.exec(url.pathname);
      if (!match || method !== request.method) continue;
      if (!open && request.headers.authorization !== `Bearer ${KEY}`) return problem(401, 'unauthorized', 'the key is not known');
      return handler({ match, query: url.searchParams, body: text ? JSON.parse(text) : undefined });
    }
    return problem(404, 'not_found', `there is no ${url.pathname}`);
  };

  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const { status, type, body, raw, headers = {} } = answer(request, text);
    response.writeHead(status, { ...(type ? { 'Content-Type': type } : {}), ...headers });
    response.end(raw ?? (body === undefined ? undefined : JSON.stringify(body)));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${server.address().port}`, pipelines, runs, keys, scheduler, audit, requests, state, stop: () => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); } };
}
