// A client that reads the same thing again and again, in a process of its own and, where it may, in real time: so that the
// time it waits for a processor, which another machine's client would not, is not taken for the server's.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { http_client } from './http_client.mjs';
import { sleep } from './load.mjs';

const here = fileURLToPath(import.meta.url);
const real_time = ['chrt', '--rr', '1'];
const may_be_real_time = () => spawnSync(real_time[0], [...real_time.slice(1), 'true']).status === 0;

async function read_until_told({ port, request, every_ms }) {
  let going = true;
  process.on('message', () => { going = false; });
  const client = new http_client(port);
  const bytes = Buffer.from(request, 'base64');
  const latencies = [];
  while (going) {
    const since = performance.now();
    const { status } = await client.send(bytes);
    if (status !== 200) throw new Error(`a read was answered ${status}`);
    latencies.push(performance.now() - since);
    await sleep(every_ms);
  }
  client.close();
  process.send(latencies, () => process.disconnect());
}

/**
 * Sends `request` every `every_ms` to the server at `port`, until `stop()`, which answers the latencies in ms.
 * `in_real_time` tells whether it could.
 */
export async function start_reader(port, request, every_ms) {
  const in_real_time = may_be_real_time();
  const [execPath, ...execArgv] = in_real_time ? [...real_time, process.execPath] : [process.execPath];
  const child = fork(here, { execPath, execArgv });
  child.send({ port, request: request.toString('base64'), every_ms });
  const stop = async () => {
    const answer = once(child, 'message');
    const gone = once(child, 'exit').then(([code]) => { throw new Error(`the reader ended with ${code}`); });
    child.send('stop');
    const [latencies] = await Promise.race([answer, gone]);
    gone.catch(() => {});
    return latencies;
  };
  return { in_real_time, stop };
}

if (process.argv[1] === here) process.once('message', read_until_told);
