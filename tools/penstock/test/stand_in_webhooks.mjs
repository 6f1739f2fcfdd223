// The stand-in's webhook endpoints; one whose URL holds `down` cannot be reached.
import { randomUUID } from 'node:crypto';

const refusal = (status, code, message) => ({ status, type: 'application/json', body: { error: { code, message } } });
const known = ['job.completed', 'job.failed', 'pipeline.paused', 'etl.run.completed', 'etl.run.failed'];

export function webhookRoutes({ json }) {
  const webhooks = new Map();
  const missing = () => refusal(404, 'NOT_FOUND', 'there is no such webhook');
  const shown = ({ secret, ...rest }) => rest;
  const attempt = (webhook) => (webhook.url.includes('down')
    ? { at: new Date().toISOString(), response_status: null, latency_ms: 7, error: 'the connection was refused' }
    : { at: new Date().toISOString(), response_status: 204, latency_ms: 12, error: null });
  const on = (act) => ({ match, body, query }) => {
    const webhook = webhooks.get(decodeURIComponent(match[1]));
    return webhook ? act(webhook, body ?? {}, query) : missing();
  };
  const page = (list, query) => json(200, { data: list.slice((Number(query.get('page') ?? 1) - 1) * Number(query.get('limit'))).slice(0, Number(query.get('limit'))), meta: { total: list.length } });

  const routes = [
    ['GET', /^\/v1\/webhooks$/, ({ query }) => page([...webhooks.values()].reverse().map(shown), query)],
    ['POST', /^\/v1\/webhooks$/, ({ body }) => {
      const wrong = body.events.find((event) => !known.includes(event));
      if (wrong) return refusal(400, 'BAD_REQUEST', `events: "${wrong}" is unknown; events are ${known.join(', ')}`);
      const { secret, ...given } = body;
      const webhook = { id: `wh_${randomUUID().replaceAll('-', '')}`, description: '', max_retries: null, enabled: true, disabled_reason: null, old_secret_until: null, created_at: new Date().toISOString(), ...given };
      webhooks.set(webhook.id, webhook);
      return json(201, { data: { ...webhook, ...(secret ? {} : { secret: 'whsec_made' }) } });
    }],
    ['GET', /^\/v1\/webhooks\/([^/]+)$/, on((webhook) => json(200, { data: webhook }))],
    ['PATCH', /^\/v1\/webhooks\/([^/]+)$/, on((webhook, body) => json(200, { data: Object.assign(webhook, body) }))],
    ['DELETE', /^\/v1\/webhooks\/([^/]+)$/, on((webhook) => { webhooks.delete(webhook.id); return { status: 204 }; })],
    ['POST', /^\/v1\/webhooks\/([^/]+)\/test$/, on((webhook) => json(200, { data: { delivered: attempt(webhook).error === null, attempt: attempt(webhook) } }))],
    ['POST', /^\/v1\/webhooks\/([^/]+)\/rotate-secret$/, on((webhook, body) => {
      webhook.old_secret_until = body.overlap_seconds === 0 ? null : '2026-01-31T10:00:00Z';
      return json(200, { data: { ...webhook, ...(body.secret ? {} : { secret: 'whsec_rotated' }) } });
    })],
    ['GET', /^\/v1\/webhooks\/([^/]+)\/deliveries$/, on((webhook, _, query) => page([1, 2, 3].map((n) => ({ id: `dlv_${n}`, event_id: `evt_${n}`, event: 'job.completed', status: webhook.url.includes('down') ? 'pending' : 'delivered', created_at: new Date().toISOString(), next_attempt_at: null, attempts: [attempt(webhook)] })), query))],
    ['POST', /^\/v1\/webhooks\/deliveries\/([^/]+)\/redeliver$/, ({ match }) => (match[1] === 'dlv_1' ? json(202, { data: { id: 'dlv_1', status: 'pending' } }) : refusal(404, 'NOT_FOUND', 'there is no such delivery'))],
  ];
  return { webhooks, routes };
}
