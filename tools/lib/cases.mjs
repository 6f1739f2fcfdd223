// Test cases of a script: each prints `ok NAME`, `not ok NAME` with what went wrong, or `skip NAME`, which tools/test counts.
//
//     import { test, finish } from '../../tools/lib/cases.mjs';
//     test('a run that is acknowledged ends', async () => { … });
//     await finish();
//
// On the command line of a script, `--name NUMBER` is an option, which another script may know though this one does not;
// the other words choose the cases whose name holds one of them.

const cases = [];

/// Takes options and words apart: { numbers, words }. Fails on an option without a number.
export function readArguments(given) {
  const numbers = new Map();
  const words = [];
  for (let at = 0; at < given.length; at += 1) {
    if (!given[at].startsWith('--')) {
      words.push(given[at]);
      continue;
    }
    const [, name, , joined] = /^--([^=]*)(=(.*))?$/s.exec(given[at]);
    const value = joined ?? given[(at += 1)];
    if (!value?.trim() || !(Number(value) >= 0)) throw new Error(`--${name} needs a number, such as --${name} 10`);
    numbers.set(name, Number(value));
  }
  return { numbers, words };
}

const { numbers, words } = readArguments(process.argv.slice(2));

/// The number given as `--name NUMBER`.
export const numberOption = (name, fallback) => numbers.get(name) ?? fallback;

class Skipped extends Error {}

/// Ends a case that cannot be tried on this machine.
export function skip(reason) {
  throw new Skipped(reason);
}

/// Registers a case; they run one after the other, in this order.
export function test(name, body) {
  cases.push({ name, body });
}

/// Runs the cases that were chosen, then `cleanUp`, and ends the process: 0 if all passed.
export async function finish(cleanUp = async () => {}) {
  let failed = 0;
  for (const { name, body } of cases) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    const began = performance.now();
    try {
      await body();
      console.log(`ok ${name} (${Math.round(performance.now() - began)} ms)`);
    } catch (problem) {
      if (problem instanceof Skipped) {
        console.log(`skip ${name}: ${problem.message}`);
        continue;
      }
      failed += 1;
      console.log(`not ok ${name}`);
      console.log(String(problem.stack ?? problem).replace(/^/gm, '    '));
    }
  }
  await cleanUp();
  process.exit(failed === 0 ? 0 : 1);
}
