// A penstockd of a test's own: started on a directory of its own and a free port, spoken to over HTTP, ended with the test.
// BUILD_DIR names the build (default build/dev).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const PROGRAM = path.join(path.resolve(root, process.env.BUILD_DIR ?? 'build/dev'), 'bin/penstockd');
export const KEY = 'bootstrap-key-of-the-integration-tests-0123456789';
export const TERMINAL = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

const dirs = [];
const started = new Set();

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/// A new directory that `cleanUp` removes.
export function makeDir(name) {
  const dir = mkdtempSync(path.join(os.tmpdir(), `penstock-${name}-`));
  dirs.push(dir);
  return dir;
}

/// Polls until `probe` gives something true, and resolves to it; fails, naming what it waited for, when the time is up.
export async function until(what, probe, { timeoutMs = 30_000, everyMs = 20 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const got = await probe();
    if (got) return got;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(everyMs);
  }
}

/// Numbers from a seed (xorshift), so that a failed test can be repeated.
export function seeded(seed) {
  let state = (seed >>> 0) || 1;
  const next = () => {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    return state / 2 ** 32;
  };
  return { next, below: (n) => Math.floor(next() * n), between: (low, high) => low + next() * (high - low), one: (list) => list[Math.floor(next() * list.length)] };
}

/// One request to `url`; resolves to { status, headers, text, body }, `body` being the JSON of the answer if it is some.
export function ask(url, method, target, { body, headers = {}, key = KEY, agent, timeoutMs = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const all = { ...(key ? { Authorization: `Bearer ${key}` } : {}), ...headers };
    const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    if (bytes !== undefined) {
      all['Content-Length'] = Buffer.byteLength(bytes);
      all['Content-Type'] ??= 'application/json';
    }
    const request = http.request(url + target, { method, headers: all, agent }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('aborted', () => reject(new Error('the answer was cut off')));
      response.on('end', () => {
        const raw = Buffer.concat(parts);
        const text = raw.toString();
        const isJson = /json/.test(response.headers['content-type'] ?? '');
        try {
          resolve({ status: response.statusCode, headers: response.headers, raw, text, body: isJson && text ? JSON.parse(text) : undefined });
        } catch (problem) {
          reject(new Error(`${method} ${target}: the answer is no JSON: ${text.slice(0, 200)}`, { cause: problem }));
        }
      });
    });
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`${method} ${target}: no answer within ${timeoutMs} ms`)));
    request.on('error', reject);
    request.end(bytes);
  });
}

/// A running server. `output` is everything it has printed.
export class Server {
  /// Starts a process; `ready` resolves when it serves, or rejects with what it printed when it ends before.
  static spawn(dir, { args = [], env = {}, listen = '127.0.0.1:0', prefix = [] } = {}) {
    const server = new Server();
    const command = [...prefix, PROGRAM, '--data-dir', dir, '--listen', listen, ...args];
    const kept = { PATH: process.env.PATH, HOME: dir, ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}) };
    server.dir = dir;
    server.began = performance.now();
    server.child = spawn(command[0], command.slice(1), { env: { ...kept, PENSTOCK_BOOTSTRAP_KEY: KEY, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    server.output = '';
    server.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    started.add(server);
    server.exit = new Promise((resolve) => {
      server.child.on('error', (problem) => { server.output += String(problem); resolve({ code: null, signal: null }); });
      server.child.on('close', (code, signal) => { started.delete(server); server.agent.destroy(); resolve({ code, signal }); });
    });
    server.ready = new Promise((resolve, reject) => {
      const read = (part) => {
        server.output += part;
        const serves = /serves (http:\/\/127\.0\.0\.1:\d+)/.exec(server.output);
        if (!serves || server.url) return;
        server.url = serves[1];
        server.startMs = performance.now() - server.began;
        resolve(server);
      };
      server.child.stdout.on('data', read);
      server.child.stderr.on('data', read);
      server.exit.then(({ code, signal }) => reject(new Error(`penstockd ended (${code ?? signal}) before it served: ${server.output}`)));
    });
    server.ready.catch(() => {});
    return server;
  }

  /// Starts a server and waits until it serves.
  static async start(dir, options) {
    const server = Server.spawn(dir, options);
    const late = sleep(60_000).then(() => { throw new Error(`penstockd does not serve after a minute: ${server.output}`); });
    late.catch(() => {});
    return Promise.race([server.ready, late]);
  }

  get pid() { return this.child.pid; }
  get running() { return this.child.exitCode === null && this.child.signalCode === null; }

  ask(method, target, options = {}) { return ask(this.url, method, target, { agent: this.agent, ...options }); }

  /// Like `ask`, but fails unless the status is `status`.
  async expect(status, method, target, options = {}) {
    const answer = await this.ask(method, target, options);
    if (answer.status !== status) throw new Error(`${method} ${target}: ${answer.status} instead of ${status}: ${answer.text.slice(0, 1000)}`);
    return answer;
  }

  async create(name, config) { return (await this.expect(201, 'POST', '/api/pipelines', { body: { name, config } })).body; }

  async startRun(pipeline, body = {}, headers = {}) {
    return (await this.expect(202, 'POST', `/api/v1/pipelines/${pipeline}/run`, { body, headers })).body.runId;
  }

  /// Waits for the end of a run; resolves to it as the pipelines surface shows it.
  async ended(run, { timeoutMs = 60_000 } = {}) {
    return until(`the end of run ${run}`, async () => {
      const { body } = await this.expect(200, 'GET', `/api/pipelines/runs/${run}`);
      return body.finished_at && body;
    }, { timeoutMs, everyMs: 30 });
  }

  /// Sends a signal and resolves, when the process is gone, to { code, signal }.
  async end(signal = 'SIGTERM') {
    if (this.running) this.child.kill(signal);
    return this.exit;
  }

  /// Bytes of memory that are in use (resident).
  memory() { return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) * 1024; }
}

/// Ends what was started and removes what was made.
export async function cleanUp() {
  await Promise.all([...started].map((server) => server.end('SIGKILL')));
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

// However a script ends, nothing of it stays.
process.on('exit', () => {
  for (const server of started) server.child.kill('SIGKILL');
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
});

/// A server of HTTP within the test, for tasks to call; `answer` gets (request, body, response).
export async function startStandIn(answer) {
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => answer(request, Buffer.concat(parts).toString(), response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}
