// The stand-in's scheduler: schedules that never come due, backfills that go three intervals further at each look,
// dependencies and calendars. What is refused is refused in the server's form.
import { randomUUID } from 'node:crypto';

const base = '/api/v1/scheduler/';

/// Rows as in stand_in.mjs. `answers` makes answers: { json, problem, missing, page }.
export function schedulerRoutes({ json, problem, missing, page }) {
  const schedules = new Map();
  const backfills = new Map();
  const dependencies = new Map();
  const calendars = new Map();
  const route = (method, pattern, handler) => [method, new RegExp(`^${base}${pattern}$`), handler];
  const wrong = (field, message, more = {}) => problem(400, 'invalid_argument', `${field}: ${message}`, [{ field, message, ...more }]);
  const list = (map, query) => {
    const all = [...map.values()].reverse().filter((one) => !query.get('pipelineId') || one.pipelineId === query.get('pipelineId'));
    return json(200, page(all, query), { 'X-Total-Count': String(all.length) });
  };

  const setSchedule = (schedule, body) => {
    if (body.cronExpression?.split(' ').length !== undefined && body.cronExpression.split(' ').length !== 5) return wrong('cronExpression', 'a cron expression has five fields');
    if (body.overlapStrategy && !['SKIP', 'QUEUE', 'CANCEL_RUNNING'].includes(body.overlapStrategy)) return wrong('overlapStrategy', 'must be SKIP, QUEUE or CANCEL_RUNNING');
    Object.assign(schedule, body);
    return null;
  };
  const withSchedule = (handler) => ({ match, body }) => (schedules.has(match[1]) ? handler(schedules.get(match[1]), body) : missing('schedule'));
  const pause = (status, nextRunAt) => withSchedule((schedule) => json(200, Object.assign(schedule, { status, nextRunAt })));

  const advance = (backfill) => {
    const { totalIntervals, completedIntervals, failedIntervals, status, ...rest } = backfill;
    const shown = { totalIntervals, completedIntervals, failedIntervals, status, ...rest };
    if (status !== 'RUNNING') return shown;
    const left = totalIntervals - completedIntervals - failedIntervals;
    backfill.failedIntervals += backfill.failing.splice(0, 1).length;
    backfill.completedIntervals += Math.min(3, totalIntervals - backfill.completedIntervals - backfill.failedIntervals);
    backfill.runningIntervals = Math.min(backfill.concurrency, left);
    if (backfill.completedIntervals + backfill.failedIntervals === totalIntervals) Object.assign(backfill, { status: backfill.failedIntervals ? 'FAILED' : 'COMPLETED', endedAt: new Date().toISOString(), runningIntervals: 0 });
    return shown;
  };
  const withBackfill = (handler) => ({ match }) => (backfills.has(match[1]) ? handler(backfills.get(match[1])) : missing('backfill'));
  const turn = (from, to) => withBackfill((backfill) => {
    if (!from.includes(backfill.status)) return problem(409, 'invalid_transition', `a backfill that is ${backfill.status} cannot become ${to}`);
    return json(200, Object.assign(backfill, { status: to }));
  });

  const routes = [
    route('GET', 'schedules', ({ query }) => list(schedules, query)),
    route('POST', 'schedules', ({ body }) => {
      const schedule = { id: randomUUID(), name: null, timezone: 'UTC', status: 'ACTIVE', nextRunAt: '2026-12-16T01:00:00Z', lastRunAt: null, lastRunId: null, lastError: null, businessDaysOnly: false, skipHolidays: false,
        calendar: 'holidays', maintenanceWindows: [], overlapStrategy: 'SKIP', catchupStrategy: 'SKIP_TO_CURRENT', catchupRuns: 1, parameters: {}, priority: 'MEDIUM', fired: 4, skipped: 1, queued: 0 };
      const refused = setSchedule(schedule, body);
      if (refused) return refused;
      schedules.set(schedule.id, schedule);
      return json(201, schedule);
    }),
    route('GET', 'schedules/([^/]+)', withSchedule((schedule) => json(200, schedule))),
    route('PUT', 'schedules/([^/]+)', withSchedule((schedule, body) => setSchedule(schedule, body) ?? json(200, schedule))),
    route('DELETE', 'schedules/([^/]+)', ({ match }) => (schedules.delete(match[1]) ? { status: 204 } : missing('schedule'))),
    route('POST', 'schedules/([^/]+)/pause', pause('PAUSED', null)),
    route('POST', 'schedules/([^/]+)/resume', pause('ACTIVE', '2026-12-16T01:00:00Z')),
    route('GET', 'next-runs', ({ query }) => json(200, { nextRuns: Array.from({ length: Math.min(Number(query.get('limit')), 3) }, (_, n) => `2026-12-${16 + n}T01:00:00Z`) })),
    route('GET', 'backfill', ({ query }) => list(backfills, query)),
    route('POST', 'backfill', ({ body }) => {
      if (body.from > body.to) return wrong('from', 'lies after to');
      const totalIntervals = Math.round((Date.parse(body.to) - Date.parse(body.from)) / 864e5) + 1;
      const backfill = { id: randomUUID(), status: body.dryRun ? 'PENDING' : 'RUNNING', totalIntervals, completedIntervals: 0, failedIntervals: 0, runningIntervals: 0, concurrency: 1, dryRun: false, parameterOverrides: {},
        createdAt: new Date().toISOString(), endedAt: null, error: null, ...body, failing: body.parameterOverrides?.fails ? [1] : [] };
      if (body.parameterOverrides?.stuck) Object.assign(backfill, { status: 'PAUSED', error: 'parameter `day` is missing' });
      backfills.set(backfill.id, backfill);
      return json(201, backfill);
    }),
    route('GET', 'backfill/([^/]+)', withBackfill((backfill) => json(200, advance(backfill)))),
    route('POST', 'backfill/([^/]+)/pause', turn(['RUNNING'], 'PAUSED')),
    route('POST', 'backfill/([^/]+)/resume', turn(['PAUSED'], 'RUNNING')),
    route('POST', 'backfill/([^/]+)/cancel', turn(['RUNNING', 'PAUSED'], 'CANCELLED')),
    route('POST', 'backfill/([^/]+)/retry-failed', withBackfill((backfill) => {
      if (backfill.failedIntervals === 0) return problem(409, 'invalid_transition', 'the backfill has no failed intervals');
      return json(200, Object.assign(backfill, { status: 'RUNNING', failedIntervals: 0, endedAt: null }));
    })),
    route('POST', 'dependencies', ({ body }) => {
      if (body.upstreamPipelineId === body.downstreamPipelineId) return problem(400, 'invalid_argument', 'a pipeline cannot depend on itself');
      const dependency = { id: randomUUID(), ...body };
      dependencies.set(dependency.id, dependency);
      return json(201, dependency);
    }),
    route('GET', 'dependencies/([^/]+)', ({ match }) => json(200, { pipelineId: match[1], upstream: [...dependencies.values()].filter((d) => d.downstreamPipelineId === match[1]), downstream: [...dependencies.values()].filter((d) => d.upstreamPipelineId === match[1]) })),
    route('DELETE', 'dependencies/([^/]+)', ({ match }) => (dependencies.delete(match[1]) ? { status: 204 } : missing('dependency'))),
    route('GET', 'calendars', () => json(200, [...calendars.values()].map(({ days, ...head }) => head))),
    route('GET', 'calendars/([^/]+)', ({ match }) => (calendars.has(match[1]) ? json(200, calendars.get(match[1])) : missing('calendar'))),
    route('PUT', 'calendars/([^/]+)', ({ match, body }) => {
      if (body.ical?.includes('wrong')) return wrong('ical', 'there is no such day', { line: 3 });
      const days = body.days ?? [{ date: '2026-01-01', name: 'New Year' }];
      const bad = days.findIndex((day) => Number.isNaN(Date.parse(day.date)));
      if (bad >= 0) return wrong(`days[${bad}]`, 'must be a date');
      const name = decodeURIComponent(match[1]);
      calendars.set(match[1], { name, dayCount: days.length, firstDay: days[0]?.date ?? null, lastDay: days.at(-1)?.date ?? null, updatedAt: new Date().toISOString(), days });
      return json(200, calendars.get(match[1]));
    }),
    route('DELETE', 'calendars/([^/]+)', ({ match }) => (calendars.delete(match[1]) ? { status: 204 } : missing('calendar'))),
  ];
  return { routes, schedules, backfills, dependencies, calendars };
}
