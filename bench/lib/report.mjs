// The tables. Text goes to a person; everything in it, and more, is in the JSON.
import { figures } from '../workloads.mjs';
import { median } from './statistics.mjs';

function number(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return '-';
  if (Number.isInteger(x) || Math.abs(x) >= 100) return Math.round(x).toLocaleString('en-US');
  return x.toFixed(Math.abs(x) >= 10 ? 1 : 2);
}

/** Median of samples, with the range where there are several. */
function cell(samples) {
  if (!samples.length) return '-';
  const middle = number(median(samples));
  return samples.length === 1 ? middle : `${middle} (${number(Math.min(...samples))} to ${number(Math.max(...samples))})`;
}

/** Rows of cells as aligned columns, the first to the left, the rest to the right. */
function aligned(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (row) => row.map((text, i) => (i ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join('  ').trimEnd();
  return [line(rows[0]), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.slice(1).map(line)].join('\n');
}

const known = (x) => x !== null && x !== undefined && Number.isFinite(x);

/** Values of figure `name` of build `build`, one per repetition. */
const values_of = (repetitions, build, name) => repetitions.filter((r) => r.build === build).map((r) => r.figures?.[name]).filter(known);

/** A's value over B's of the same repetition, for each repetition that has both. */
function ratios_of(repetitions, name) {
  const of = (build, i) => repetitions.find((r) => r.build === build && r.repetition === i && known(r.figures?.[name]))?.figures[name];
  const indexes = [...new Set(repetitions.map((r) => r.repetition))];
  return indexes.map((i) => of('A', i) / of('B', i)).filter(known);
}

/** What the table shows, as data: per figure the samples and medians of each build, and the ratios. */
export function summarise(repetitions, builds) {
  const rows = Object.entries(figures).map(([name, { label, unit, better }]) => {
    const samples = Object.fromEntries(builds.map((build) => [build, values_of(repetitions, build, name)]));
    const ratios = builds.length > 1 ? ratios_of(repetitions, name) : [];
    const medians = Object.fromEntries(builds.map((build) => [build, median(samples[build])]));
    return { figure: name, label, unit, better, samples, medians, ratios, ratio: median(ratios) };
  });
  return rows.filter((row) => builds.some((build) => row.samples[build].length));
}

/** Which build is better, where the repetitions agree on that. */
function verdict({ ratio, ratios, better }) {
  if (!known(ratio)) return '';
  if (Math.abs(ratio - 1) < 0.02) return 'alike';
  if (ratios.length < 2 || (Math.min(...ratios) <= 1 && Math.max(...ratios) >= 1)) return 'unclear';
  return ratio > 1 === (better === 'higher') ? 'A better' : 'B better';
}

function figure_table(rows, builds) {
  const two = builds.length > 1;
  const head = two ? ['', ...builds, 'A / B', ''] : ['', 'median (range)'];
  const body = rows.map((row) => {
    const cells = builds.map((build) => cell(row.samples[build]));
    return [`${row.label}, ${row.unit}`, ...cells, ...(two ? [cell(row.ratios), verdict(row)] : [])];
  });
  return aligned([head, ...body]);
}

function usage_table(repetitions, builds) {
  const names = [...new Set(repetitions.flatMap((r) => Object.keys(r.phases ?? {})))];
  const rows = [];
  for (const name of names) {
    for (const build of builds) {
      const uses = repetitions.filter((r) => r.build === build).map((r) => r.phases?.[name]?.usage).filter(Boolean);
      if (!uses.length) continue;
      const of = (key) => number(median(uses.map((use) => use[key])));
      const keys = ['server_cpu_s', 'client_cpu_s', 'server_cores', 'client_cores', 'foreign_cores', 'server_pss_mib'];
      rows.push([builds.length > 1 ? `${name} ${build}` : name, ...keys.map(of)]);
    }
  }
  const head = ['CPU and memory', 'server s', 'client s', 'server cores', 'client cores', 'other cores', 'server MiB'];
  return rows.length ? aligned([head, ...rows]) : '';
}

/** Everything that a person should see, as text. */
export function report(result) {
  const builds = result.builds.map(({ name }) => name);
  const { repetitions, machine } = result;
  const disk = (key) => cell(repetitions.map((r) => r.disk?.[key]).filter(known));
  const parts = [
    `${machine.cores} cores (${machine.cpu}), ${machine.memory_gib} GiB, Linux ${machine.kernel}`,
    ...result.builds.map(({ name, path, version }) => `${name}: ${path} (${version})`),
    `disk, 4 KiB append and fdatasync: p50 ${disk('p50_ms')} ms, p99 ${disk('p99_ms')} ms`,
    '',
    figure_table(result.summary, builds),
    '',
    usage_table(repetitions, builds),
  ];
  const backlogs = repetitions.map((r) => r.phases?.acks).filter((phase) => phase && known(phase.drain_s));
  if (backlogs.length)
    parts.push('', `after the triggers ${cell(backlogs.map((b) => b.backlog))} runs were still active; the last ended ${cell(backlogs.map((b) => b.drain_s))} s later`);
  return parts.join('\n');
}
