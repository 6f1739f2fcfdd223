#!/usr/bin/env node
// What starts runs besides a person, against a real server in real time: schedules, backfills, dependencies, calendars.
// A minute has to pass; with --minutes 2 another one does, and what was missed for longer than a minute is looked at.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { finish, numberOption, test } from '../../tools/lib/cases.mjs';
import { token } from './support/raw.mjs';
import { SECRET, assertProblem, nowhere, server, timeForm, yamlOf } from './support/rest.mjs';
import { Server, cleanUp, makeDir, sleep, startStandIn, until } from './support/server.mjs';

const base = '/api/v1/scheduler';
const minute = 60_000;
const short = (ms) => new Date(ms).toISOString().replace('.000Z', 'Z');
const day = (offset) => new Date(Math.floor(Date.now() / 864e5 + offset) * 864e5).toISOString().slice(0, 10);
const options = { args: ['--allow-private-addresses'], env: { PENSTOCK_JWT_SECRET: SECRET } };
const stranger = token({ sub: 'stranger', workspace_id: randomUUID(), scope: 'admin' }, SECRET);

/// What tasks have called, in this order; `answer` says how each call ends.
const calls = [];
let answer = () => 200;
const standIn = await startStandIn(async (request, body, response) => {
  const call = Object.fromEntries(new URL(request.url, 'http://stand-in').searchParams);
  calls.push(call);
  response.writeHead((await answer(call)) ?? 200, { 'Content-Type': 'application/json' });
  response.end('{}');
});

const noop = yamlOf('id: a, type: noop');
/// Tells the stand-in which run it is, of which time and interval.
const calling = (mark) => `parameters:
  interval_start: { type: timestamp, default: "2000-01-01T00:00:00Z" }
  interval_end: { type: timestamp, default: "2000-01-01T00:00:00Z" }
tasks:
  - id: call
    type: http
    url: "${standIn.url}/?mark=${encodeURIComponent(mark)}&run={{ run.id }}&at={{ run.logical_time }}&start={{ params.interval_start }}&end={{ params.interval_end }}"
`;
const callsOf = (mark) => calls.filter((call) => call.mark === mark);

const make = async (to, yamlDefinition, more = {}) => (await to.expect(201, 'POST', '/api/v1/pipelines', { body: { name: 'p', yamlDefinition, maxRetries: 0, ...more } })).body.id;
const schedule = async (to, pipelineId, more = {}) => (await to.expect(201, 'POST', `${base}/schedules`, { body: { pipelineId, cronExpression: '* * * * *', ...more } })).body;
const seen = async (to, id) => (await to.expect(200, 'GET', `${base}/schedules/${id}`)).body;
const runsOf = async (to, pipeline) => (await to.expect(200, 'GET', `/api/pipelines/${pipeline}/runs?limit=1000`)).body;
const backfill = async (to, pipelineId, more = {}) => (await to.expect(201, 'POST', `${base}/backfill`, { body: { pipelineId, from: '2025-11-01', to: '2025-11-30', granularity: 'DAILY', ...more } })).body;
const progress = async (to, id) => (await to.expect(200, 'GET', `${base}/backfill/${id}`)).body;
const over = (to, id, timeoutMs = 60_000) => until(`the end of backfill ${id}`, async () => {
  const now = await progress(to, id);
  return now.endedAt && now;
}, { timeoutMs, everyMs: 50 });
const nextRuns = async (query) => (await server.expect(200, 'GET', `${base}/next-runs?${new URLSearchParams(query)}`)).body.nextRuns;

// ---- what takes a minute, beside everything else

/// The next full minute; one that is too near to get ready for it is let pass.
async function nextMinute() {
  const left = minute - (Date.now() % minute);
  if (left < 6_000) await sleep(left + 100);
  return Math.ceil(Date.now() / minute) * minute;
}

/// Schedules on a server that is up when they come due.
const live = (async () => {
  const due = await nextMinute();
  const plain = await make(server, calling('live'));
  const own = await make(server, calling('own'), { scheduleCron: '* * * * *' });
  const field = (await server.expect(201, 'POST', '/api/pipelines', { body: { name: 'field', schedule: '* * * * *', config: { tasks: [{ id: 'a', type: 'noop' }] } } })).body.id;
  const resting = await make(server, noop, { isActive: false, scheduleCron: '* * * * *' });
  await server.expect(200, 'PUT', `${base}/calendars/rest`, { body: { days: [] } });
  const made = {
    plain: await schedule(server, plain, { name: 'every minute', parameters: { interval_start: '2001-01-01T00:00:00Z' } }),
    paused: await schedule(server, await make(server, noop)),
    free: await schedule(server, await make(server, noop), { skipHolidays: true, calendar: 'rest' }),
    closed: await schedule(server, await make(server, noop), { maintenanceWindows: [{ start: short(due), end: short(due + minute) }] }),
    wrong: await schedule(server, await make(server, 'parameters: { n: { type: integer, default: 1 } }\ntasks:\n  - { id: a, type: noop }\n'), { parameters: { n: 1 } }),
  };
  await server.expect(200, 'POST', `${base}/schedules/${made.paused.id}/pause`);
  // What was right when the schedule was made need not be so when it comes due.
  await server.expect(200, 'PUT', `/api/v1/pipelines/${made.wrong.pipelineId}`, { body: { yamlDefinition: 'parameters: { m: { type: integer } }\ntasks:\n  - { id: a, type: noop }\n' } });
  // The schedule is there already when the holidays are declared.
  await server.expect(200, 'PUT', `${base}/calendars/rest`, { body: { days: [day(0), day(1)] } });
  await sleep(due - Date.now());
  await until('the first firing', async () => (await seen(server, made.plain.id)).fired === 1, { timeoutMs: 5_000 });
  const lateMs = Date.now() - due;
  await sleep(1_500);
  return { due, lateMs, made, pipelines: { plain, own, field, resting } };
})();
live.catch(() => {});

