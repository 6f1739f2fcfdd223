// Test cases of a script: each prints `ok NAME` or `not ok NAME` with what went wrong, which tools/test counts.
//
//     import { test, finish } from '../../tools/lib/cases.mjs';
//     test('a run that is acknowledged ends', async () => { … });
//     await finish();

const cases = [];

/// Registers a case; they run one after the other, in this order. Words in the arguments choose those whose name holds one of them.
export function test(name, body) {
  cases.push({ name, body });
}

/// Runs the cases, then `cleanUp`, and ends the process: 0 if all passed.
export async function finish(cleanUp = async () => {}) {
  const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'));
  let failed = 0;
  for (const { name, body } of cases) {
    if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
    const began = performance.now();
    try {
      await body();
      console.log(`ok ${name} (${Math.round(performance.now() - began)} ms)`);
    } catch (problem) {
      failed += 1;
      console.log(`not ok ${name}`);
      console.log(String(problem.stack ?? problem).replace(/^/gm, '    '));
    }
  }
  await cleanUp();
  process.exit(failed === 0 ? 0 : 1);
}
