#!/usr/bin/env node
// Webhooks in both directions: signatures checked by code that is not ours, receivers that misbehave, kills under load.
//   --kills N   how often the server is killed under load (default 20)
//   --seed N    repeats the choices of an earlier run
import { verify } from '@octokit/webhooks-methods';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import http from 'node:http';
import { Webhook } from 'standardwebhooks';
import { finish, numberOption, test } from '../../tools/lib/cases.mjs';
import { Server, ask, cleanUp, makeDir, seeded, sleep, until } from './support/server.mjs';

const kills = numberOption('kills', 20);
const seed = numberOption('seed', (Date.now() ^ process.pid) >>> 0);
const random = seeded(seed);
console.log(`# ${kills} kills, seed ${seed}`);

const noop = { tasks: [{ id: 'only', type: 'noop' }] };
const failing = { tasks: [{ id: 'only', type: 'shell', command: 'exit 3' }] };
const args = ['--allow-private-addresses', '--webhook-retry-delay', '200ms', '--webhook-timeout', '2s'];

/// A receiver whose paths are played by functions of (request, body, response, how often that body came).
async function startReceiver() {
  const receiver = { got: [], paths: new Map() };
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('error', () => {});
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const path = request.url;
      const came = receiver.got.filter((one) => one.path === path && one.body.equals(body)).length;
      receiver.got.push({ path, headers: request.headers, body, at: Date.now() });
      (receiver.paths.get(path) ?? ((_, __, r) => r.writeHead(204).end()))(request, body, response, came);
    });
  });
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${server.address().port}`;
  receiver.at = (path) => receiver.got.filter((one) => one.path === path);
  receiver.close = () => { server.closeAllConnections(); server.close(); };
  return receiver;
}

const receiver = await startReceiver();
const server = await Server.start(makeDir('webhooks'), { args });
const makeHook = async (path, events, more = {}, on = server) =>
  (await on.expect(201, 'POST', '/v1/webhooks', { body: { url: receiver.url + path, events, ...more } })).body.data;
const dropHook = (hook) => server.expect(204, 'DELETE', `/v1/webhooks/${hook.id}`);
const deliveries = async (hook) => (await server.expect(200, 'GET', `/v1/webhooks/${hook.id}/deliveries?limit=100`)).body.data;
const arrived = (path, count = 1, timeoutMs = 15_000) =>
  until(`${count} deliveries at ${path}`, () => receiver.at(path).length >= count && receiver.at(path), { timeoutMs });

/// Checks all signatures of a delivery with other people's code.
async function assertSigned(one, secret, header = 'x-gcs-signature') {
  const text = one.body.toString();
  assert.ok(await verify(secret, text, one.headers[header]), 'octokit takes the signature');
  const byOpenssl = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret], { input: one.body }).toString();
  assert.equal(one.headers[header], `sha256=${byOpenssl.trim().split(' ').pop()}`);
  const standard = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(Buffer.from(secret), { format: 'raw' });
  standard.verify(text, one.headers);
}

const pipeline = await server.create('p', noop);
const broken = await server.create('broken', failing);

test('an ended run is posted to who subscribed, once, with signatures that others verify', async () => {
  const made = await makeHook('/made', ['job.completed']);
  assert.match(made.secret, /^whsec_/);
  const given = await makeHook('/given', ['job.completed', 'job.failed'], { secret: 'a secret of one\'s own' });
  assert.equal(given.secret, undefined);
  const run = await server.startRun(pipeline.id, {}, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
  const [one] = await arrived('/made');
  await assertSigned(one, made.secret);
  const event = JSON.parse(one.body);
  assert.equal(event.type, 'job.completed');
  assert.match(event.id, /^evt_/);
  assert.equal(event.id, one.headers['webhook-id']);
  assert.equal(event.data.id, `job_${run.replaceAll('-', '')}`);
  assert.equal(event.data.status, 'completed');
  assert.match(one.headers['user-agent'], /^penstock\//);
  assert.match(one.headers.traceparent, /^00-0af7651916cd43dd8448eb211c80319c-/);
  await assertSigned((await arrived('/given'))[0], 'a secret of one\'s own');
  await server.startRun(broken.id);
  const failed = (await arrived('/given', 2))[1];
  assert.equal(JSON.parse(failed.body).type, 'job.failed');
  await sleep(700);
  assert.equal(receiver.at('/made').length, 1, 'a success is not sent again');
  const [history] = await deliveries(made);
  assert.equal(history.status, 'delivered');
  assert.equal(history.attempts[0].response_status, 204);
  assert.ok((await server.expect(200, 'GET', '/v1/webhooks')).text.includes(made.id));
  assert.ok(!(await server.expect(200, 'GET', '/v1/webhooks')).text.includes('whsec_'));
  await dropHook(made);
  await dropHook(given);
});

test('an etl run and a pause are events of their own', async () => {
  const hook = await makeHook('/others', ['etl.run.completed', 'pipeline.paused']);
  await server.startRun(pipeline.id);
  await server.expect(200, 'PUT', `/api/pipelines/${pipeline.id}`, { body: { enabled: false } });
  await server.expect(200, 'PUT', `/api/pipelines/${pipeline.id}`, { body: { enabled: true } });
  const all = (await arrived('/others', 2)).map((one) => JSON.parse(one.body));
  const etl = all.find((one) => one.type === 'etl.run.completed');
  assert.ok(etl.data.run_id && etl.data.workflow_id, JSON.stringify(etl));
  assert.equal(all.find((one) => one.type === 'pipeline.paused').data.status, 'paused');
  await dropHook(hook);
});

test('failures are tried again with the same bytes and id, until one succeeds; by hand once more', async () => {
  receiver.paths.set('/flaky', (_, __, response, came) => response.writeHead(came < 2 ? 500 : 200).end('no'));
  const hook = await makeHook('/flaky', ['job.completed']);
  await server.startRun(pipeline.id);
  const all = await arrived('/flaky', 3);
  for (const one of all) {
    assert.ok(one.body.equals(all[0].body));
    assert.equal(one.headers['webhook-id'], all[0].headers['webhook-id']);
    await assertSigned(one, hook.secret);
  }
  assert.ok(all[1].at - all[0].at >= 170 && all[2].at - all[1].at >= 350, 'each gap is about twice the last');
  const entry = await until('the success in the history', async () => (await deliveries(hook)).find((d) => d.status === 'delivered'));
  assert.deepEqual(entry.attempts.map((a) => a.response_status), [500, 500, 200]);
  await server.expect(202, 'POST', `/v1/webhooks/deliveries/${entry.id}/redeliver`);
  assert.ok((await arrived('/flaky', 4))[3].body.equals(all[0].body));
  await dropHook(hook);
});

test('receivers that hang, redirect, answer endlessly or close early are failures and delay no other', async () => {
  receiver.paths.set('/hang', () => {});
  receiver.paths.set('/redirect', (_, __, response) => response.writeHead(302, { Location: `${receiver.url}/internal` }).end());
  receiver.paths.set('/close', (request) => request.socket.destroy());
  receiver.paths.set('/endless', (_, __, response) => {
    response.writeHead(200);
    const pour = () => { while (!response.destroyed && response.write('x'.repeat(65_536))); };
    response.on('drain', pour).on('error', () => {});
    pour();
  });
  const hooks = {};
  for (const path of ['/hang', '/redirect', '/close', '/endless']) hooks[path] = await makeHook(path, ['job.completed'], { max_retries: 1 });
  const quick = await makeHook('/quick', ['job.completed']);
  const before = server.memory();
  const began = Date.now();
  for (let i = 0; i < 50; i += 1) await server.startRun(pipeline.id);
  await arrived('/quick', 50);
  assert.ok(Date.now() - began < 3_000, `the quick one waited ${Date.now() - began} ms`);
  const ends = async (path) => until(`the end of one at ${path}`, async () => (await deliveries(hooks[path])).find((d) => d.attempts.length > 0));
  assert.match((await ends('/redirect')).attempts[0].error, /redirect/);
  assert.equal(receiver.at('/internal').length, 0, 'a redirect is not followed, though it could be');
  assert.equal((await ends('/hang')).attempts[0].response_status, null);
  assert.equal((await ends('/close')).attempts[0].response_status, null);
  await ends('/endless');
  assert.ok(server.memory() - before < 100e6, 'memory is bounded');
  for (const hook of [...Object.values(hooks), quick]) await dropHook(hook);
});

test('an answer of 10 GB is read no further than its limit, with a length and in chunks', async () => {
  const size = 10 * 2 ** 30;
  const part = Buffer.alloc(65_536, 'x');
  const poured = [];
  const pourAs = (headers) => (_, __, response) => {
    const { socket } = response;
    const before = socket.bytesWritten;
    let left = size;
    const pour = () => {
      while (left > 0 && !response.destroyed) {
        left -= part.length;
        if (!response.write(part)) return;
      }
      response.end();
    };
    response.writeHead(200, headers);
    response.on('drain', pour).on('error', () => {}).on('close', () => poured.push(socket.bytesWritten - before));
    pour();
  };
  receiver.paths.set('/long', pourAs({ 'Content-Length': size }));
  receiver.paths.set('/chunks', pourAs({ 'Transfer-Encoding': 'chunked' }));
  const hooks = [await makeHook('/long', ['job.completed'], { max_retries: 1 }), await makeHook('/chunks', ['job.completed'], { max_retries: 1 })];
  const before = server.memory();
  for (let i = 0; i < 20; i += 1) await server.startRun(pipeline.id);
  for (const hook of hooks) {
    const all = await until('all are settled', async () => {
      const found = await deliveries(hook);
      return found.length === 20 && found.every((d) => d.status !== 'pending') && found;
    });
    for (const { status, attempts } of all) {
      assert.deepEqual([status, attempts.length, attempts[0].response_status], ['delivered', 1, 200], JSON.stringify(attempts));
      assert.ok(attempts[0].latency_ms < 1_900, `took ${attempts[0].latency_ms} ms`);
    }
  }
  await until('the connections are closed', () => poured.length === 40);
  // The system's buffers between the two hold some megabytes.
  assert.ok(Math.max(...poured) < 32e6, `${Math.max(...poured)} bytes went out`);
  assert.ok(server.memory() - before < 100e6, 'memory is bounded');
  for (const hook of hooks) await dropHook(hook);
});

test('410 disables an endpoint; Retry-After is honoured', async () => {
  receiver.paths.set('/gone', (_, __, response) => response.writeHead(410).end());
  receiver.paths.set('/later', (_, __, response, came) => response.writeHead(came ? 200 : 503, { 'Retry-After': '2' }).end());
  const gone = await makeHook('/gone', ['job.completed']);
  const later = await makeHook('/later', ['job.completed']);
  await server.startRun(pipeline.id);
  const shown = await until('it is disabled', async () => {
    const { data } = (await server.expect(200, 'GET', `/v1/webhooks/${gone.id}`)).body;
    return !data.enabled && data;
  });
  assert.match(shown.disabled_reason, /410/);
  const [first, second] = await arrived('/later', 2);
  assert.ok(second.at - first.at >= 1_900, `came after ${second.at - first.at} ms`);
  await dropHook(gone);
  await dropHook(later);
});

test('while a secret is replaced both are valid, and only the new one afterwards', async () => {
  const hook = await makeHook('/rotated', ['job.completed']);
  const { data } = (await server.expect(200, 'POST', `/v1/webhooks/${hook.id}/rotate-secret`, { body: { overlap_seconds: 60 } })).body;
  assert.notEqual(data.secret, hook.secret);
  await server.startRun(pipeline.id);
  const [one] = await arrived('/rotated');
  await assertSigned(one, data.secret);
  new Webhook(hook.secret).verify(one.body.toString(), one.headers);
  const tried = (await server.expect(200, 'POST', `/v1/webhooks/${hook.id}/test`)).body.data;
  assert.equal(tried.delivered, true);
  assert.equal(tried.attempt.response_status, 204);
  await dropHook(hook);
});

test('while a secret is replaced a receiver that knows one of them, and looks at one header alone, gets every event', async () => {
  const known = new Map();
  const strict = (path) => (request, body, response) => {
    const given = request.headers['x-gcs-signature'];
    response.writeHead(given === `sha256=${createHmac('sha256', known.get(path)).update(body).digest('hex')}` ? 204 : 401).end();
  };
  for (const path of ['/old-secret', '/new-secret']) {
    receiver.paths.set(path, strict(path));
    const hook = await makeHook(path, ['job.completed']);
    const { data } = (await server.expect(200, 'POST', `/v1/webhooks/${hook.id}/rotate-secret`, { body: { overlap_seconds: 60 } })).body;
    known.set(path, path === '/old-secret' ? hook.secret : data.secret);
    await server.startRun(pipeline.id);
    const entry = await until(`the delivery to ${path}`, async () => (await deliveries(hook)).find((d) => d.status === 'delivered'));
    assert.deepEqual(entry.attempts.map((a) => a.response_status), path === '/old-secret' ? [401, 204] : [204]);
    await dropHook(hook);
  }
});

test('wrong requests are told what is wrong, and others\' endpoints are not there', async () => {
  for (const [body, field] of [[{ events: ['job.completed'] }, 'url'], [{ url: 'ftp://x/', events: ['job.completed'] }, 'url'],
    [{ url: 'http://u:p@x/', events: ['job.completed'] }, 'url'], [{ url: 'http://h:99999/', events: ['job.completed'] }, 'url'],
    [{ url: 'http://[::1', events: ['job.completed'] }, 'url'], [{ url: 'http://x/', events: ['job.gone'] }, 'events'], [{ url: 'http://x/', events: [] }, 'events']]) {
    const answer = await server.expect(400, 'POST', '/v1/webhooks', { body });
    assert.ok(answer.body.error.message.includes(field), answer.text);
  }
  await server.expect(404, 'GET', `/v1/webhooks/wh_${randomUUID().replaceAll('-', '')}`);
  const key = { headers: { 'Idempotency-Key': randomUUID() }, body: { url: `${receiver.url}/once`, events: ['job.completed'] } };
  const first = (await server.expect(201, 'POST', '/v1/webhooks', key)).body.data;
  const again = await server.expect(201, 'POST', '/v1/webhooks', key);
  assert.equal(again.body.data.id, first.id);
  assert.equal(again.body.data.secret, undefined);
  await dropHook(first);
});

const sign = (secret, body) => createHmac('sha256', secret).update(body).digest('hex');
const register = async (path, more = {}) =>
  (await server.expect(201, 'POST', '/api/v1/orchestrator/webhooks', {
    body: { name: 'airflow', source: 'airflow', hmac_secret: 'orchestrator secret', callback_url: receiver.url + path, ...more },
  })).body;
const signed = (hook, what, body, { secret = 'orchestrator secret', on = server } = {}) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(on.url, 'POST', `/api/v1/orchestrator/${what}`, { key: null, body: text, headers: { 'X-Webhook-Id': hook.id, 'X-Webhook-Signature': sign(secret, text) } });
};

test('a signed trigger starts a run for its job once, and the end is posted back', async () => {
  const hook = await register('/callback');
  assert.equal(hook.hmac_secret, undefined);
  const body = { external_job_id: 'job-1', pipelineId: pipeline.id, parameters: {} };
  const answers = await Promise.all([...Array(10)].map((_, i) => signed(hook, 'trigger', i % 2 ? { ...body, pipelineId: broken.id } : body)));
  for (const answer of answers) assert.equal(answer.status, 202, answer.text);
  assert.equal(new Set(answers.map((answer) => answer.body.runId)).size, 1);
  assert.deepEqual(Object.keys(answers[0].body).sort(), ['external_job_id', 'runId', 'status']);
  const [one] = await arrived('/callback');
  await assertSigned(one, 'orchestrator secret', 'x-webhook-signature');
  const told = JSON.parse(one.body);
  assert.equal(told.external_job_id, 'job-1');
  assert.equal(told.runId, answers[0].body.runId);
  assert.ok(['SUCCESS', 'FAILED'].includes(told.status));
  const history = await until('the callback in the history', async () => {
    const [entry] = (await server.expect(200, 'GET', `/api/v1/orchestrator/webhooks/${hook.id}/deliveries`)).body;
    return entry?.status === 'delivered' && entry;
  });
  assert.deepEqual(history.attempts.map((a) => [a.responseStatus, a.error]), [[204, null]]);
  await server.expect(202, 'POST', `/v1/webhooks/deliveries/${history.id}/redeliver`);
  assert.ok((await arrived('/callback', 2))[1].body.equals(one.body));
  const other = await signed(hook, 'trigger', { ...body, external_job_id: 'job-2' });
  assert.notEqual(other.body.runId, told.runId);
});

test('who does not sign is told the same whatever is wrong, and changes nothing', async () => {
  const hook = await register('/nothing');
  const body = { external_job_id: 'job-9', pipelineId: pipeline.id };
  const wrong = [
    await signed(hook, 'trigger', body, { secret: 'wrong' }), await signed({ id: randomUUID() }, 'trigger', body), await signed({ id: 'x' }, 'trigger', 'not json', { secret: 'wrong' }),
    await ask(server.url, 'POST', '/api/v1/orchestrator/trigger', { key: null }), await signed(hook, 'callback', { external_job_id: 'job-9', status: 'CANCELLED' }, { secret: 'wrong' }),
  ];
  for (const answer of wrong) {
    assert.equal(answer.status, 401, answer.text);
    assert.equal(answer.body.detail, wrong[0].body.detail);
  }
  assert.equal((await signed(hook, 'trigger', '{')).status, 400);
  for (const id of ['', 'x'.repeat(257), 7]) assert.equal((await signed(hook, 'trigger', { ...body, external_job_id: id })).status, 400);
  assert.equal((await signed(hook, 'trigger', { external_job_id: 'job-10', pipelineId: randomUUID() })).status, 404);
  assert.equal((await signed(hook, 'trigger', { external_job_id: 'job-10', pipelineId: pipeline.id })).status, 202);
});

test('a signed callback CANCELLED cancels the run of that webhook', async () => {
  const hook = await register('/cancelled');
  const nap = await server.create('nap', { tasks: [{ id: 'nap', type: 'sleep', seconds: 600 }] });
  const { runId } = (await signed(hook, 'trigger', { external_job_id: 'nap', pipelineId: nap.id })).body;
  assert.equal((await signed(hook, 'callback', { external_job_id: 'nap', runId, status: 'SUCCESS' })).status, 200);
  assert.equal((await signed(await register('/x'), 'callback', { external_job_id: 'nap', runId, status: 'CANCELLED' })).status, 404);
  assert.equal((await signed(hook, 'callback', { external_job_id: 'nap', runId, status: 'CANCELLED' })).status, 200);
  assert.equal(JSON.parse((await arrived('/cancelled'))[0].body).status, 'CANCELLED');
});

test('without --allow-private-addresses a receiver on this machine is not called', async () => {
  const strict = await Server.start(makeDir('webhooks-strict'), { args: ['--webhook-retry-delay', '200ms'] });
  const hook = await makeHook('/private', ['job.completed'], { max_retries: 1 }, strict);
  const made = await strict.create('p', noop);
  await strict.startRun(made.id);
  const entry = await until('the refusal', async () =>
    (await strict.expect(200, 'GET', `/v1/webhooks/${hook.id}/deliveries`)).body.data.find((d) => d.attempts.length > 0));
  assert.equal(entry.attempts[0].response_status, null);
  assert.match(entry.attempts[0].error, /loopback|private/);
  assert.equal(receiver.at('/private').length, 0);
  await strict.end();
});

test(`killed ${kills} times under load: each end arrives, none without its run, none signed wrongly`, async () => {
  const dir = makeDir('webhooks-kills');
  const many = { args: [...args, '--webhook-retries', '20'] };
  let current = await Server.start(dir, many);
  receiver.paths.set('/kills', (_, __, response) => response.writeHead(random.below(10) === 0 ? 500 : 200).end());
  const hook = await makeHook('/kills', ['job.completed'], { secret: 'of the kills' }, current);
  const made = await current.create('p', noop);
  const started = new Set();
  const jobs = new Map();
  const sender = (await current.expect(201, 'POST', '/api/v1/orchestrator/webhooks', {
    body: { name: 's', source: 's', hmac_secret: 'orchestrator secret', callback_url: `${receiver.url}/kills-callback` },
  })).body;
  let stop = false;
  const client = async () => {
    while (!stop) {
      try { started.add(await current.startRun(made.id)); } catch { await sleep(20); }
      const job = `job ${random.below(kills * 10)}`;
      try {
        const answer = await signed(sender, 'trigger', { external_job_id: job, pipelineId: made.id }, { on: current });
        if (answer.status === 202) {
          assert.equal(jobs.get(job) ?? answer.body.runId, answer.body.runId, `${job} has one run`);
          jobs.set(job, answer.body.runId);
          started.add(answer.body.runId);
        }
      } catch (problem) { if (problem instanceof assert.AssertionError) throw problem; await sleep(20); }
      await sleep(random.between(0, 10));
    }
  };
  const clients = [client(), client(), client()];
  for (let round = 0; round < kills; round += 1) {
    await sleep(random.between(50, 500));
    await current.end('SIGKILL');
    current = await Server.start(dir, many);
  }
  stop = true;
  await Promise.all(clients);
  const idOf = (one) => JSON.parse(one.body).data.id;
  await until('every event', () => {
    const seen = new Set(receiver.at('/kills').map(idOf));
    return [...started].every((run) => seen.has(`job_${run.replaceAll('-', '')}`));
  }, { timeoutMs: 60_000, everyMs: 200 });
  const all = receiver.at('/kills');
  const events = new Map();
  for (const one of all) {
    assert.equal(one.headers['x-gcs-signature'], `sha256=${sign('of the kills', one.body)}`);
    new Webhook(Buffer.from('of the kills'), { format: 'raw' }).verify(one.body.toString(), one.headers);
    const before = events.get(one.headers['webhook-id']);
    assert.ok(!before || before.equals(one.body), 'a retry carries the same bytes');
    events.set(one.headers['webhook-id'], one.body);
  }
  for (const run of new Set(all.map(idOf))) await current.expect(200, 'GET', `/api/pipelines/runs/${run}`);
  await until('every callback', () => {
    const seen = new Set(receiver.at('/kills-callback').map((one) => JSON.parse(one.body).runId));
    return [...jobs.values()].every((run) => seen.has(run));
  }, { timeoutMs: 60_000, everyMs: 200 });
  console.log(`# ${started.size} runs, ${jobs.size} jobs, ${all.length} posts of ${events.size} events`);
  assert.ok(hook.id);
  await current.end();
});

await finish(async () => { receiver.close(); await cleanUp(); });
