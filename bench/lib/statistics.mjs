// Order statistics of samples.

const sorted = (samples) => Float64Array.from(samples).sort();

/** The nearest-rank quantile, `q` from 0 to 1; null without samples. */
export function quantile(samples, q) {
  if (!samples.length) return null;
  const all = sorted(samples);
  return all[Math.max(0, Math.ceil(q * all.length) - 1)];
}

/** The middle sample, or the mean of the two in the middle; null without samples. */
export function median(samples) {
  if (!samples.length) return null;
  const all = sorted(samples);
  const half = all.length >> 1;
  return all.length % 2 ? all[half] : (all[half - 1] + all[half]) / 2;
}

export const mean = (samples) => (samples.length ? samples.reduce((sum, x) => sum + x, 0) / samples.length : null);

/** What a list of latencies comes to, in the unit of the samples. */
export function summary(samples) {
  const of = (q) => quantile(samples, q);
  return { count: samples.length, mean: mean(samples), min: of(0), p50: of(0.5), p90: of(0.9), p99: of(0.99), max: of(1) };
}
