#!/usr/bin/env node
// Cron expressions fire when two implementations of others say, the npm packages croner and cron-parser, wherever these
// two agree: thousands of expressions, zones and instants, most of them near changes of the clocks, ends of months and
// leap days. Where our written rule for changes of the clocks (docs/decisions/0005-clock-changes.md) differs from what
// both say, the difference must be of a known class.
//   --seed NUMBER    repeats a run
//   --triples NUMBER how many (default 6000)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { finish, numberOption, skip, test } from '../../tools/lib/cases.mjs';
import { PROGRAM, seeded } from './support/server.mjs';

const require = createRequire(import.meta.url);
const { Cron } = require('croner');
const { CronExpressionParser } = require('cron-parser');

const seed = numberOption('seed', (Date.now() ^ process.pid) >>> 0);
const triples = numberOption('triples', 6000);
const random = seeded(seed);
console.log(`# seed ${seed}`);

const TIMES = path.join(path.dirname(PROGRAM), '../runtime/calendar/calendar_times');
const INSTANTS = 4;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

// Changes of every kind, all of them past, so that no later law moves them: both hemispheres, half hours, at midnight,
// a day left out (Apia), none at all.
const zones = [
  'Europe/Warsaw', 'Europe/London', 'Europe/Dublin', 'Europe/Lisbon', 'America/New_York', 'America/Chicago',
  'America/Los_Angeles', 'America/St_Johns', 'America/Sao_Paulo', 'America/Santiago', 'America/Havana',
  'America/Asuncion', 'Atlantic/Azores', 'Asia/Beirut', 'Asia/Jerusalem', 'Asia/Amman', 'Asia/Kathmandu', 'Asia/Tokyo',
  'Australia/Sydney', 'Australia/Lord_Howe', 'Pacific/Auckland', 'Pacific/Chatham', 'Pacific/Apia', 'Africa/Cairo',
  'UTC',
];
const FIRST_YEAR = 2008;
const LAST_YEAR = 2024;

const formats = new Map();
/// Local time minus UTC, in ms, as this program's own time zone data has it.
function offsetAt(zone, at) {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName').value;
  const [, sign, hours, minutes = '0'] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name).map((text) => text ?? '0');
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * 60_000);
}

const changes = new Map();
/// The changes of the clocks of a zone between the years above: [{ at, before, after }].
function changesOf(zone) {
  const known = changes.get(zone);
  if (known) return known;
  const found = [];
  for (let day = Date.UTC(FIRST_YEAR, 0, 1); day < Date.UTC(LAST_YEAR + 1, 0, 1); day += DAY) {
    const [before, after] = [offsetAt(zone, day), offsetAt(zone, day + DAY)];
    if (before === after) continue;
    let [low, high] = [day, day + DAY];
    while (high - low > 60_000) {
      const middle = low + Math.floor((high - low) / 120_000) * 60_000;
      if (offsetAt(zone, middle) === before) low = middle;
      else high = middle;
    }
    found.push({ at: high, before, after });
  }
  changes.set(zone, found);
  return found;
}

// Forms that both packages read: `5/10` and ranges of names across the week's end they don't.
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const numbers = (low, high) => low + random.below(high - low + 1);
const range = (low, high) => {
  const from = numbers(low, high - 1);
  return [from, numbers(from + 1, high)];
};
const list = (low, high) =>
  [...new Set(Array.from({ length: numbers(2, 4) }, () => numbers(low, high)))].sort((a, b) => a - b).join(',');
const perhapsNamed = (names) => (n) => (random.below(2) ? names[n] : String(n));

function field(low, high, { star = 0.3, name = String } = {}) {
  if (random.next() < star) return '*';
  switch (random.below(6)) {
    case 0: case 1: return name(numbers(low, high));
    case 2: return list(low, high);
    case 3: return range(low, high).map(name).join('-');
    case 4: return `*/${numbers(2, Math.max(2, Math.floor(high / 2)))}`;
    default: return `${range(low, high).join('-')}/${numbers(2, 5)}`;
  }
}