/// Schedules on a server that is down when they come due.
const away = (async () => {
  const dir = makeDir('away');
  const first = await Server.start(dir, options);
  const due = await nextMinute();
  const made = {};
  for (const catchupStrategy of ['SKIP_TO_CURRENT', 'RUN_ALL', 'RUN_LATEST_N']) made[catchupStrategy] = await schedule(first, await make(first, calling(`away ${catchupStrategy}`)), { catchupStrategy });
  made.own = { pipelineId: await make(first, calling('away own'), { scheduleCron: '* * * * *' }) };
  made.paused = await schedule(first, await make(first, noop));
  await first.expect(200, 'POST', `${base}/schedules/${made.paused.id}/pause`);
  await first.end('SIGTERM');
  await sleep(due + 1_500 - Date.now());
  const second = await Server.start(dir, options);
  await until('what was missed', async () => (await runsOf(second, made.RUN_ALL.pipelineId)).length > 0, { timeoutMs: 10_000 });
  await sleep(1_000);
  const runs = {};
  for (const [name, { pipelineId }] of Object.entries(made)) runs[name] = await runsOf(second, pipelineId);
  await second.end('SIGTERM');
  return { due, runs };
})();
away.catch(() => {});

/// The same for two minutes and a bit, so that the first time was missed and the second is merely late.
const longAway = numberOption('minutes', 1) < 2 ? null : (async () => {
  const dir = makeDir('long');
  const first = await Server.start(dir, options);
  const due = await nextMinute();
  const made = {};
  const cases = { all: { catchupStrategy: 'RUN_ALL', overlapStrategy: 'QUEUE' }, latest: { catchupStrategy: 'RUN_LATEST_N', catchupRuns: 1 }, current: {}, skip: { catchupStrategy: 'RUN_ALL' }, cancel: { catchupStrategy: 'RUN_ALL', overlapStrategy: 'CANCEL_RUNNING' } };
  for (const [name, rule] of Object.entries(cases)) made[name] = await schedule(first, await make(first, calling(`long ${name}`) + '  - { id: nap, type: sleep, seconds: 4, needs: [call] }\n'), rule);
  await first.end('SIGTERM');
  await sleep(due + minute + 1_500 - Date.now());
  const second = await Server.start(dir, options);
  await until('all of it', async () => callsOf('long all').length === 2, { timeoutMs: 20_000 });
  await sleep(5_000);
  const runs = {};
  const schedules = {};
  for (const [name, { id, pipelineId }] of Object.entries(made)) [runs[name], schedules[name]] = [await runsOf(second, pipelineId), await seen(second, id)];
  await second.end('SIGTERM');
  return { due, runs, schedules };
})();
longAway?.catch(() => {});

// ---- schedules

test('the documented example: two in the morning in Warsaw is one o’clock UTC in winter', async () => {
  assert.deepEqual(await nextRuns({ cronExpression: '0 2 * * *', timezone: 'Europe/Warsaw', from: '2025-12-15T12:00:00Z', limit: 2 }), ['2025-12-16T01:00:00Z', '2025-12-17T01:00:00Z']);
  assert.deepEqual(await nextRuns({ cronExpression: '0 2 * * *', timezone: 'Europe/Warsaw', from: '2026-06-30T12:00:00Z', limit: 1 }), ['2026-07-01T00:00:00Z']);
  const pipelineId = await make(server, noop);
  const body = { pipelineId, cronExpression: '0 2 * * *', timezone: 'Europe/Warsaw', businessDaysOnly: false, skipHolidays: true, overlapStrategy: 'SKIP', catchupStrategy: 'SKIP_TO_CURRENT' };
  const { body: made } = await server.expect(201, 'POST', `${base}/schedules`, { body });
  for (const [name, value] of Object.entries(body)) assert.equal(made[name], value, name);
  assert.equal(made.status, 'ACTIVE');
  assert.match(made.nextRunAt, /^\d{4}-\d\d-\d\dT0[01]:00:00Z$/);
  const inWarsaw = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Warsaw', hour: '2-digit', minute: '2-digit' }).format(new Date(made.nextRunAt));
  assert.equal(inWarsaw, '02:00');
  assert.deepEqual(await seen(server, made.id), made);
  assert.deepEqual(await nextRuns({ scheduleId: made.id, limit: 1 }), [made.nextRunAt]);
});

