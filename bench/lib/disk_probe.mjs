// What a durable append costs on this disk at this moment: the yardstick of every durable figure beside it.
import fs from 'node:fs';
import path from 'node:path';
import { quantile } from './statistics.mjs';

/** `count` times 4 KiB appended to a file in `directory`, each followed by fdatasync. Milliseconds. */
export function probe_disk(directory, count) {
  const file = path.join(directory, 'disk-probe');
  const block = Buffer.alloc(4096, 1);
  const samples = [];
  const descriptor = fs.openSync(file, 'wx');
  try {
    for (let i = 0; i < count; ++i) {
      const since = performance.now();
      fs.writeSync(descriptor, block);
      fs.fdatasyncSync(descriptor);
      samples.push(performance.now() - since);
    }
  } finally {
    fs.closeSync(descriptor);
    fs.unlinkSync(file);
  }
  return { p50_ms: quantile(samples, 0.5), p99_ms: quantile(samples, 0.99) };
}
