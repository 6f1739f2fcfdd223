// A penstockd of one's own on a data directory of its own, and the few requests that the workloads make.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { header, http_client, request_bytes } from './http_client.mjs';
import { sleep } from './load.mjs';
import { usage_meter } from './process_usage.mjs';

const start_limit_ms = 30_000;
const stop_limit_ms = 20_000;
const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

/** A port that was free a moment ago. */
function free_port() {
  return new Promise((resolve, reject) => {
    const listener = net.createServer();
    listener.on('error', reject);
    listener.listen(0, '127.0.0.1', () => { const { port } = listener.address(); listener.close(() => resolve(port)); });
  });
}

/** The environment without settings of the person who measures: they would be measured, too. */
function clean_environment(key) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PENSTOCK_'));
  return { ...Object.fromEntries(own), PENSTOCK_BOOTSTRAP_KEY: key };
}

/** Whether the server answers 200 on /ready; a refused connection is a no. */
async function is_ready(port) {
  const client = new http_client(port, { deadline_ms: 5000 });
  try {
    return (await client.send(request_bytes('GET', '/ready'))).status === 200;
  } catch {
    return false;
  } finally {
    client.close();
  }
}

export class server {
  /** Starts `binary` in `directory`, empty or with what an earlier one left there, and waits until it is ready. */
  static async start(binary, directory, { more_flags = [], key = `gcs_test_sk_${randomBytes(20).toString('hex')}` } = {}) {
    const self = new server();
    self.binary = binary;
    self.directory = directory;
    self.log = path.join(directory, 'server.log');
    self.port = await free_port();
    self.key = key;
    const out = fs.openSync(self.log, 'w');
    const flags = ['--data-dir', path.join(directory, 'data'), '--listen', `127.0.0.1:${self.port}`, '--rate-limit', '0', ...more_flags];
    const since = performance.now();
    const child = spawn(binary, flags, { stdio: ['ignore', out, out], cwd: directory, env: clean_environment(self.key) });
    fs.closeSync(out);
    running.add(child);
    self.child = child;
    self.gone = new Promise((resolve) => { child.on('exit', resolve); child.on('error', resolve); });
    self.gone.then(() => running.delete(child));
    await self.#wait_ready();
    self.start_ms = performance.now() - since;
    self.meter = usage_meter(child.pid);
    self.client = new http_client(self.port);
    return self;
  }

  async #wait_ready() {
    const limit = performance.now() + start_limit_ms;
    let ended = false;
    this.gone.then(() => { ended = true; });
    while (!(await is_ready(this.port))) {
      if (ended || performance.now() > limit) {
        await this.stop();
        throw new Error(`the server ${ended ? 'ended' : 'is not ready'}; its log says:\n${this.log_tail()}`);
      }
      await sleep(1);
    }
  }

  log_tail() {
    return fs.readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
  }

  /** The bytes of an authorised request. */
  request(method, target, { headers = {}, body } = {}) {
    return request_bytes(method, target, { headers: { authorization: `Bearer ${this.key}`, ...headers }, body });
  }

  /** Sends `bytes`; fails, with what the server said, on a status that is not among `statuses`. */
  async expect(bytes, statuses) {
    const answer = await this.client.send(bytes);
    if (!statuses.includes(answer.status)) throw new Error(`status ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
    return answer;
  }

  /** Stores a pipeline of `tasks` and answers its id. */
  async create_pipeline(name, tasks) {
    const bytes = this.request('POST', '/api/pipelines', { body: { name, config: { version: 1, tasks } } });
    return JSON.parse((await this.expect(bytes, [200, 201])).body).id;
  }

  /** A function that starts a run of pipeline `id` and returns once the start is acknowledged. */
  trigger(id) {
    const bytes = this.request('POST', `/api/pipelines/${id}/run`, { body: {} });
    return () => this.expect(bytes, [200, 201, 202]);
  }

  /** A function that starts a run of pipeline `id`, waits for its end and answers the run; anything but success fails. */
  run_to_end(id) {
    const bytes = this.request('POST', `/api/pipelines/${id}/run`, { headers: { prefer: 'wait=120' }, body: {} });
    return async () => {
      const run = JSON.parse((await this.expect(bytes, [200])).body);
      if (run.status !== 'success') throw new Error(`run ${run.id} ended as ${run.status}: ${run.error}`);
      return run;
    };
  }

  /** How many runs of pipeline `id` are in `status`. */
  async count_runs(id, status) {
    const answer = await this.expect(this.request('GET', `/api/pipelines/${id}/runs?limit=1&status=${status}`), [200]);
    return Number(header(answer, 'x-total-count'));
  }

  /** A run with its tasks. */
  async show_run(id) {
    return JSON.parse((await this.expect(this.request('GET', `/api/pipelines/runs/${id}`), [200])).body);
  }

  /** Stops, and adds to `problems` where that did not go well. */
  async stop_well(problems) {
    const code = await this.stop();
    if (code !== 0) problems.push(`the server ended with ${code} on SIGTERM`);
  }

  /** Stops, and answers a new server on the same data. */
  async start_again(problems) {
    await this.stop_well(problems);
    return server.start(this.binary, this.directory, { key: this.key });
  }

  /** Asks the server to end, kills it if it does not, and answers its exit code. */
  async stop() {
    this.client?.close();
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), stop_limit_ms);
    await this.gone;
    clearTimeout(timer);
    return this.child.exitCode;
  }
}
