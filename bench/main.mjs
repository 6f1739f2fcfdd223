// The command line of the benchmark: which builds, which workloads, how often; then the table and the JSON.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { probe_disk } from './lib/disk_probe.mjs';
import { report, summarise } from './lib/report.mjs';
import { workloads } from './workloads.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const default_binary = path.join(here, '..', 'build', 'release', 'bin', 'penstockd');
const names = Object.keys(workloads);

const help = `usage: bench/run [option…]

Measures penstockd on this machine: each workload on a fresh data directory, no-op tasks, all clients on loopback.

  --quick            a few seconds per workload: to see that all is well, not to quote
  --only LIST        some of the workloads, by comma: ${names.join(', ')}
  --reps N           repetitions; the table shows median and range [3; 1 with --quick]
  --binary PATH      what to measure [build/release/bin/penstockd]
  --against PATH     another build, measured in turns with the first: the table shows the ratios
  --out FILE         write everything as JSON
  --dir DIR          where data directories are made [${os.tmpdir()}]
  --help             print this

Exit codes: 0 measured, 1 something went wrong while measuring (it is said), 2 wrong option or nothing to measure.`;

class usage_error extends Error {}

function parse_options(args) {
  const string = { type: 'string' };
  const known = { quick: { type: 'boolean' }, help: { type: 'boolean' }, only: string, reps: string, binary: string, against: string, out: string, dir: string };
  let values;
  try {
    ({ values } = parseArgs({ args, options: known }));
  } catch (problem) {
    throw new usage_error(problem.message);
  }
  const chosen = values.only ? values.only.split(',') : names;
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length) throw new usage_error(`--only: no workload '${unknown[0]}'; there are ${names.join(', ')}`);
  const reps = Number(values.reps ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(reps) || reps < 1) throw new usage_error(`--reps: a whole number from 1, not '${values.reps}'`);
  return { ...values, chosen, reps, dir: values.dir ?? os.tmpdir() };
}

/** The builds to measure, A and maybe B. */
function find_builds({ binary, against }) {
  const given = [{ name: 'A', path: path.resolve(binary ?? default_binary) }];
  if (against) given.push({ name: 'B', path: path.resolve(against) });
  for (const build of given) {
    try {
      fs.accessSync(build.path, fs.constants.X_OK);
    } catch {
      const hint = binary ? '' : '; build it with `cmake --preset release && cmake --build --preset release`, or name another with --binary';
      throw new usage_error(`no program ${build.path}${hint}`);
    }
    build.version = execFileSync(build.path, ['--version'], { encoding: 'utf8' }).trim();
    build.bytes = fs.statSync(build.path).size;
  }
  return given;
}

const machine = () => ({
  cores: os.cpus().length, cpu: os.cpus()[0]?.model ?? 'unknown', memory_gib: Math.round(os.totalmem() / 2 ** 30),
  kernel: os.release(), node: process.version,
});

const full = {
  warmup_ms: 2000, window_ms: 10_000, chain_idle: 20, fan_count: 5, starts: 10, disk_probes: 200, schedule_count: 100_000,
  stored_count: 1_000_000, list_jobs: [1000, 1_000_000], list_asks: 200, webhook_rate: 200, webhook_window_ms: 10_000,
};
const quick = {
  warmup_ms: 500, window_ms: 2000, chain_idle: 5, fan_count: 2, starts: 3, disk_probes: 100, schedule_count: 2000,
  stored_count: 20_000, list_jobs: [1000, 20_000], list_asks: 50, webhook_rate: 200, webhook_window_ms: 3000,
};

/** Measures one workload of one build in a directory of its own. */
async function measure(build, workload, repetition, root, settings) {
  const directory = fs.mkdtempSync(path.join(root, `${workload}-`));
  const record = { build: build.name, workload, repetition, at: new Date().toISOString(), disk: probe_disk(directory, settings.disk_probes) };
  try {
    Object.assign(record, await workloads[workload](build.path, directory, settings));
  } catch (problem) {
    record.problems = [String(problem?.message ?? problem)];
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
  return record;
}

/** Says on a terminal what is going on, in one line that the next one replaces. */
function show_progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** All repetitions. Builds take turns, and in every other repetition the second goes first. */
async function measure_all(builds, options, root) {
  const settings = options.quick ? quick : full;
  const repetitions = [];
  for (let i = 0; i < options.reps; ++i) {
    const order = i % 2 ? [...builds].reverse() : builds;
    for (const workload of options.chosen) {
      for (const build of order) {
        show_progress(`${workload}, repetition ${i + 1} of ${options.reps}, build ${build.name} …`);
        const record = await measure(build, workload, i, root, settings);
        repetitions.push(record);
        show_progress('');
        for (const problem of record.problems) console.error(`${workload} (build ${build.name}): ${problem}`);
      }
    }
  }
  show_progress('');
  return repetitions;
}

/** Makes the directory for everything, and removes it however this ends. */
function make_root(dir) {
  const root = fs.mkdtempSync(path.join(dir, 'penstock-bench-'));
  process.on('exit', () => fs.rmSync(root, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  return root;
}

function warn_of_memory_disk(repetitions) {
  if (repetitions.some(({ disk }) => disk.p50_ms < 0.02))
    console.log('\nfdatasync costs next to nothing here: is this a memory file system? Choose a directory on a disk with --dir.');
}

async function main() {
  const options = parse_options(process.argv.slice(2));
  if (options.help) return console.log(help);
  const builds = find_builds(options);
  const repetitions = await measure_all(builds, options, make_root(options.dir));
  const result = {
    at: new Date().toISOString(), machine: machine(), quick: Boolean(options.quick), builds, repetitions,
    summary: summarise(repetitions, builds.map(({ name }) => name)),
  };
  console.log(report(result));
  warn_of_memory_disk(repetitions);
  if (options.out) fs.writeFileSync(options.out, `${JSON.stringify(result, null, 1)}\n`);
  const problems = repetitions.flatMap((record) => record.problems);
  if (problems.length) console.log(`\n${problems.length} problems, the first: ${problems[0]}`);
  process.exitCode = problems.length ? 1 : 0;
}

try {
  await main();
} catch (problem) {
  console.error(`bench/run: ${problem instanceof usage_error ? problem.message : problem.stack}`);
  process.exitCode = problem instanceof usage_error ? 2 : 1;
}
