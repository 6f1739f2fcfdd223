// What lists cost beside a long history: the same questions after few jobs and after many, which should cost the same.
import { in_parallel, sleep } from './lib/load.mjs';
import { pss_mib } from './lib/process_usage.mjs';
import { server } from './lib/server.mjs';
import { summary } from './lib/statistics.mjs';

const pipeline_count = 10;
const callers = 256;
const page_limit = 100;
const page_in_the_middle = 1000;
const settle_limit_ms = 120_000;
const missing_pipeline = '00000000-0000-7000-8000-000000000000';

/** The questions, by the name of their figures. */
export const questions = {
  first: 'first page of 100',
  middle: 'page 1,000 of 100, or the middle one',
  last: 'last page of 100',
  completed: 'jobs that are completed, first page',
  failed: 'jobs that failed (one in ten), middle page',
  running: 'jobs that are running (none)',
  pipeline: 'jobs of one pipeline, middle page',
  hour: 'jobs of one hour, first page',
  part: 'jobs of an odd part of the time, middle page',
  metrics: '/v1/metrics of one day by the hour',
  pipelines: '/v1/pipelines, first page',
};

const job_total = async (node, query = '') =>
  JSON.parse((await node.expect(node.request('GET', `/v1/jobs?limit=1${query}`), [200])).body).meta.total;

/** Starts jobs until there are `count`, in turns on all pipelines, and waits until all have ended. */
async function make_jobs(node, pipelines, from, count) {
  const requests = pipelines.map((id) => node.trigger(id));
  const since = performance.now();
  await in_parallel(callers, count - from, (i) => requests[i % requests.length]());
  const limit = performance.now() + settle_limit_ms;
  let ended = 0;
  while (performance.now() < limit) {
    ended = (await job_total(node, '&status=completed')) + (await job_total(node, '&status=failed'));
    if (ended >= count) break;
    await sleep(100);
  }
  return { seconds: (performance.now() - since) / 1000, problems: ended === count ? [] : [`${count} jobs were started, ${ended} have ended`] };
}

const text = (ms) => encodeURIComponent(new Date(ms).toISOString());

/** The paths of all questions, for a history of `total` jobs made between `began` and `ended`. */
async function paths_of(node, pipelines, { began, ended, total }) {
  const pages = Math.ceil(total / page_limit);
  const middle = (n) => Math.max(1, Math.min(page_in_the_middle, Math.floor(n / page_limit / 2)));
  const half_hour = 1_800_000;
  const between = (began + ended) / 2;
  const third = (ended - began) / 3;
  const part = `&from_date=${text(began + third + 7)}&to_date=${text(ended - third - 11)}`;
  const day = 86_400_000;
  return {
    first: `/v1/jobs?limit=${page_limit}`,
    middle: `/v1/jobs?limit=${page_limit}&page=${middle(total)}`,
    last: `/v1/jobs?limit=${page_limit}&page=${pages}`,
    completed: `/v1/jobs?limit=${page_limit}&status=completed`,
    failed: `/v1/jobs?limit=${page_limit}&status=failed&page=${middle(total / pipeline_count)}`,
    running: `/v1/jobs?limit=${page_limit}&status=running`,
    pipeline: `/v1/jobs?limit=${page_limit}&pipeline_id=${pipelines[0]}&page=${middle(total / pipeline_count)}`,
    hour: `/v1/jobs?limit=${page_limit}&from_date=${text(between - half_hour)}&to_date=${text(between + half_hour)}`,
    part: `/v1/jobs?limit=${page_limit}${part}&page=${middle(await job_total(node, part))}`,
    metrics: `/v1/metrics?metric=jobs_completed&interval=hour&from=${text(between - day / 2)}&to=${text(between + day / 2)}`,
    pipelines: `/v1/pipelines?limit=${page_limit}`,
  };
}

/** The latencies of one question, asked again and again; null where the server does not know the path. */
async function ask(node, path, count) {
  const bytes = node.request('GET', path);
  const latencies = [];
  for (let i = -count / 10; i < count; ++i) {
    const since = performance.now();
    const answer = await node.expect(bytes, [200, 404]);
    if (answer.status === 404) return null;
    if (i >= 0) latencies.push(performance.now() - since);
  }
  return summary(latencies);
}

async function ask_all(node, pipelines, history, count) {
  const latencies = {};
  for (const [name, path] of Object.entries(await paths_of(node, pipelines, history))) latencies[name] = await ask(node, path, count);
  return latencies;
}

function figures_of(few, many) {
  const figures = {};
  for (const name of Object.keys(questions)) {
    if (!few[name] || !many[name]) continue;
    figures[`lists_${name}_p50_ms`] = many[name].p50;
    figures[`lists_${name}_p99_ms`] = many[name].p99;
    figures[`lists_${name}_ratio`] = many[name].p50 / few[name].p50;
  }
  return figures;
}

export async function lists(binary, directory, { list_jobs, list_asks }) {
  let node = await server.start(binary, directory);
  try {
    const pipelines = [];
    for (let i = 0; i < pipeline_count; ++i) {
      const task = i ? { id: 'a', type: 'noop' } : { id: 'a', type: 'run_pipeline', pipeline: missing_pipeline };
      pipelines.push(await node.create_pipeline(`p${i}`, [task]));
    }
    const began = Date.now();
    const problems = [];
    const asked = [];
    const made = [];
    let there = 0;
    for (const total of list_jobs) {
      made.push(await make_jobs(node, pipelines, there, total));
      problems.push(...made.at(-1).problems);
      there = total;
      asked.push(await ask_all(node, pipelines, { began, ended: Date.now(), total }, list_asks));
    }
    const busy_pss = pss_mib(node.child.pid);
    node = await node.start_again(problems);
    await sleep(1000);
    const pss = pss_mib(node.child.pid);
    if ((await job_total(node)) !== there) problems.push(`${there} jobs were made, ${await job_total(node)} are there after a restart`);
    await node.stop_well(problems);
    return {
      figures: { ...figures_of(asked[0], asked.at(-1)), lists_pss_mib: pss, lists_busy_pss_mib: busy_pss, lists_start_ms: node.start_ms },
      phases: { lists: { jobs: list_jobs, made_s: made.map(({ seconds }) => seconds), latencies_ms: asked } },
      problems,
    };
  } finally {
    await node.stop();
  }
}
