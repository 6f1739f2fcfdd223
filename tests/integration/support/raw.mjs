// HTTP, WebSocket and tokens by hand, for what a well-behaved client never sends.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import net from 'node:net';
import { KEY } from './server.mjs';

const base64url = (text) => Buffer.from(text).toString('base64url');

/// A token signed with HS256 and `secret`, whatever its header says.
export function token(claims, secret, header = { alg: 'HS256', typ: 'JWT' }, digest = 'sha256') {
  const signed = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${createHmac(digest, secret).update(signed).digest('base64url')}`;
}

/// A connection to `url` whose received bytes gather in `text` (latin1, so that a byte is a character); `closed` resolves when the server has ended it.
export function connect(url, { onData } = {}) {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  const link = { socket, text: '', ended: false };
  socket.on('data', (part) => {
    link.text += part.toString('latin1');
    onData?.();
  });
  link.opened = new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  link.opened.catch(() => {});
  link.closed = new Promise((resolve) => {
    const over = () => {
      link.ended = true;
      resolve();
    };
    socket.on('end', () => {
      over();
      socket.end();
    });
    socket.on('close', over);
  });
  socket.on('error', () => {});
  return link;
}

/// Sends bytes on a connection of their own; resolves to { text, ended, statuses } when the server has closed it, or after `timeoutMs`.
export async function exchange(url, bytes, { timeoutMs = 3_000 } = {}) {
  const link = connect(url);
  await link.opened.catch(() => {});
  link.socket.write(bytes);
  let timer;
  await Promise.race([
    link.closed,
    new Promise((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    }),
  ]);
  clearTimeout(timer);
  link.socket.destroy();
  return { text: link.text, ended: link.ended, statuses: statusesIn(link.text) };
}

/// The statuses of the answers in `text`, in their order.
export const statusesIn = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map((found) => Number(found[1]));

/// A request as text; fields given as undefined are left out.
export function head(method, target, fields = {}) {
  const all = { Host: 'localhost', Authorization: `Bearer ${KEY}`, ...fields };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/// A frame of a client: masked, as RFC 6455 demands.
export function frame(opcode, payload = Buffer.alloc(0)) {
  const bytes = Buffer.from(payload);
  const mask = randomBytes(4);
  const length =
    bytes.length < 126
      ? Buffer.from([0x80 | bytes.length])
      : Buffer.from([0x80 | 126, bytes.length >> 8, bytes.length & 255]);
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, bytes.map((byte, at) => byte ^ mask[at % 4])]);
}

/// Takes whole frames off `bytes`; gives { frames: [{ opcode, payload }], rest }.
function framesIn(bytes) {
  const frames = [];
  for (;;) {
    if (bytes.length < 2) return { frames, rest: bytes };
    let length = bytes[1] & 127;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return { frames, rest: bytes };
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return { frames, rest: bytes };
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    if (bytes.length < at + length) return { frames, rest: bytes };
    frames.push({ opcode: bytes[0] & 15, masked: (bytes[1] & 128) !== 0, payload: bytes.subarray(at, at + length) });
    bytes = bytes.subarray(at + length);
  }
}

/// A WebSocket of the least kind. Resolves after the handshake to { status, headers, messages, closeCode, closed }; `messages` grows, pings are answered,
/// and `closed` resolves when the connection is gone.
export function webSocket(url, target, { fields = {}, onMessage } = {}) {
  const key = randomBytes(16).toString('base64');
  const socket = { messages: [], closeCode: undefined };
  const asked = head('GET', target, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    ...fields,
  });
  return new Promise((resolve, reject) => {
    let pending = Buffer.alloc(0);
    const link = connect(url);
    const timer = setTimeout(() => {
      link.socket.destroy();
      reject(new Error('no answer to the handshake within 10 s'));
    }, 10_000);
    socket.closed = link.closed;
    socket.send = (opcode, payload) => link.socket.write(frame(opcode, payload));
    socket.write = (bytes) => link.socket.write(bytes);
    socket.destroy = () => link.socket.destroy();
    const takeHead = () => {
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [first, ...lines] = pending.subarray(0, end).toString('latin1').split('\r\n');
      pending = pending.subarray(end + 4);
      socket.status = Number(first.split(' ')[1]);
      socket.headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      socket.accepted =
        socket.headers['sec-websocket-accept'] ===
        createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      clearTimeout(timer);
      resolve(socket);
    };
    link.socket.on('data', (part) => {
      pending = Buffer.concat([pending, part]);
      if (socket.status === undefined) takeHead();
      if (socket.status !== 101) return;
      const { frames, rest } = framesIn(pending);
      pending = rest;
      for (const { opcode, masked, payload } of frames) {
        if (masked) socket.maskedByServer = true;
        if (opcode === 1) (socket.messages.push(JSON.parse(payload.toString())), onMessage?.(socket));
        if (opcode === 9) socket.send(10, payload);
        if (opcode === 8)
          ((socket.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005), socket.send(8, payload));
      }
    });
    link.closed.then(() => {
      clearTimeout(timer);
      reject(new Error('closed before the handshake was answered'));
    });
    link.socket.write(asked);
  });
}
