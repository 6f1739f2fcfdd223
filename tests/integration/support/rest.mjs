// What the scripts on REST share: a server, the endpoints it has, and what their answers look like.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { KEY, Server, makeDir } from './server.mjs';

export { assertShape, timeForm, uuidForm } from './shapes.mjs';

export const SECRET = 'the-secret-of-the-tokens-of-these-tests';
export const nowhere = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
export const server = await Server.start(makeDir('rest'), {
  args: ['--allow-private-addresses', '--kill-grace', '500ms'],
  env: { PENSTOCK_JWT_SECRET: SECRET },
});

export const noop = { tasks: [{ id: 'only', type: 'noop' }] };
export const napping = (seconds) => ({ tasks: [{ id: 'nap', type: 'sleep', seconds }] });
export const yamlOf = (...tasks) => `tasks:\n${tasks.map((task) => `  - {${task}}\n`).join('')}`;
export const createEngine = async (body, status = 201) =>
  (
    await server.expect(status, 'POST', '/api/v1/pipelines', {
      body: { name: 'engine', yamlDefinition: yamlOf('id: a, type: noop'), ...body },
    })
  ).body;

/// An answer that is an error of RFC 9457, naming `field` if one is given.
export function assertProblem(answer, status, field) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const { type, title, detail, code } = answer.body;
  for (const text of [type, title, detail, code]) assert.ok(typeof text === 'string' && text !== '', answer.text);
  assert.equal(answer.body.status, status);
  if (field !== undefined)
    assert.ok(
      detail.includes(field) || answer.body.errors?.some((one) => one.field.includes(field)),
      `${field} is named: ${answer.text}`,
    );
}

export const shapes = {
  pipeline: {
    id: 'uuid',
    name: 'text',
    schedule: 'text?',
    enabled: 'boolean',
    domain_id: 'uuid?',
    created_at: 'time',
    updated_at: 'time?',
  },
  entry: {
    id: 'uuid',
    name: 'text',
    schedule: 'text?',
    enabled: 'boolean',
    domain_id: 'uuid?',
    domain_name: 'text?',
    last_run_status: 'text?',
    last_run_at: 'time?',
    created_at: 'time',
  },
  started: { id: 'uuid', pipeline_id: 'uuid', status: 'text', triggered_by: 'text', created_at: 'time' },
  listed: {
    id: 'uuid',
    pipeline_id: 'uuid',
    status: 'text',
    triggered_by: 'text',
    started_at: 'time?',
    finished_at: 'time?',
    error: 'text?',
    created_at: 'time',
  },
  run: {
    id: 'uuid',
    pipeline_id: 'uuid',
    status: 'text',
    triggered_by: 'text',
    started_at: 'time?',
    finished_at: 'time?',
    error: 'text?',
    output_file: 'text?',
    output_file_size: 'integer?',
  },
  engine: {
    id: 'uuid',
    workspaceId: 'uuid',
    name: 'text',
    version: 'integer',
    status: 'text',
    tags: 'list',
    maxRetries: 'integer',
    retryDelaySeconds: 'integer',
    timeoutSeconds: 'integer',
    isActive: 'boolean',
    createdAt: 'time',
    updatedAt: 'time',
    createdBy: 'text',
  },
  status: { runId: 'uuid', pipelineId: 'uuid', overallStatus: 'text', taskStatuses: 'object', errors: 'object' },
};