function hoursNear(hour) {
  const before = Math.max(0, hour - 1);
  const after = Math.min(23, hour + 1);
  return random.one([String(hour), `${before},${after}`, `${hour},${after}`, `${before}-${after}`]);
}

function expression(nearHour) {
  const hour = nearHour !== undefined && random.next() < 0.6 ? hoursNear(nearHour) : field(0, 23, { star: 0.35 });
  const day = random.next() < 0.15
    ? random.one(['28', '29', '30', '31', '29-31', '1', '28,29'])
    : field(1, 31, { star: 0.6 });
  const month = random.next() < 0.1 ? '2' : field(1, 12, { star: 0.65, name: perhapsNamed(['', ...months]) });
  const weekday = random.next() < 0.1
    ? random.one(['7', '5-7', '0,6', 'sun', 'SUN'])
    : field(0, 6, { star: 0.6, name: perhapsNamed(weekdays) });
  return [field(0, 59, { star: 0.2 }), hour, day, month, weekday].join(' ');
}

/// An instant, and the hour that the clocks skip or repeat soon after it.
function instant(zone) {
  const zoneChanges = changesOf(zone);
  const kind = random.below(10);
  if (kind < 6 && zoneChanges.length > 0) {
    const { at, before, after } = random.one(zoneChanges);
    const hour = new Date(at + Math.min(before, after)).getUTCHours();
    return { from: at - random.below(3 * DAY) + random.below(2 * HOUR), hour };
  }
  const year = numbers(FIRST_YEAR, LAST_YEAR);
  if (kind < 8) return { from: Date.UTC(year, numbers(0, 11), 27 + random.below(5)) + random.below(DAY) };
  if (kind < 9) return { from: Date.UTC(year, 1, 26 + random.below(4)) + random.below(DAY) };
  return { from: Date.UTC(year, 0, 1) + random.below(365) * DAY + random.below(DAY) };
}

function triple() {
  const zone = random.one(zones);
  const { from, hour } = instant(zone);
  return { cron: expression(hour), zone, from: random.below(4) === 0 ? from - (from % 60_000) : from };
}

