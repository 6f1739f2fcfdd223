#!/usr/bin/env node
// What strangers and full disks do to a server: garbage, smuggled requests, slow and many clients, no space left, and runs as large as are taken.
// The process lives, its memory stays bounded, and nothing that was acknowledged is lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { finish, numberOption, skip, test } from '../../tools/lib/cases.mjs';
import { connect, exchange, head, statusesIn, webSocket } from './support/raw.mjs';
import { KEY, Server, cleanUp, makeDir, seeded, sleep, until } from './support/server.mjs';

const seed = numberOption('seed', (Date.now() ^ process.pid) >>> 0);
const random = seeded(seed);
console.log(`# seed ${seed}`);

const MiB = 1024 * 1024;
const noop = { tasks: [{ id: 'a', type: 'noop' }] };
const definition = JSON.stringify({ name: 'by hand', config: noop });
const server = await Server.start(makeDir('limits'), {
  args: ['--read-timeout', '2s', '--write-timeout', '2s', '--idle-timeout', '5s'],
});

/// Runs `attack` and asserts that the server answers as before and holds at most `growth` bytes more.
async function survives(attack, growth = 64 * MiB) {
  const before = server.memory();
  await attack();
  assert.ok(server.running, server.output);
  await server.expect(200, 'GET', '/v1/whoami', { agent: undefined });
  const grown = server.memory() - before;
  assert.ok(grown < growth, `memory grew by ${Math.round(grown / MiB)} MiB`);
}

/// Calls `work` for each of `list`, so many at a time.
async function inParallel(list, atOnce, work) {
  const left = [...list];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left.length > 0) await work(left.shift());
    }),
  );
}

const post = (fields, body = '') =>
  head('POST', '/api/pipelines', { 'Content-Type': 'application/json', ...fields }) + body;
const inChunks = (text) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

test('random bytes', () =>
  survives(async () => {
    const inputs = Array.from({ length: 200 }, () =>
      Buffer.from(Array.from({ length: 1 + random.below(4000) }, () => random.below(256))),
    );
    await inParallel(inputs, 32, async (bytes) => {
      const { statuses } = await exchange(server.url, Buffer.concat([bytes, Buffer.from('\r\n\r\n')]));
      assert.ok(
        statuses.every((status) => status >= 400 && status < 500),
        `${statuses}`,
      );
    });
  }));

test('requests with a few bytes changed', () =>
  survives(async () => {
    const models = [
      post({ 'Content-Length': definition.length }, definition),
      post({ 'Transfer-Encoding': 'chunked' }, inChunks(definition)),
      head('GET', '/api/pipelines?limit=10&offset=0'),
      head('GET', '/api/v1/runs/3fa85f64-5717-4562-b3fc-2c963f66afa6/stream', {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      }),
    ];
    const inputs = Array.from({ length: 400 }, () => {
      const bytes = Buffer.from(random.one(models));
      for (let n = 1 + random.below(4); n > 0; --n)
        bytes[random.below(bytes.length)] = random.one([
          0,
          10,
          13,
          32,
          0x2c,
          0x3a,
          0x30 + random.below(10),
          random.below(256),
        ]);
      return random.next() < 0.2 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
    });
    await inParallel(inputs, 48, async (bytes) => {
      const { statuses } = await exchange(server.url, bytes, { timeoutMs: 400 });
      assert.ok(
        statuses.every((status) => status < 500),
        `${statuses} to ${JSON.stringify(bytes.toString('latin1'))}`,
      );
    });
  }));

test('connections that break off at any byte', () =>
  survives(async () => {
    const bytes = Buffer.from(post({ 'Content-Length': definition.length }, definition));
    await inParallel(
      Array.from({ length: 200 }, (_, n) => n),
      32,
      async (n) => {
        const link = connect(server.url);
        await link.opened.catch(() => {});
        link.socket.write(bytes.subarray(0, random.below(bytes.length)));
        await sleep(random.below(20));
        if (n % 2) link.socket.resetAndDestroy();
        else link.socket.destroy();
      },
    );
  }));

