import { readSafetensors, toFloat32 } from '@unitsphere/core';
import type { Identity } from '@unitsphere/recognition';

/** A template of a gallery: an embedding of a picture. */
export interface GalleryPoint {
  readonly name: string;
  /** Id of the picture; empty for a gallery that another program made. */
  readonly picture: string;
  readonly embedding: Float32Array;
}

/** Two pictures whose score is unexpected. */
export interface HardPair {
  readonly kind: 'different' | 'same';
  readonly score: number;
  readonly names: readonly [string, string];
  readonly pictures: readonly [string, string];
}

/** Returns the templates of a gallery file with the names and pictures of its identities. */
export function galleryPoints(bytes: Uint8Array, identities: readonly Identity[]): GalleryPoint[] {
  const { tensors } = readSafetensors(bytes);
  const embeddings = tensors.get('embeddings');
  const labels = tensors.get('labels');
  if (!embeddings || !labels) throw new Error('The gallery file has no embeddings.');
  const values = toFloat32(embeddings);
  const [rows, size] = embeddings.shape;
  // Rows are in the order of the templates' ids; removed ones have the label -1.
  const present = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => Number(labels.data[row]) >= 0,
  );
  return identities
    .flatMap(({ name, templates }) => templates.map(({ id, metadata }) => ({ name, id, metadata })))
    .sort((a, b) => a.id - b.id)
    .map(({ name, metadata }, i) => ({
      name,
      picture: String(metadata['picture'] ?? ''),
      embedding: values.subarray(present[i] * size, (present[i] + 1) * size),
    }));
}

/**
 * Returns the pairs that are hardest to tell: the most similar pictures of different identities, one pair per two identities, and
 * the least similar pictures of the same identity, one per identity.
 */
export function hardestPairs(points: readonly GalleryPoint[], count: number): HardPair[] {
  const different = new Map<string, HardPair>();
  const same = new Map<string, HardPair>();
  for (const [i, a] of points.entries()) {
    for (const b of points.slice(i + 1)) {
      const kind = a.name === b.name ? 'same' : 'different';
      const score = cosine(a.embedding, b.embedding);
      const names = a.name < b.name ? ([a.name, b.name] as const) : ([b.name, a.name] as const);
      const best = kind === 'same' ? same : different;
      const key = JSON.stringify(names);
      const known = best.get(key);
      if (known && (kind === 'same' ? known.score <= score : known.score >= score)) continue;
      const pictures =
        names[0] === a.name ? ([a.picture, b.picture] as const) : ([b.picture, a.picture] as const);
      best.set(key, { kind, score, names, pictures });
    }
  }
  const hardest = [...different.values()].sort((a, b) => b.score - a.score).slice(0, count);
  const weakest = [...same.values()].sort((a, b) => a.score - b.score).slice(0, count);
  return [...hardest, ...weakest];
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, aa, bb] = [0, 0, 0];
  for (let k = 0; k < a.length; k++) {
    product += a[k] * b[k];
    aa += a[k] * a[k];
    bb += b[k] * b[k];
  }
  return product / Math.sqrt(aa * bb);
}
