// A lean HTTP/1.1 client over sockets kept alive, one request outstanding on each.
//
// Node's own client costs several times as much CPU per request, and client and server share the machine's cores here:
// what the client saves is left to what is measured. Requests are built once, as bytes, and sent as often as wanted.
import net from 'node:net';

const head_end = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/** The bytes of a request, for `send`. `body` is sent as JSON where it is given. */
export function request_bytes(method, path, { headers = {}, body } = {}) {
  const text = body === undefined ? '' : JSON.stringify(body);
  const fields = { host: 'localhost', ...headers, 'content-length': Buffer.byteLength(text) };
  if (text) fields['content-type'] = 'application/json';
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`);
}

/** A chunked body from `bytes` at `at`: the body and where it ends, or null while some of it is missing. */
function read_chunks(bytes, at) {
  const parts = [];
  for (;;) {
    const line_end = bytes.indexOf('\r\n', at);
    if (line_end < 0) return null;
    const size = Number.parseInt(bytes.latin1Slice(at, line_end), 16);
    if (!(size >= 0)) throw new Error('a chunk without a length');
    const next = line_end + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { body: Buffer.concat(parts), end: next };
    parts.push(bytes.subarray(line_end + 2, line_end + 2 + size));
    at = next;
  }
}

/** The first answer in `bytes`: status, head, body and where it ends, or null while some of it is missing. */
export function read_answer(bytes) {
  const split = bytes.indexOf(head_end);
  if (split < 0) return null;
  const head = bytes.latin1Slice(0, split);
  const status = Number(head.slice(9, 12));
  if (!head.startsWith('HTTP/1.1 ') || !(status >= 100)) throw new Error(`not an HTTP/1.1 answer: ${head.slice(0, 60)}`);
  const start = split + head_end.length;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length) {
    const end = start + Number(length[1]);
    return bytes.length < end ? null : { status, head, body: bytes.subarray(start, end), end };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const chunks = read_chunks(bytes, start);
    return chunks && { status, head, ...chunks };
  }
  return { status, head, body: nothing, end: start };
}

export class http_client {
  #port;
  #idle = [];
  #sockets = new Set();
  #sweep;

  /** Requests older than `deadline_ms` fail; one sweep a second looks for them, so a request needs no timer of its own. */
  constructor(port, { deadline_ms = 150_000 } = {}) {
    this.#port = port;
    this.#sweep = setInterval(() => this.#fail_older_than(performance.now() - deadline_ms), 1000);
    this.#sweep.unref();
  }

  /** Sends what `request_bytes` made. Answers { status, head, body } with the body as bytes; fails if the socket does. */
  send(bytes) {
    return new Promise((resolve, reject) => {
      const socket = this.#idle.pop() ?? this.#open();
      socket.call = { resolve, reject, since: performance.now() };
      socket.write(bytes);
    });
  }

  close() {
    clearInterval(this.#sweep);
    for (const socket of this.#sockets) socket.destroy();
  }

  #open() {
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.received = nothing;
    socket.call = null;
    this.#sockets.add(socket);
    socket.on('data', (data) => this.#receive(socket, data));
    socket.on('error', (problem) => this.#drop(socket, problem));
    socket.on('close', () => this.#drop(socket, new Error('the server closed the connection')));
    return socket;
  }

  #receive(socket, data) {
    const bytes = socket.received.length ? Buffer.concat([socket.received, data]) : data;
    let answer;
    try {
      answer = read_answer(bytes);
      if (answer && (!socket.call || answer.end !== bytes.length)) throw new Error('an answer that nobody asked for');
    } catch (problem) {
      socket.destroy(problem);
      return;
    }
    socket.received = answer ? nothing : bytes;
    if (!answer) return;
    const { resolve } = socket.call;
    socket.call = null;
    if (/\r\nconnection: *close/i.test(answer.head)) socket.end();
    else this.#idle.push(socket);
    resolve(answer);
  }

  #drop(socket, problem) {
    this.#sockets.delete(socket);
    const at = this.#idle.indexOf(socket);
    if (at >= 0) this.#idle.splice(at, 1);
    socket.call?.reject(problem);
    socket.call = null;
  }

  #fail_older_than(limit) {
    for (const socket of this.#sockets)
      if (socket.call && socket.call.since < limit) socket.destroy(new Error('no answer within the deadline'));
  }
}

/** The value of a field of `answer`'s head, or null. */
export function header(answer, name) {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(answer.head)?.[1] ?? null;
}