test('a schedule is changed, paused, resumed, listed and deleted', async () => {
  const pipelineId = await make(server, noop);
  const made = await schedule(server, pipelineId, { cronExpression: '0 0 1 1 *' });
  const path = `${base}/schedules/${made.id}`;
  const changed = (await server.expect(200, 'PUT', path, { body: { cronExpression: '30 12 * * *', maintenanceWindows: [{ days: ['SUN'], from: '12:00', to: '13:00' }] } })).body;
  assert.equal(new Date(changed.nextRunAt).getUTCHours(), 12);
  assert.notEqual(new Date(changed.nextRunAt).getUTCDay(), 0);
  assert.equal((await server.expect(200, 'PUT', path, { body: changed })).body.cronExpression, '30 12 * * *');
  assert.equal((await server.expect(200, 'POST', `${path}/pause`)).body.nextRunAt, null);
  assert.equal((await server.expect(200, 'POST', `${path}/pause`)).body.status, 'PAUSED');
  const resumed = (await server.expect(200, 'POST', `${path}/resume`)).body;
  assert.deepEqual([resumed.status, resumed.nextRunAt], ['ACTIVE', changed.nextRunAt]);
  // A pipeline that rests starts nothing, and says so.
  await server.expect(200, 'PUT', `/api/v1/pipelines/${pipelineId}`, { body: { isActive: false } });
  assert.equal((await seen(server, made.id)).nextRunAt, null);
  await server.expect(200, 'PUT', `/api/v1/pipelines/${pipelineId}`, { body: { isActive: true } });
  assert.equal((await seen(server, made.id)).nextRunAt, changed.nextRunAt);
  const listed = await server.expect(200, 'GET', `${base}/schedules?pipelineId=${pipelineId}`);
  assert.deepEqual([listed.headers['x-total-count'], listed.body[0].id], ['1', made.id]);
  await server.expect(204, 'DELETE', path);
  assertProblem(await server.ask('GET', path), 404);
  assert.equal((await server.expect(200, 'GET', `${base}/schedules?pipelineId=${pipelineId}`)).text, '[]');
});

test('everything wrong with a schedule is told, whoever finds it', async () => {
  const pipelineId = await make(server, 'parameters: { n: { type: integer } }\ntasks:\n  - { id: a, type: noop }\n');
  const refused = async (body, ...fields) => {
    const got = await server.ask('POST', `${base}/schedules`, { body: { pipelineId, cronExpression: '0 2 * * *', parameters: { n: 1 }, ...body } });
    for (const field of fields) assertProblem(got, 400, field);
    assert.deepEqual(got.body.errors.map((one) => one.field), fields, got.text);
    for (const { field, message } of got.body.errors) assert.ok(!message.startsWith(field), got.text);
  };
  await refused({ cronExpression: '0 0 2 * * *' }, 'cronExpression');
  await refused({ cronExpression: '0 0 30 2 *' }, 'cronExpression');
  await refused({ timezone: 'Europe/Warschau' }, 'timezone');
  await refused({ timezone: 'Mars/Base', overlapStrategy: 'x' }, 'overlapStrategy', 'timezone');
  await refused({ maintenanceWindows: [{ from: '00:00', to: '24:00' }] }, 'maintenanceWindows');
  await refused({ businessDaysOnly: true, cronExpression: '0 2 * * SUN' }, 'businessDaysOnly');
  await refused({ parameters: {} }, 'parameters.n');
  await refused({ parameterOverrides: { n: 'x' }, parameters: undefined }, 'parameterOverrides.n');
  await refused({ calendar: 'nowhere' }, 'calendar');
  assertProblem(await server.ask('POST', `${base}/schedules`, { body: { pipelineId: nowhere, cronExpression: '* * * * *' } }), 404);
  // The field of a pipeline is refused with the same words.
  for (const [path, name, more] of [['/api/v1/pipelines', 'scheduleCron', { yamlDefinition: noop }], ['/api/pipelines', 'schedule', { config: { tasks: [{ id: 'a', type: 'noop' }] } }]]) {
    for (const cron of ['0 0 30 2 *', '61 * * * *', '@daily']) {
      const words = (await server.ask('POST', `${base}/schedules`, { body: { pipelineId, cronExpression: cron } })).body.errors.find((one) => one.field === 'cronExpression').message;
      const got = await server.ask('POST', path, { body: { name: 'x', ...more, [name]: cron } });
      assertProblem(got, 400, name);
      assert.equal(got.body.errors[0].message, words);
    }
  }
});