test('every form of a smuggled request is refused, and the connection closed', async () => {
  const count = async () => (await server.expect(200, 'GET', '/api/pipelines')).headers['x-total-count'];
  const before = await count();
  const hidden = head('GET', '/v1/whoami');
  const length = definition.length;
  const chunked = inChunks(definition);
  const forms = {
    xchunked: post({ 'Transfer-Encoding': 'xchunked' }, hidden),
    gzip: post({ 'Transfer-Encoding': 'gzip' }, hidden),
    'chunked, identity': post({ 'Transfer-Encoding': 'chunked, identity' }, hidden),
    identity: post({ 'Transfer-Encoding': 'identity' }, hidden),
    'gzip, chunked': post({ 'Transfer-Encoding': 'gzip, chunked' }, chunked + hidden),
    'chunked twice': post({ 'Transfer-Encoding': ['chunked', 'chunked'] }, chunked + hidden),
    'length and chunked': post({ 'Content-Length': 5, 'Transfer-Encoding': 'chunked' }, chunked + hidden),
    'space before the colon': post({ 'Transfer-Encoding ': 'chunked' }, chunked + hidden),
    'vertical tab': post({ 'Transfer-Encoding': '\x0bchunked' }, chunked + hidden),
    'HTTP/1.0 and chunked': post({ 'Transfer-Encoding': 'chunked' }, chunked + hidden).replace('HTTP/1.1', 'HTTP/1.0'),
    'no Host': post({ Host: undefined, 'Content-Length': length }, definition + hidden),
    'two Hosts': post({ Host: ['a', 'b'], 'Content-Length': length }, definition + hidden),
    'equal lengths': post({ 'Content-Length': [length, length] }, definition + hidden),
    'unlike lengths': post({ 'Content-Length': [length, 0] }, definition + hidden),
    'a list of lengths': post({ 'Content-Length': `${length}, ${length}` }, definition + hidden),
    '+ length': post({ 'Content-Length': `+${length}` }, definition + hidden),
    '- length': post({ 'Content-Length': -1 }, definition + hidden),
    'hex length': post({ 'Content-Length': '0x10' }, definition + hidden),
    'endless length': post({ 'Content-Length': '9'.repeat(30) }, definition),
    'a folded line': post({ 'Content-Length': length, 'X-Folded': 'a\r\n b' }, definition + hidden),
    'NUL in a field': post({ 'Content-Length': length, X: 'a\0b' }, definition + hidden),
    'CR in a field': post({ 'Content-Length': length, X: 'a\rb' }, definition + hidden),
    'a line without colon': `GET /health HTTP/1.1\r\nHost: x\r\nfoo\r\n\r\n${hidden}`,
    'chunk size no number': post({ 'Transfer-Encoding': 'chunked' }, `zz\r\n${hidden}`),
    'chunk size below zero': post({ 'Transfer-Encoding': 'chunked' }, `-1\r\n${hidden}`),
    'chunk size of 64 bits': post({ 'Transfer-Encoding': 'chunked' }, `ffffffffffffffff\r\n${hidden}`),
    'chunk size of 65 bits': post({ 'Transfer-Encoding': 'chunked' }, `1ffffffffffffffff\r\n${hidden}`),
    'a chunk with more than its size': post({ 'Transfer-Encoding': 'chunked' }, `1\r\n{}\r\n0\r\n\r\n${hidden}`),
    'a long chunk extension': post(
      { 'Transfer-Encoding': 'chunked' },
      `1;${'a'.repeat(70_000)}\r\n{\r\n0\r\n\r\n${hidden}`,
    ),
    'a long trailer': post(
      { 'Transfer-Encoding': 'chunked' },
      `${chunked.slice(0, -2)}X: ${'a'.repeat(70_000)}\r\n\r\n${hidden}`,
    ),
    'chunk lines ended by LF': post({ 'Transfer-Encoding': 'chunked' }, `${chunked.replaceAll('\r\n', '\n')}${hidden}`),
    'a long field': head('GET', '/health', { X: 'a'.repeat(20_000) }) + hidden,
    'many fields': head('GET', '/health', { X: Array(101).fill('a') }) + hidden,
    'a long target': head('GET', `/${'a'.repeat(20_000)}`) + hidden,
    CONNECT: head('CONNECT', 'localhost:80') + hidden,
    'HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/9.9': head('GET', '/health').replace('1.1', '9.9') + hidden,
    'HTTP/0.9': 'GET /health\r\n\r\n',
  };
  await survives(() =>
    inParallel(Object.entries(forms), 8, async ([name, bytes]) => {
      const { statuses, ended, text } = await exchange(server.url, bytes);
      assert.equal(statuses.length, 1, `${name}: ${text}`);
      assert.ok(statuses[0] >= 400 && statuses[0] < 500, `${name}: ${text}`);
      assert.ok(ended, `${name}: the connection is still open`);
    }),
  );
  assert.equal(await count(), before, 'nothing was stored');
});

