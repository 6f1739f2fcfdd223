// CPU and memory of processes, from /proc.
import fs from 'node:fs';

const ticks_per_second = 100; // USER_HZ, the same on every Linux architecture that Node runs on

const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch { return ''; } }; // it may just have ended

function children(pid) {
  let tasks = [];
  try { tasks = fs.readdirSync(`/proc/${pid}/task`); } catch { return []; }
  return tasks.flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number));
}

/** `pid` and everything it started that still runs. */
export function process_tree(pid) {
  const all = [pid];
  for (let i = 0; i < all.length; ++i) all.push(...children(all[i]));
  return all;
}

/** CPU seconds of one process: its own and those of children that ended. */
function cpu_seconds(pid) {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15);
  return fields.reduce((sum, ticks) => sum + Number(ticks), 0) / ticks_per_second;
}

/** Memory of a process tree in MiB, shared pages shared out (PSS). */
export function pss_mib(pid) {
  const kib = (one) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${one}/smaps_rollup`))?.[1] ?? 0);
  return process_tree(pid).reduce((sum, one) => sum + kib(one), 0) / 1024;
}

/** CPU seconds of the whole machine: user, nice and system. */
function machine_cpu_seconds() {
  const [user, nice, system] = read('/proc/stat').split('\n', 1)[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system) / ticks_per_second;
}

/**
 * A meter of `pid`: without an argument it takes a reading; given an earlier reading it answers the cores kept busy
 * since then by server, by this process, and by everybody else, and the server's CPU seconds and memory.
 */
export function usage_meter(pid) {
  const reading = () => {
    const own = process.cpuUsage();
    return {
      at: performance.now() / 1000,
      server: process_tree(pid).reduce((sum, one) => sum + cpu_seconds(one), 0),
      client: (own.user + own.system) / 1e6,
      machine: machine_cpu_seconds(),
    };
  };
  return (before) => {
    const now = reading();
    if (!before) return now;
    const server = now.server - before.server, client = now.client - before.client;
    const foreign = Math.max(0, now.machine - before.machine - server - client);
    const seconds = now.at - before.at;
    return {
      server_cpu_s: server, client_cpu_s: client, server_pss_mib: pss_mib(pid),
      server_cores: server / seconds, client_cores: client / seconds, foreign_cores: foreign / seconds,
    };
  };
}