function ourAnswers(asked) {
  const lines = asked.map(({ cron, zone, from }) => `${cron}\t${zone}\t${from}\t${INSTANTS}\n`).join('');
  const ran = spawnSync(TIMES, { input: lines, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(ran.status, 0, `${TIMES}: ${ran.error ?? ran.stderr}`);
  const numbersOf = (line) => line.split(' ').filter(Boolean).map(Number);
  return ran.stdout.trimEnd().split('\n').map((line) => (line.startsWith('error: ') ? undefined : numbersOf(line)));
}

/// What a package says, or nothing where it refuses or finds less.
function answer(first, next) {
  try {
    const found = [];
    for (let state = first(); found.length < INSTANTS;) {
      const at = next(state);
      if (at === null) return undefined;
      found.push(at);
    }
    return found;
  } catch {
    return undefined;
  }
}

function askCroner({ cron, zone, from }, options = {}) {
  let at = new Date(from);
  return answer(
    () => new Cron(cron, { timezone: zone, paused: true, mode: '5-part', ...options }),
    (job) => { at = job.nextRun(at); return at === null ? null : at.getTime(); },
  );
}

function askParser({ cron, zone, from }) {
  return answer(
    () => CronExpressionParser.parse(cron, { currentDate: new Date(from), tz: zone }),
    (expression_) => expression_.next().getTime(),
  );
}

const same = (a, b) => a !== undefined && b !== undefined && a.length === b.length && a.every((n, i) => n === b[i]);
const shown = (instants) => (instants ?? []).map((at) => new Date(at).toISOString().replace('.000Z', 'Z')).join(' ');
const told = ({ cron, zone, from }, mine, theirs) =>
  `${cron} | ${zone} | ${shown([from])}\n  ours   ${shown(mine)}\n  theirs ${shown(theirs)}`;

function assertNone(failures) {
  assert.equal(failures.length, 0, `${failures.length} differences:\n${failures.slice(0, 10).join('\n')}`);
}

/// The class of a difference between us and two who agree; nothing if it has none.
function classOf({ zone }, ours, theirs) {
  if (!ours) return undefined;
  const end = Math.min(ours.at(-1), theirs.at(-1));
  const extra = ours.filter((at) => at <= end && !theirs.includes(at));
  const missing = theirs.filter((at) => at <= end && !ours.includes(at));
  const atGapEnd = (at) => changesOf(zone).some((c) => c.at === at && c.after > c.before);
  const inSecondPassing = (at) =>
    changesOf(zone).some((c) => c.after < c.before && at >= c.at && at < c.at + c.before - c.after);
  if (extra.length + missing.length === 0) return undefined;
  if (missing.length === 0 && extra.every(atGapEnd)) return 'skipped times fire at the end of the gap';
  if (extra.length === 0 && missing.every(inSecondPassing)) return 'repeated times fire once';
  return undefined;
}

const asked = Array.from({ length: triples }, triple);
const ours = ourAnswers(asked);

test('wherever croner and cron-parser agree, we agree with them or differ by a written rule', () => {
  const counts = { agreed: 0, 'not compared, for they differ': 0, 'not compared, for one gives no answer': 0 };
  const failures = [];
  asked.forEach((question, i) => {
    const [croner, parser] = [askCroner(question), askParser(question)];
    let outcome;
    if (!croner && !parser && !ours[i]) outcome = 'refused by all three';
    else if (!croner || !parser) outcome = 'not compared, for one gives no answer';
    else if (!same(croner, parser)) outcome = 'not compared, for they differ';
    else outcome = same(ours[i], croner) ? 'agreed' : classOf(question, ours[i], croner);
    if (outcome) counts[outcome] = (counts[outcome] ?? 0) + 1;
    else failures.push(told(question, ours[i], croner));
  });
  for (const [outcome, n] of Object.entries(counts)) console.log(`# ${n} ${outcome}`);
  assertNone(failures);
  assert.ok(counts.agreed > triples / 2, `only ${counts.agreed} of ${triples} could be compared`);
});

test('with numbers, lists and ranges of hours, croner by the rule of Vixie cron says the same in every case', () => {
  // To it, as to us, lists and ranges are fixed times; but it leaves out those with a star or step, so we do.
  const failures = [];
  let compared = 0;
  asked.forEach((question, i) => {
    const [minutes, hours] = question.cron.split(' ');
    if (/[*/]/.test(minutes + hours)) return;
    const croner = askCroner(question, { fixedTimeRule: 'no-wildcard' });
    if (!croner) return;
    compared += 1;
    if (!same(ours[i], croner)) failures.push(told(question, ours[i], croner));
  });
  console.log(`# ${compared} compared`);
  assertNone(failures);
  assert.ok(compared > triples / 10);
});

test('a machine without a time zone database is told which package to install', () => {
  const hidden = ['--dev-bind', '/', '/', '--tmpfs', '/usr/share/zoneinfo'];
  if (spawnSync('bwrap', [...hidden, 'true']).status !== 0) skip('bubblewrap cannot be used here');
  const input = '0 2 * * *\tEurope/Warsaw\t0\t1\n0 2 * * *\tUTC\t0\t1\n';
  const { stdout } = spawnSync('bwrap', [...hidden, TIMES], { input, encoding: 'utf8' });
  const [warsaw, utc] = stdout.split('\n');
  assert.match(warsaw, /^error: .*install the package tzdata/);
  assert.equal(utc, String(2 * HOUR));
});

await finish();