test('a pipeline’s own field is a schedule', async () => {
  const id = await make(server, noop, { scheduleCron: '0 2 * * *' });
  const own = async () => (await server.expect(200, 'GET', `${base}/schedules?pipelineId=${id}`)).body;
  const [made] = await own();
  assert.deepEqual([made.cronExpression, made.timezone, made.isPipelineSchedule], ['0 2 * * *', 'UTC', true]);
  await server.expect(200, 'PUT', `/api/v1/pipelines/${id}`, { body: { scheduleCron: '0 3 * * *' } });
  assert.deepEqual((await own()).map((one) => [one.id, one.cronExpression]), [[made.id, '0 3 * * *']]);
  // A change of the schedule is one of the field, and its time zone may be another.
  await server.expect(200, 'PUT', `${base}/schedules/${made.id}`, { body: { cronExpression: '0 4 * * *', timezone: 'Asia/Tokyo' } });
  assert.equal((await server.expect(200, 'GET', `/api/pipelines/${id}`)).body.schedule, '0 4 * * *');
  await server.expect(200, 'PUT', `/api/v1/pipelines/${id}`, { body: { scheduleCron: null } });
  assert.deepEqual(await own(), []);
  await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { schedule: '0 5 * * *' } });
  assert.equal((await own()).length, 1);
  await server.expect(204, 'DELETE', `${base}/schedules/${(await own())[0].id}`);
  assert.equal((await server.expect(200, 'GET', `/api/v1/pipelines/${id}`)).body.scheduleCron, undefined);
  await server.expect(200, 'PUT', `/api/pipelines/${id}`, { body: { schedule: null } });
});

