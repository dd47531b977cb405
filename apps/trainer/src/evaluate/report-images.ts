import { Random } from '@unitsphere/core';
import { Augmentation, applyView, type Image, type ImageSource } from '@unitsphere/data';
import { hardestPairs, nearestNeighbors } from '@unitsphere/verification';
import type { Config } from '../config/config.js';
import type { EvaluationImages } from '../dataset/evaluation-images.js';
import type { ReportData } from '../report/index.js';
import type { ModelVerification } from './verify-model.js';

const SAMPLE_IDENTITIES = 4;
const SAMPLES = 9;
const QUERIES = 8;
const NEIGHBORS = 6;
const MISTAKES = 8;

/** Encodes an image as a data URI, small enough for a page with many images. */
export type Thumbnail = (image: Image) => Promise<string>;

/**
 * Returns training images as the network sees them, one row per identity: its samples at equal distances, augmented as in
 * training.
 */
export async function sampleRows(
  source: ImageSource,
  trainIdentities: readonly number[],
  { data, seed }: Pick<Config, 'data' | 'seed'>,
  thumbnail: Thumbnail,
): Promise<ReportData['samples']> {
  const picked = new Random(seed, 'report').shuffle([...trainIdentities]).slice(0, SAMPLE_IDENTITIES);
  const augmentation = data.augment ? new Augmentation(data.augment) : undefined;
  const rows: ReportData['samples'] = [];
  for (const identity of picked) {
    const { name, samples } = source.identities[identity];
    const images: string[] = [];
    // Without augmentation, a sample looks the same every time.
    const shown = augmentation ? SAMPLES : Math.min(SAMPLES, samples);
    for (let i = 0; i < shown; i++) {
      const image = await source.load(identity, Math.floor((i * samples) / SAMPLES) % samples);
      const random = new Random(seed, 'report', name, i);
      images.push(
        await thumbnail(
          augmentation?.augment(image, random, data.imageSize) ?? applyView(image, 0, data.imageSize),
        ),
      );
    }
    rows.push({ identity: name, images });
  }
  return rows;
}

/** Returns held-out images with their nearest neighbors, and the pairs with the worst errors. */
export async function heldOutRows(
  source: ImageSource,
  { images, load }: EvaluationImages,
  { embeddings, dimensions, verification }: ModelVerification,
  seed: number,
  thumbnail: Thumbnail,
): Promise<Pick<ReportData, 'neighbors' | 'mistakes'>> {
  const uri = async (row: number) => thumbnail((await load([row]))[0]);
  const name = (row: number) => source.identities[images[row].identity].name;
  const labels = Int32Array.from(images, ({ label }) => label);
  const queries = new Random(seed, 'queries')
    .shuffle(images.flatMap(({ kind }, row) => (kind === 'clean' ? [] : [row])))
    .slice(0, QUERIES);
  const found = nearestNeighbors(
    Float32Array.from(
      queries.flatMap((row) => [...embeddings.subarray(row * dimensions, (row + 1) * dimensions)]),
    ),
    embeddings,
    dimensions,
    Math.min(NEIGHBORS, images.length - 1),
    { exclude: Int32Array.from(queries) },
  );
  const neighbors = await Promise.all(
    queries.map(async (query, q) => ({
      query: await uri(query),
      label: name(query),
      results: await Promise.all(
        Array.from(found.indices.subarray(q * found.k, (q + 1) * found.k), async (row, i) => ({
          uri: await uri(row),
          score: found.scores[q * found.k + i],
          same: labels[row] === labels[query],
          label: name(row),
        })),
      ),
    })),
  );
  const threshold =
    verification.tprAtFpr.find(({ fpr }) => fpr === 1e-3)?.threshold ?? Number.POSITIVE_INFINITY;
  const { negatives, positives } = hardestPairs(embeddings, dimensions, labels, MISTAKES);
  const mistakes = await Promise.all(
    [
      ...negatives
        .filter(({ score }) => score >= threshold)
        .map((pair) => ({ kind: 'false accept' as const, pair })),
      ...positives
        .filter(({ score }) => score < threshold)
        .map((pair) => ({ kind: 'false reject' as const, pair })),
    ].map(async ({ kind, pair: { a, b, score } }) => ({
      kind,
      a: await uri(a),
      b: await uri(b),
      score,
      labelA: name(a),
      labelB: name(b),
    })),
  );
  return { neighbors, mistakes };
}