test('what is unusual but right is taken', async () => {
  const right = {
    length: post({ 'Content-Length': definition.length }, definition),
    chunks: post({ 'Transfer-Encoding': 'chunked' }, inChunks(definition)),
    'one byte in each chunk': post(
      { 'Transfer-Encoding': 'Chunked' },
      `${[...definition].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`,
    ),
    'a chunk extension': post(
      { 'Transfer-Encoding': 'chunked' },
      inChunks(definition).replace('\r\n', ';name=value\r\n'),
    ),
  };
  for (const [name, bytes] of Object.entries(right)) {
    const { statuses, text } = await exchange(server.url, bytes, { timeoutMs: 400 });
    assert.deepEqual(statuses, [201], `${name}: ${text}`);
  }
  const { statuses } = await exchange(server.url, head('GET', '/health').repeat(500), { timeoutMs: 1_500 });
  assert.deepEqual([statuses.length, new Set(statuses).size], [500, 1], 'requests one behind the other');
});

test('JSON and YAML that are made to hurt', () =>
  survives(async () => {
    const deep = 100_000;
    const bodies = [
      '['.repeat(deep),
      `${'['.repeat(deep)}${']'.repeat(deep)}`,
      `{"name":"x","config":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`,
      `{"name":"x","config":[${'0,'.repeat(2_000_000)}0]}`,
      `{${Array.from({ length: 200_000 }, (_, n) => `"k${n}":1`).join(',')}}`,
      `{"name":"${'x'.repeat(8 * MiB)}","config":{}}`,
      `{"name":"${'\\u0041'.repeat(MiB)}","config":{}}`,
      `{"name":${'1'.repeat(MiB)}}`,
    ];
    for (const body of bodies) {
      const { status, text } = await server.ask('POST', '/api/pipelines', { body });
      assert.ok(status === 400 || status === 413, `${status}: ${body.slice(0, 30)}: ${text.slice(0, 300)}`);
      assert.ok(text.length < 20_000, `an answer of ${text.length} bytes`);
    }
    const bomb = `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(',')}]\n`).join('')}`;
    for (const yamlDefinition of [
      '&a [*a]',
      bomb,
      '['.repeat(deep),
      `${'- '.repeat(deep)}x`,
      `tasks: ${'{a: '.repeat(deep)}`,
      `tasks:\n${'  - {id: a, type: noop}\n'.repeat(60_000)}`,
      `${' '.repeat(500_000)}x: [`,
      '\t\t- a',
      '%YAML 9.9\n---\na',
      '--- a\n--- b\n',
      '\0',
      '!!binary abc',
      '<<: {a: 1}',
      `a: "${'\\x41'.repeat(200_000)}"`,
      `tasks:\n${Array.from({ length: 20_000 }, (_, n) => `  - {id: t${n}, type: nope${n}}\n`).join('')}`,
    ]) {
      const began = Date.now();
      const { status, text } = await server.ask('POST', '/api/v1/pipelines', { body: { name: 'x', yamlDefinition } });
      assert.ok(status === 400 || status === 413, `${status}: ${yamlDefinition.slice(0, 30)}`);
      assert.ok(text.length < 200_000, `an answer of ${text.length} bytes to ${yamlDefinition.slice(0, 60)}`);
      assert.ok(Date.now() - began < 10_000, `${Date.now() - began} ms: ${yamlDefinition.slice(0, 30)}`);
    }
  }, 256 * MiB));

test('slow clients are let go, and hold up nobody', () =>
  survives(async () => {
    const slow = Array.from({ length: 60 }, (_, n) => {
      const link = connect(server.url);
      const bytes =
        n % 2
          ? post({ 'Content-Length': definition.length }, definition)
          : post({ 'Content-Length': definition.length + 1000 });
      let at = n % 2 ? 0 : bytes.length;
      if (!(n % 2)) link.socket.write(bytes);
      const timer = setInterval(() => {
        if (link.ended) clearInterval(timer);
        else link.socket.write(at < bytes.length ? bytes[at++] : ' ');
      }, 300);
      return Object.assign(link, { timer });
    });
    await sleep(500);
    const began = Date.now();
    for (let n = 0; n < 20; ++n) await server.expect(200, 'GET', '/api/pipelines?limit=1');
    assert.ok(Date.now() - began < 5_000, `others waited ${Date.now() - began} ms`);
    await until('the end of slow connections', () => slow.every(({ ended }) => ended), { timeoutMs: 15_000 });
    for (const { timer, socket } of slow) (clearInterval(timer), socket.destroy());
  }));

test('a client that does not read its answer is let go', async () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'x'.repeat(300) }));
  const { id } = await server.create('big', { tasks: [{ id: 'rows', type: 'source', connector: 'inline', rows }] });
  await survives(async () => {
    const links = Array.from({ length: 20 }, () => {
      const link = connect(server.url);
      link.socket.pause();
      link.socket.write(head('GET', `/api/pipelines/${id}`).repeat(50));
      return link;
    });
    await Promise.all(links.map(({ opened }) => opened));
    const open = async () =>
      Number(
        /^penstock_http_connections(?:\{[^}]*\})? (\d+)/m.exec((await server.expect(200, 'GET', '/metrics')).text)[1],
      );
    await until('their end', async () => (await open()) < 20, { timeoutMs: 20_000, everyMs: 200 });
    for (const { socket } of links) socket.destroy();
  }, 512 * MiB);
});

test('many idle connections: others are served, and they end', () =>
  survives(async () => {
    const idle = Array.from({ length: 2_000 }, () => connect(server.url));
    await Promise.all(idle.map(({ opened }) => opened));
    const began = Date.now();
    for (let n = 0; n < 20; ++n) await server.expect(200, 'GET', '/v1/whoami', { agent: undefined });
    assert.ok(Date.now() - began < 5_000, `others waited ${Date.now() - began} ms`);
    await until('the end of idle connections', () => idle.every(({ ended }) => ended), { timeoutMs: 20_000 });
    for (const { socket } of idle) socket.destroy();
  }, 128 * MiB));

test('beyond the limit of connections the server lives on, and takes others when there is room', async () => {
  const small = await Server.start(makeDir('connections'), {
    args: ['--max-connections', '50', '--read-timeout', '1s', '--idle-timeout', '1s'],
  });
  const idle = Array.from({ length: 300 }, () => connect(small.url));
  await sleep(500);
  // Those beyond it wait until one of the first is let go, or are turned away.
  await until(
    'room',
    async () =>
      (await small.ask('GET', '/health', { agent: undefined, timeoutMs: 2_000 }).catch(() => undefined))?.status ===
      200,
    { timeoutMs: 20_000, everyMs: 300 },
  );
  for (const { socket } of idle) socket.destroy();
  assert.equal((await small.end('SIGTERM')).code, 0);
});

test('a stream whose reader sleeps holds up nobody', () =>
  survives(async () => {
    const { id } = await server.create('items', {
      tasks: [
        { id: 'nap', type: 'sleep', seconds: 1 },
        { id: 'items', type: 'noop', for_each: 5_000, needs: ['nap'] },
      ],
    });
    const run = await server.startRun(id);
    const target = `/api/v1/runs/${run}/stream`;
    const sleepers = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const link = connect(server.url);
        await link.opened;
        link.socket.write(
          head('GET', target, {
            Connection: 'Upgrade',
            Upgrade: 'websocket',
            'Sec-WebSocket-Version': '13',
            'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
          }),
        );
        link.socket.pause();
        return link;
      }),
    );
    const reader = await webSocket(server.url, target);
    await reader.closed;
    assert.equal(reader.messages.at(-1).overallStatus, 'COMPLETED');
    for (const { socket } of sleepers) socket.destroy();
  }));

test('a full disk: the server says why and ends, and with space again it has every acknowledged run', async () => {
  const mount = makeDir('full');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'tmpfs', mount], { stdio: 'pipe' });
  } catch (problem) {
    skip(`no tmpfs can be mounted here (${String(problem.stderr ?? problem.message).trim()})`);
  }
  try {
    const dir = path.join(mount, 'data');
    const ballast = path.join(mount, 'ballast');
    mkdirSync(dir);
    const first = await Server.start(dir);
    const { id } = await first.create('padded', {
      parameters: { pad: { type: 'string', default: '' } },
      tasks: noop.tasks,
    });
    const free = () =>
      Number(execFileSync('df', ['-k', '--output=avail', mount], { encoding: 'utf8' }).split('\n')[1]) * 1024;
    writeFileSync(ballast, Buffer.alloc(Math.max(0, free() - 2 * MiB)));
    // What is written for a run is small, and the log has space taken in advance: parameters make it more.
    const pad = Array.from({ length: 20_000 }, () => random.below(36).toString(36)).join('');
    const acknowledged = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (first.running) {
          const answer = await first
            .ask('POST', `/api/v1/pipelines/${id}/run`, { body: { parameters: { pad } } })
            .catch(() => undefined);
          if (answer?.status === 202) acknowledged.push(answer.body.runId);
          else if (answer) assert.ok([429, 503, 507].includes(answer.status), answer.text);
          else await sleep(20);
        }
      }),
    );
    const { code, signal } = await first.exit;
    assert.equal(signal, null, first.output);
    assert.equal(code, 70); // As --help has it.
    assert.match(first.output, /no space left/i);
    assert.ok(acknowledged.length > 100, `${acknowledged.length} runs before the disk was full`);
    // As long as it is full: refused with a reason, or served, but no crash.
    const during = Server.spawn(dir);
    const served = await during.ready.then(
      () => true,
      () => false,
    );
    const end = served ? await during.end('SIGTERM') : await during.exit;
    assert.equal(end.signal, null, during.output);
    if (!served) assert.match(during.output, /no space left/i);
    rmSync(ballast);
    const second = await Server.start(dir);
    await inParallel(acknowledged, 16, (run) => second.ended(run));
    assert.equal((await second.end('SIGTERM')).code, 0, second.output);
  } finally {
    await cleanUpMount(mount);
  }
});

async function cleanUpMount(mount) {
  await sleep(200);
  execFileSync('umount', ['-l', mount]);
}

test('the largest runs end in bounded time', async () => {
  const big = await Server.start(makeDir('big'), { args: ['--max-definition-values', '600000'] });
  const timed = async (what, config) => {
    const made = (await big.expect(201, 'POST', '/api/pipelines', { body: { name: what, config } })).body;
    const began = performance.now();
    const { body } = await big.expect(200, 'POST', `/api/pipelines/${made.id}/run`, {
      headers: { Prefer: 'wait=120' },
      timeoutMs: 130_000,
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    assert.equal(body.status, 'success', body.error);
    console.log(`# ${what}: ${seconds} s, the server at ${Math.round(big.memory() / MiB)} MiB`);
    return body.id;
  };
  const items = await timed('for_each of 100,000 items', {
    tasks: [
      { id: 'items', type: 'noop', for_each: 100_000 },
      { id: 'after', type: 'noop', needs: ['items'] },
    ],
  });
  const { body } = await big.expect(200, 'GET', `/api/pipelines/runs/${items}`);
  assert.deepEqual([body.tasks[0].items, body.tasks[0].items_done], [100_000, 100_000]);
  // Five values for each task; without the setting a definition holds at most 100,000.
  const tasks = Array.from({ length: 100_000 }, (_, n) => ({
    id: `t${n}`,
    type: 'noop',
    needs: n < 1_000 ? [] : [`t${n - 1_000}`],
  }));
  const wide = await timed('100,000 tasks, 1,000 side by side', { tasks });
  assert.equal(
    Object.values((await big.expect(200, 'GET', `/api/v1/runs/${wide}`)).body.taskStatuses).filter(
      (status) => status === 'COMPLETED',
    ).length,
    tasks.length,
  );
  await timed('a chain of 5,000 tasks', {
    tasks: Array.from({ length: 5_000 }, (_, n) => ({ id: `t${n}`, type: 'noop', needs: n ? [`t${n - 1}`] : [] })),
  });
  // In parts of 33,000 items it is a run of 132,000.
  await timed('4 times 33,000 items', {
    tasks: Array.from({ length: 4 }, (_, n) => ({ id: `part${n}`, type: 'noop', for_each: 33_000 })),
  });
  const refused = await server.ask('POST', '/api/pipelines', { body: { name: 'too many', config: { tasks } } });
  assert.equal(refused.status, 413, refused.text.slice(0, 200));
  assert.match(refused.body.detail, /100000 values.*--max-definition-values/);
  assert.ok(big.memory() < 700 * MiB, `${Math.round(big.memory() / MiB)} MiB`);
  assert.equal((await big.end('SIGTERM')).code, 0, big.output);
});

test('after all of it the server stops as it should', async () => {
  assert.ok(!server.output.includes(KEY));
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null }, server.output);
});

await finish(cleanUp);