/// The endpoints with the scope each needs; undefined: any credentials.
export const endpoints = [
  ['GET', '/api/pipelines', 'read:pipelines'],
  ['POST', '/api/pipelines', 'write:pipelines'],
  ['GET', '/api/pipelines/ID', 'read:pipelines'],
  ['PUT', '/api/pipelines/ID', 'write:pipelines'],
  ['DELETE', '/api/pipelines/ID', 'write:pipelines'],
  ['POST', '/api/pipelines/ID/run', 'write:pipelines'],
  ['POST', '/api/pipelines/ID/duplicate', 'write:pipelines'],
  ['GET', '/api/pipelines/ID/runs', 'read:jobs'],
  ['GET', '/api/pipelines/runs/ID', 'read:jobs'],
  ['GET', '/api/pipelines/runs/ID/logs', 'read:jobs'],
  ['GET', '/api/pipelines/runs/ID/download', 'read:jobs'],
  ['POST', '/api/pipelines/runs/ID/cancel', 'write:pipelines'],
  ['GET', '/api/v1/pipelines', 'read:pipelines'],
  ['POST', '/api/v1/pipelines', 'write:pipelines'],
  ['GET', '/api/v1/pipelines/ID', 'read:pipelines'],
  ['PUT', '/api/v1/pipelines/ID', 'write:pipelines'],
  ['DELETE', '/api/v1/pipelines/ID', 'write:pipelines'],
  ['POST', '/api/v1/pipelines/ID/run', 'write:pipelines'],
  ['GET', '/api/v1/runs/ID', 'read:jobs'],
  ['POST', '/api/v1/runs/ID/cancel', 'write:pipelines'],
  ['GET', '/api/v1/runs/ID/stream', 'read:jobs'],
  ['GET', '/api/v1/scheduler/schedules', 'read:pipelines'],
  ['POST', '/api/v1/scheduler/schedules', 'write:pipelines'],
  ['GET', '/api/v1/scheduler/schedules/ID', 'read:pipelines'],
  ['PUT', '/api/v1/scheduler/schedules/ID', 'write:pipelines'],
  ['DELETE', '/api/v1/scheduler/schedules/ID', 'write:pipelines'],
  ['POST', '/api/v1/scheduler/schedules/ID/pause', 'write:pipelines'],
  ['POST', '/api/v1/scheduler/schedules/ID/resume', 'write:pipelines'],
  ['GET', '/api/v1/scheduler/next-runs', 'read:pipelines'],
  ['GET', '/api/v1/scheduler/backfill', 'read:pipelines'],
  ['POST', '/api/v1/scheduler/backfill', 'write:pipelines'],
  ['GET', '/api/v1/scheduler/backfill/ID', 'read:pipelines'],
  ['POST', '/api/v1/scheduler/backfill/ID/pause', 'write:pipelines'],
  ['POST', '/api/v1/scheduler/backfill/ID/resume', 'write:pipelines'],
  ['POST', '/api/v1/scheduler/backfill/ID/cancel', 'write:pipelines'],
  ['POST', '/api/v1/scheduler/backfill/ID/retry-failed', 'write:pipelines'],
  ['POST', '/api/v1/scheduler/dependencies', 'write:pipelines'],
  ['GET', '/api/v1/scheduler/dependencies/ID', 'read:pipelines'],
  ['DELETE', '/api/v1/scheduler/dependencies/ID', 'write:pipelines'],
  ['GET', '/api/v1/scheduler/calendars', 'read:pipelines'],
  ['GET', '/api/v1/scheduler/calendars/ID', 'read:pipelines'],
  ['PUT', '/api/v1/scheduler/calendars/ID', 'write:pipelines'],
  ['DELETE', '/api/v1/scheduler/calendars/ID', 'write:pipelines'],
  ['GET', '/v1/api-keys', 'admin'],
  ['POST', '/v1/api-keys', 'admin'],
  ['DELETE', '/v1/api-keys/ID', 'admin'],
  ['GET', '/v1/whoami', undefined],
].map(([method, target, scope]) => ({ method, target: target.replace('ID', nowhere), pattern: target, scope }));

export const makeKey = async (scopes, more = {}) =>
  (await server.expect(201, 'POST', '/v1/api-keys', { body: { name: 'of a test', scopes, ...more } })).body.data;

/// A request by curl, a client that others wrote; resolves to { status, headers, text }.
export function curl(target, ...options) {
  const out = execFileSync('curl', ['-sS', '-i', '--max-time', '20', ...options, server.url + target], {
    encoding: 'utf8',
  });
  const [top, ...rest] = out.split('\r\n\r\n');
  return { status: Number(top.split(' ')[1]), headers: top.toLowerCase(), text: rest.join('\r\n\r\n') };
}
