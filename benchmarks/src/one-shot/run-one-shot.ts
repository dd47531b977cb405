import { writeFile } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import { Random } from '@unitsphere/core/random';
import { type Embedder, loadEmbedder } from '@unitsphere/embedder';
import { clusteredRate, type Interval } from '@unitsphere/verification';
import { type Summary, summarize } from '@unitsphere/verification/statistics';
import { describeMachine, type Machine } from '../measure/machine.js';
import { listAlphabets } from './alphabets.js';
import { drawTrials, type Trial } from './draw-trials.js';

/** Accuracy of one model. */
export interface OneShotFigures {
  model: string;
  accuracy: number;
  /** 95 % interval over trials. */
  interval: Interval;
  byAlphabet: Record<string, number>;
}

/** The report of `bench one-shot`. */
export interface OneShotReport {
  benchmark: 'one-shot';
  date: string;
  machine: Machine;
  ways: number;
  seed: number;
  alphabets: number;
  trials: number;
  /** One for each model, such as the seeds of one config. */
  models: OneShotFigures[];
  /** Mean over the models, with Student's interval if there are several. */
  overModels: Summary;
}

/** Options of {@link runOneShot}. */
export interface OneShotOptions {
  /** Runs, checkpoints or model folders. */
  models: string[];
  /** Folder of alphabets that the models have not seen. */
  data: string;
  ways: number;
  /** Trials of each alphabet. */
  trials: number;
  seed: number;
  /** File for the drawn trials. */
  trialsFile?: string;
}

const BATCH = 64;

/** Measures one-shot classification within alphabets: each query goes to the support image with the largest cosine. */
export async function runOneShot(
  { models, data, ways, trials: count, seed, trialsFile }: OneShotOptions,
  log: (message: string) => void = () => undefined,
): Promise<OneShotReport> {
  const alphabets = await listAlphabets(data);
  const trials = drawTrials(alphabets, { ways, trials: count, random: new Random(seed, 'one-shot trials') });
  if (trialsFile) await writeFile(trialsFile, formatTrials(trials, data));
  await useBackend('wasm');
  const figures: OneShotFigures[] = [];
  for (const model of models) {
    const embedder = await loadEmbedder(model);
    try {
      const name = basename(resolve(model));
      figures.push({ model: name, ...(await classify(embedder, trials, (text) => log(`${name}: ${text}`))) });
    } finally {
      embedder.dispose();
    }
  }
  return {
    benchmark: 'one-shot',
    date: new Date().toISOString(),
    machine: describeMachine(),
    ways,
    seed,
    alphabets: new Set(trials.map(({ alphabet }) => alphabet)).size,
    trials: trials.length,
    models: figures,
    overModels: summarize(figures.map(({ accuracy }) => accuracy)),
  };
}

async function classify(embedder: Embedder, trials: readonly Trial[], log: (message: string) => void) {
  const paths = [...new Set(trials.flatMap(({ support, queries }) => [...support, ...queries]))];
  const embeddings = new Map<string, Float32Array>();
  for (let start = 0; start < paths.length; start += BATCH) {
    const batch = paths.slice(start, start + BATCH);
    const vectors = await embedder.embed(batch);
    for (const [i, path] of batch.entries()) embeddings.set(path, vectors[i]);
    log(`${Math.min(start + BATCH, paths.length)} of ${paths.length} images`);
  }
  const hits: number[] = [];
  const owners: number[] = [];
  const counts = new Map<string, { hits: number; total: number }>();
  for (const [number, { alphabet, support, queries }] of trials.entries()) {
    const vectors = support.map((path) => vectorOf(embeddings, path));
    const total = counts.get(alphabet) ?? { hits: 0, total: 0 };
    for (const [own, path] of queries.entries()) {
      const hit = findNearest(vectorOf(embeddings, path), vectors) === own ? 1 : 0;
      hits.push(hit);
      owners.push(number);
      total.hits += hit;
      total.total++;
    }
    counts.set(alphabet, total);
  }
  const { rate, interval } = clusteredRate(hits, owners);
  const byAlphabet = Object.fromEntries([...counts].map(([name, { hits, total }]) => [name, hits / total]));
  return { accuracy: rate, interval, byAlphabet };
}

function vectorOf(embeddings: ReadonlyMap<string, Float32Array>, path: string): Float32Array {
  const vector = embeddings.get(path);
  if (!vector) throw new Error(`${path} has no embedding.`);
  return vector;
}

/** Returns the position of the vector with the largest inner product; the first of equal ones. */
function findNearest(query: Float32Array, vectors: readonly Float32Array[]): number {
  let [best, nearest] = [Number.NEGATIVE_INFINITY, 0];
  for (const [position, vector] of vectors.entries()) {
    let cosine = 0;
    for (let d = 0; d < query.length; d++) cosine += query[d] * vector[d];
    if (cosine > best) [best, nearest] = [cosine, position];
  }
  return nearest;
}

/** Renders trials as the published files do: a line `QUERY SUPPORT` for each pair of one character. */
function formatTrials(trials: readonly Trial[], data: string): string {
  const lines = trials.flatMap(({ alphabet, support, queries }, number) => [
    `# trial ${number + 1}, ${alphabet}`,
    ...queries.map((query, k) => `${relative(data, query)} ${relative(data, support[k])}`),
  ]);
  return `${lines.join('\n')}\n`;
}
