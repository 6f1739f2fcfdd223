// A receiver of webhooks in a process of its own, so that it takes no time from the clients: well-behaved at /good and /other,
// and bad in a way of its own at each other path. Speaks just enough HTTP/1.1 to cost next to nothing.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
const endless_bytes = 10 * 2 ** 30;
const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')]);
const head_end = '\r\n\r\n';
const answer_204 = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n');
const answer_500 = Buffer.from('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\nno');

/** Writes chunks until the other side has had enough. */
function pour(socket) {
  let left = endless_bytes;
  socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
  const more = () => {
    while (left > 0 && !socket.destroyed) {
      left -= 65_536;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on('drain', more);
  more();
}

/** What each path does to its sender. `/target` is where `/redirect` points: nobody may come there. */
const manners = {
  '/good': (socket) => socket.write(answer_204),
  '/other': (socket) => socket.write(answer_204),
  '/target': (socket) => socket.write(answer_204),
  '/failing': (socket) => socket.write(answer_500),
  '/hanging': () => {},
  '/redirecting': (socket) =>
    socket.write(`HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:${socket.localPort}/target\r\ncontent-length: 0\r\n\r\n`),
  '/endless': pour,
  '/closing': (socket) => socket.destroy(),
};
export const bad_paths = Object.keys(manners).filter((path) => !['/good', '/other', '/target'].includes(path));

/** What came, since the last `reset`. */
let counts = {};
let events = new Set();
let latencies = [];
let first_at = 0;
let last_at = 0;

function note(path, head, body) {
  counts[path] = (counts[path] ?? 0) + 1;
  if (path !== '/good') return;
  const event = /\r\nwebhook-id: *([^\r]*)/i.exec(head)[1];
  if (events.has(event)) return;
  events.add(event);
  last_at = Date.now();
  first_at ||= last_at;
  latencies.push(last_at - Date.parse(/"created_at":"([^"]*)"/.exec(body)[1]));
}

/** Takes the whole requests out of what has come; answers the rest. */
function take_requests(socket, text) {
  for (;;) {
    const split = text.indexOf(head_end);
    if (split < 0) return text;
    const head = text.slice(0, split + 2);
    const end = split + head_end.length + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (text.length < end) return text;
    const path = head.split(' ', 2)[1];
    note(path, head, text.slice(split + head_end.length, end));
    manners[path]?.(socket);
    text = text.slice(end);
  }
}

function listen() {
  const listener = net.createServer({ noDelay: true }, (socket) => {
    let rest = '';
    socket.on('data', (data) => { rest = take_requests(socket, rest + data.latin1Slice()); });
    socket.on('error', () => socket.destroy());
  });
  listener.listen(0, '127.0.0.1', () => process.send({ port: listener.address().port }));
  process.on('message', ({ what }) => {
    if (what === 'reset') {
      counts = {}; events = new Set(); latencies = []; first_at = 0; last_at = 0;
    }
    process.send({ counts, distinct: events.size, first_at, last_at, latencies: what === 'all' ? latencies : [] });
  });
  process.on('disconnect', () => process.exit(0));
}

/** Starts one. `ask('counts')` answers what has come to each path, `ask('all')` with latencies too, `ask('reset')` forgets. */
export async function start_receiver() {
  const child = fork(here);
  const [{ port }] = await once(child, 'message');
  const ask = async (what) => {
    child.send({ what });
    return (await once(child, 'message'))[0];
  };
  return { url: `http://127.0.0.1:${port}`, ask, stop: () => child.disconnect() };
}

if (process.argv[1] === here) listen();