test('next runs: limits, several schedules of a pipeline, wrong questions', async () => {
  assert.equal((await nextRuns({ cronExpression: '* * * * *' })).length, 20);
  assert.equal((await nextRuns({ cronExpression: '* * * * *', limit: 5000 })).length, 1000);
  assert.deepEqual(await nextRuns({ cronExpression: '0 0 29 2 *', from: '2026-01-01', limit: 2 }), ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z']);
  assert.deepEqual(await nextRuns({ cronExpression: '0 12 * * *', from: '2026-01-31T12:00:00Z', limit: 1 }), ['2026-02-01T12:00:00Z']);
  const pipelineId = await make(server, noop);
  for (const cronExpression of ['0 3 * * *', '0 1 * * *', '0 1 * * MON']) await schedule(server, pipelineId, { cronExpression });
  assert.deepEqual(await nextRuns({ pipelineId, from: '2026-01-04T12:00:00Z', limit: 3 }), ['2026-01-05T01:00:00Z', '2026-01-05T03:00:00Z', '2026-01-06T01:00:00Z']);
  assertProblem(await server.ask('GET', `${base}/next-runs`), 400, 'cronExpression');
  assertProblem(await server.ask('GET', `${base}/next-runs?cronExpression=x`), 400, 'cronExpression');
  assertProblem(await server.ask('GET', `${base}/next-runs?cronExpression=*+*+*+*+*&timezone=Europe/Warsow`), 400, 'Europe/Warsaw');
  assertProblem(await server.ask('GET', `${base}/next-runs?scheduleId=${nowhere}`), 404);
  assertProblem(await server.ask('GET', `${base}/next-runs?pipelineId=${nowhere}`), 404);
});

test('holidays are imported, and a change of them moves schedules that are there', async () => {
  const year = new Date().getUTCFullYear() + 1;
  const ical = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'DTSTART;VALUE=DATE:20000101', 'RRULE:FREQ=YEARLY', 'SUMMARY:New Year', 'END:VEVENT', 'BEGIN:VEVENT', `DTSTART;VALUE=DATE:${year}1225`, `DTEND;VALUE=DATE:${year}1227`, 'SUMMARY:Christmas', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
  const { body: made } = await server.expect(200, 'PUT', `${base}/calendars/holidays`, { body: { ical } });
  assert.deepEqual([made.dayCount, made.firstDay], [14, `${year - 2}-01-01`]);
  const rule = { cronExpression: '0 9 * * *', skipHolidays: true, limit: 2 };
  assert.deepEqual(await nextRuns({ ...rule, from: `${year}-12-24T12:00:00Z` }), [`${year}-12-27T09:00:00Z`, `${year}-12-28T09:00:00Z`]);
  assert.deepEqual(await nextRuns({ ...rule, skipHolidays: false, from: `${year}-12-24T12:00:00Z`, limit: 1 }), [`${year}-12-25T09:00:00Z`]);
  assert.deepEqual(await nextRuns({ ...rule, from: `${year - 1}-12-31T12:00:00Z`, limit: 1 }), [`${year}-01-02T09:00:00Z`]);

  await server.expect(200, 'PUT', `${base}/calendars/plant`, { body: { days: [] } });
  const { id } = await schedule(server, await make(server, noop), { cronExpression: '0 0 * * *', skipHolidays: true, calendar: 'plant' });
  const next = async () => (await seen(server, id)).nextRunAt;
  const tomorrow = await next();
  await server.expect(200, 'PUT', `${base}/calendars/plant`, { body: { days: [{ date: tomorrow.slice(0, 10), name: 'rest' }] } });
  assert.equal(Date.parse(await next()) - Date.parse(tomorrow), 864e5);
  await server.expect(204, 'DELETE', `${base}/calendars/plant`);
  assert.equal(await next(), tomorrow);
  const wrong = await server.ask('PUT', `${base}/calendars/holidays`, { body: { ical: ical.replace('FREQ=YEARLY', 'FREQ=HOURLY') } });
  assertProblem(wrong, 400, 'ical');
  assert.equal(wrong.body.errors[0].line, 5);
  assert.deepEqual((await server.expect(200, 'GET', `${base}/calendars`, { key: stranger })).body, []);
});

// ---- backfills

test('a backfill of a month runs each day once, four at a time', async () => {
  const pipelineId = await make(server, calling('month'));
  const began = await backfill(server, pipelineId, { concurrency: 4, priority: 'MEDIUM', dryRun: false, timezone: 'Europe/Warsaw' });
  assert.deepEqual([began.status, began.totalIntervals, began.failedIntervals, began.concurrency, began.priority], ['RUNNING', 30, 0, 4, 'MEDIUM']);
  const ended = await over(server, began.id);
  assert.deepEqual([ended.status, ended.completedIntervals, ended.runningIntervals], ['COMPLETED', 30, 0]);
  const runs = await runsOf(server, pipelineId);
  assert.equal(runs.length, 30);
  assert.deepEqual([...new Set(runs.map((run) => run.triggered_by))], ['backfill']);
  const made = callsOf('month');
  assert.equal(new Set(made.map((call) => call.at)).size, 30, 'distinct logical times');
  assert.deepEqual(made.map((call) => call.start).sort(), made.map((call) => call.at).sort());
  assert.ok(made.some((call) => call.start === '2025-10-31T23:00:00.000Z' && call.end === '2025-11-01T23:00:00.000Z'));
  assert.ok(made.some((call) => call.start === '2025-11-29T23:00:00.000Z'));
});

test('no more intervals run at once than were asked for', async () => {
  let now = 0;
  let most = 0;
  answer = async ({ mark }) => {
    if (mark !== 'few') return 200;
    most = Math.max(most, (now += 1));
    await sleep(60);
    now -= 1;
    return 200;
  };
  await over(server, (await backfill(server, await make(server, calling('few')), { to: '2025-11-12', concurrency: 3 })).id);
  assert.equal(most, 3);
});

test('a dry run counts and starts nothing', async () => {
  const pipelineId = await make(server, noop);
  for (const [granularity, from, to, count] of [['HOURLY', '2025-11-01', '2025-11-02', 48], ['DAILY', '2025-11-01', '2025-11-30', 30], ['WEEKLY', '2025-11-01', '2025-11-30', 5], ['MONTHLY', '2025-01-01', '2025-12-31', 12], ['DAILY', '2024-02-28', '2024-03-01', 3]]) {
    const made = await backfill(server, pipelineId, { granularity, from, to, dryRun: true });
    assert.deepEqual([made.status, made.totalIntervals, made.dryRun], ['PENDING', count, true], `${granularity} ${from}`);
  }
  await sleep(300);
  assert.deepEqual(await runsOf(server, pipelineId), []);
  assert.equal((await server.expect(200, 'GET', `${base}/backfill?pipelineId=${pipelineId}`)).headers['x-total-count'], '5');
});

test('everything wrong with a backfill is told', async () => {
  const pipelineId = await make(server, 'parameters: { n: { type: integer } }\ntasks:\n  - { id: a, type: noop }\n');
  const refused = async (body, ...fields) => {
    const got = await server.ask('POST', `${base}/backfill`, { body: { pipelineId, from: '2025-11-01', to: '2025-11-30', granularity: 'DAILY', parameterOverrides: { n: 1 }, ...body } });
    assertProblem(got, 400, fields[0]);
    assert.deepEqual(got.body.errors.map((one) => one.field), fields, got.text);
  };
  await refused({ from: '2025-12-01' }, 'from');
  await refused({ from: 'November' }, 'from');
  await refused({ to: '2025-11-31' }, 'to');
  await refused({ timezone: 'Mars' }, 'timezone');
  await refused({ from: '1900-01-01', granularity: 'HOURLY' }, 'to');
  await refused({ concurrency: 101, from: '2026-01-01' }, 'concurrency', 'from');
  await refused({ parameterOverrides: { n: 'x' } }, 'parameterOverrides.n');
  await refused({ parameterOverrides: {} }, 'parameterOverrides.n');
  assertProblem(await server.ask('POST', `${base}/backfill`, { body: { pipelineId: nowhere, from: '2025-11-01', to: '2025-11-01', granularity: 'DAILY' } }), 404);
  assertProblem(await server.ask('GET', `${base}/backfill/${nowhere}`), 404);
});

test('a backfill is paused and resumed, and only its failed intervals are retried', async () => {
  const bad = new Set(['2025-11-03T00:00:00.000Z', '2025-11-07T00:00:00.000Z']);
  answer = async ({ mark, start }) => {
    if (mark !== 'retried') return 200;
    await sleep(40);
    return bad.has(start) ? 500 : 200;
  };
  const { id } = await backfill(server, await make(server, calling('retried')), { to: '2025-11-20', concurrency: 2 });
  const path = `${base}/backfill/${id}`;
  await until('some of it', async () => (await progress(server, id)).completedIntervals >= 3);
  assert.equal((await server.expect(200, 'POST', `${path}/pause`)).body.status, 'PAUSED');
  assertProblem(await server.ask('POST', `${path}/pause`), 409);
  const still = await until('those under way to end', async () => {
    const now = await progress(server, id);
    return now.runningIntervals === 0 && now;
  });
  await sleep(300);
  assert.deepEqual(await progress(server, id), still);
  await server.expect(200, 'POST', `${path}/resume`);
  const failed = await over(server, id);
  assert.deepEqual([failed.status, failed.completedIntervals, failed.failedIntervals], ['FAILED', 18, 2]);
  assertProblem(await server.ask('POST', `${path}/resume`), 409);
  const shown = (await server.expect(200, 'GET', path)).body;
  assert.deepEqual(shown.failures.map((one) => one.start), ['2025-11-03T00:00:00.000Z', '2025-11-07T00:00:00.000Z']);
  assert.deepEqual([shown.firstInterval.start, shown.lastInterval.end], ['2025-11-01T00:00:00.000Z', '2025-11-21T00:00:00.000Z']);
  const before = callsOf('retried').length;
  bad.clear();
  await server.expect(200, 'POST', `${path}/retry-failed`);
  const ended = await over(server, id);
  assert.deepEqual([ended.status, ended.completedIntervals, ended.failedIntervals], ['COMPLETED', 20, 0]);
  assert.deepEqual(callsOf('retried').slice(before).map((call) => call.start).sort(), ['2025-11-03T00:00:00.000Z', '2025-11-07T00:00:00.000Z']);
  assertProblem(await server.ask('POST', `${path}/retry-failed`), 409);
  assertProblem(await server.ask('POST', `${path}/cancel`), 409);
});

test('a cancelled backfill stops its runs and starts no more', async () => {
  answer = ({ mark }) => (mark === 'stopped' ? sleep(30_000) : 200);
  const pipelineId = await make(server, calling('stopped'));
  const { id } = await backfill(server, pipelineId, { concurrency: 2 });
  await until('two runs', () => callsOf('stopped').length === 2);
  const cancelled = (await server.expect(200, 'POST', `${base}/backfill/${id}/cancel`)).body;
  assert.equal(cancelled.status, 'CANCELLED');
  assert.match(cancelled.endedAt, timeForm);
  await until('the runs to be cancelled', async () => (await runsOf(server, pipelineId)).every((run) => run.status === 'cancelled'));
  await sleep(300);
  assert.equal((await runsOf(server, pipelineId)).length, 2);
  assertProblem(await server.ask('POST', `${base}/backfill/${id}/resume`), 409);
});

test('SIGKILL in the middle of a backfill loses and doubles nothing', async () => {
  answer = async ({ mark }) => {
    if (mark === 'killed') await sleep(15);
    return 200;
  };
  const dir = makeDir('killed');
  let node = await Server.start(dir, options);
  const pipelineId = await make(node, calling('killed'));
  const { id } = await backfill(node, pipelineId, { from: '2025-11-01', to: '2025-11-05', granularity: 'HOURLY', concurrency: 5 });
  for (const upto of [20, 60]) {
    await until('some of it', async () => (await progress(node, id)).completedIntervals >= upto, { everyMs: 10 });
    await node.end('SIGKILL');
    node = await Server.start(dir, options);
  }
  const ended = await over(node, id);
  assert.deepEqual([ended.status, ended.completedIntervals, ended.failedIntervals], ['COMPLETED', 120, 0]);
  const runs = await runsOf(node, pipelineId);
  assert.equal(runs.length, 120);
  const starts = new Map(callsOf('killed').map((call) => [call.run, call.start]));
  assert.equal(new Set(starts.values()).size, 120);
  assert.equal(starts.size, 120, 'a task may be done again, but by the same run');
  await node.end('SIGTERM');
});

// ---- dependencies

const depend = async (upstreamPipelineId, downstreamPipelineId, more = {}) => (await server.expect(201, 'POST', `${base}/dependencies`, { body: { upstreamPipelineId, downstreamPipelineId, ...more } })).body;
const runToEnd = async (pipeline) => server.ended(await server.startRun(pipeline));

test('STRONG waits for a success of all, WEAK for any end', async () => {
  let fails = true;
  answer = ({ mark }) => (mark === 'upstream' && fails ? 500 : 200);
  const [first, second, strong, weak] = [await make(server, calling('upstream')), await make(server, noop), await make(server, noop), await make(server, noop)];
  assert.equal((await depend(first, strong)).type, 'STRONG');
  await depend(second, strong, { type: 'STRONG' });
  await depend(first, weak, { type: 'WEAK' });
  await depend(second, weak, { type: 'WEAK' });
  assert.equal((await runToEnd(first)).status, 'failed');
  await runToEnd(second);
  const [started] = await until('the weak one', async () => {
    const runs = await runsOf(server, weak);
    return runs.length > 0 && runs;
  });
  assert.equal(started.triggered_by, 'dependency');
  await sleep(300);
  assert.deepEqual(await runsOf(server, strong), []);
  fails = false;
  await runToEnd(first);
  await until('the strong one', async () => (await runsOf(server, strong)).length === 1);
  await runToEnd(second);
  await sleep(300);
  assert.equal((await runsOf(server, strong)).length, 1, 'each start waits for all of them anew');
});

test('the graph shows both sides; a cycle is refused and named', async () => {
  const [a, b, c] = [await make(server, noop, { name: 'orders' }), await make(server, noop, { name: 'billing' }), await make(server, noop, { name: 'report' })];
  const ab = await depend(a, b);
  const bc = await depend(b, c, { type: 'WEAK' });
  const graph = (await server.expect(200, 'GET', `${base}/dependencies/${b}`)).body;
  assert.equal(graph.pipelineId, b);
  assert.deepEqual(graph.upstream.map((one) => [one.id, one.upstreamPipelineId, one.type]), [[ab.id, a, 'STRONG']]);
  assert.deepEqual(graph.downstream.map((one) => [one.id, one.downstreamPipelineId, one.type]), [[bc.id, c, 'WEAK']]);
  const cycle = await server.ask('POST', `${base}/dependencies`, { body: { upstreamPipelineId: c, downstreamPipelineId: a } });
  assertProblem(cycle, 400, 'cycle');
  for (const word of ['orders', 'billing', 'report', a, b, c]) assert.ok(cycle.body.detail.includes(word), cycle.text);
  assertProblem(await server.ask('POST', `${base}/dependencies`, { body: { upstreamPipelineId: a, downstreamPipelineId: a } }), 400, 'itself');
  assertProblem(await server.ask('POST', `${base}/dependencies`, { body: { upstreamPipelineId: a, downstreamPipelineId: b } }), 409, ab.id);
  await server.expect(204, 'DELETE', `${base}/dependencies/${bc.id}`);
  assertProblem(await server.ask('DELETE', `${base}/dependencies/${bc.id}`), 404);
  await depend(c, a);
});

// ---- who may

test('nothing of another workspace is seen or touched; a dependency on it is forbidden both ways', async () => {
  const mine = await make(server, noop);
  const { id: scheduleId } = await schedule(server, mine, { cronExpression: '0 0 1 1 *' });
  const { id: backfillId } = await backfill(server, mine, { dryRun: true });
  const theirs = (await server.expect(201, 'POST', '/api/v1/pipelines', { key: stranger, body: { name: 't', yamlDefinition: noop } })).body.id;
  for (const [method, path] of [['GET', `schedules/${scheduleId}`], ['PUT', `schedules/${scheduleId}`], ['DELETE', `schedules/${scheduleId}`], ['POST', `schedules/${scheduleId}/pause`], ['POST', `schedules/${scheduleId}/resume`],
    ['GET', `next-runs?scheduleId=${scheduleId}`], ['GET', `schedules?pipelineId=${mine}`], ['GET', `backfill/${backfillId}`], ['POST', `backfill/${backfillId}/cancel`], ['GET', `backfill?pipelineId=${mine}`], ['GET', `dependencies/${mine}`]])
    assertProblem(await server.ask(method, `${base}/${path}`, { key: stranger, ...(method === 'PUT' ? { body: {} } : {}) }), 404);
  assertProblem(await server.ask('POST', `${base}/schedules`, { key: stranger, body: { pipelineId: mine, cronExpression: '* * * * *' } }), 404);
  assert.deepEqual((await server.expect(200, 'GET', `${base}/schedules`, { key: stranger })).body, []);
  for (const [upstreamPipelineId, downstreamPipelineId] of [[mine, theirs], [theirs, mine]]) {
    assertProblem(await server.ask('POST', `${base}/dependencies`, { body: { upstreamPipelineId, downstreamPipelineId } }), 403, theirs);
    assertProblem(await server.ask('POST', `${base}/dependencies`, { key: stranger, body: { upstreamPipelineId, downstreamPipelineId } }), 403, mine);
  }
  const mineToo = await depend(mine, await make(server, noop));
  assertProblem(await server.ask('DELETE', `${base}/dependencies/${mineToo.id}`, { key: stranger }), 404);
  const reader = token({ sub: 'reader', workspace_id: '00000000-0000-7000-8000-000000000001', scope: 'read:pipelines' }, SECRET);
  await server.expect(200, 'GET', `${base}/schedules/${scheduleId}`, { key: reader });
  assertProblem(await server.ask('POST', `${base}/schedules/${scheduleId}/pause`, { key: reader }), 403, 'write:pipelines');
});

test('a repeated creation with its Idempotency-Key makes one', async () => {
  const [pipelineId, other] = [await make(server, noop), await make(server, noop)];
  for (const [path, body, changed] of [
    ['schedules', { pipelineId, cronExpression: '0 0 1 1 *' }, { pipelineId, cronExpression: '0 0 2 1 *' }],
    ['backfill', { pipelineId, from: '2025-11-01', to: '2025-11-02', granularity: 'DAILY' }, { pipelineId, from: '2025-11-01', to: '2025-11-03', granularity: 'DAILY' }],
    ['dependencies', { upstreamPipelineId: pipelineId, downstreamPipelineId: other }, { upstreamPipelineId: other, downstreamPipelineId: pipelineId }],
  ]) {
    const headers = { 'Idempotency-Key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.ask('POST', `${base}/${path}`, { body, headers })));
    for (const one of answers) assert.deepEqual([one.status, one.body.id], [201, answers[0].body.id], one.text);
    assertProblem(await server.ask('POST', `${base}/${path}`, { body: changed, headers }), 422);
  }
  assert.equal((await server.expect(200, 'GET', `${base}/schedules?pipelineId=${pipelineId}`)).body.length, 1);
});

// ---- what took its minute

test('a schedule of every minute fires on the minute', async () => {
  const { due, lateMs, made, pipelines } = await live;
  assert.ok(lateMs < 2_000, `${lateMs} ms late`);
  const runs = await runsOf(server, pipelines.plain);
  assert.deepEqual(runs.map((run) => run.triggered_by), ['schedule']);
  const [call] = callsOf('live');
  assert.deepEqual([Date.parse(call.at), call.run, call.start], [due, runs[0].id, '2001-01-01T00:00:00Z']);
  const now = await seen(server, made.plain.id);
  assert.deepEqual([now.fired, now.skipped, now.lastRunAt, now.lastRunId, now.nextRunAt], [1, 0, short(due), runs[0].id, short(due + minute)]);
});

test('a pipeline’s own field fires as well, on every surface', async () => {
  const { pipelines } = await live;
  for (const id of [pipelines.own, pipelines.field]) assert.deepEqual((await runsOf(server, id)).map((run) => [run.triggered_by, run.status]), [['schedule', 'success']]);
  assert.equal(callsOf('own').length, 1);
});

test('nothing fires while it is paused, on a holiday, in a maintenance window or for a resting pipeline', async () => {
  const { made, pipelines } = await live;
  for (const id of [made.paused.pipelineId, made.free.pipelineId, made.closed.pipelineId, pipelines.resting]) assert.deepEqual(await runsOf(server, id), []);
});

test('a start that is refused says why', async () => {
  const { made } = await live;
  const now = await seen(server, made.wrong.id);
  assert.deepEqual([now.fired, now.skipped], [0, 1]);
  assert.match(now.lastError, /parameter `m` is missing/);
});

test('what came due while no server ran is made up for, once', async () => {
  const { due, runs } = await away;
  for (const name of ['SKIP_TO_CURRENT', 'RUN_ALL', 'RUN_LATEST_N', 'own']) {
    assert.deepEqual(runs[name].map((run) => run.triggered_by), ['schedule'], name);
    assert.deepEqual(callsOf(`away ${name}`).map((call) => Date.parse(call.at)), [due], name);
  }
  assert.deepEqual(runs.paused, []);
});

if (longAway)
  test('what was missed for longer goes by catchupStrategy and overlapStrategy', async () => {
    const { due, runs, schedules } = await longAway;
    const times = (name) => callsOf(`long ${name}`).map((call) => (Date.parse(call.at) - due) / minute);
    assert.deepEqual(times('all'), [0, 1]);
    assert.deepEqual(times('latest'), [1]);
    assert.deepEqual(times('current'), [1]);
    assert.deepEqual(times('skip'), [0]);
    assert.deepEqual([schedules.skip.fired, schedules.skip.skipped], [1, 1]);
    assert.deepEqual(runs.cancel.map((run) => run.status).sort(), ['cancelled', 'success']);
    assert.equal(runs.all.length, 2);
    assert.ok(Date.parse(runs.all[0].started_at) >= Date.parse(runs.all[1].finished_at), 'one after the other');
  });

test('the server ends as well as before', async () => {
  await server.expect(200, 'GET', '/ready');
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null }, server.output);
});

await finish(async () => {
  standIn.close();
  await cleanUp();
});
