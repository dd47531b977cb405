/** An endless series of transactions, each known by its number, for processes that are killed while they carry them out. */
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import type { GalleryChange } from '../../src/store/gallery-store.js';

export const killHeader = { embeddingSize: 32, embedder: 'sha256:kill' };

/** How many transactions lie between two compactions. */
export const COMPACT_EVERY = 7;

/** Returns the changes of transaction `i`, from 1. They fit the gallery that all earlier ones leave. */
export function killChanges(i: number): GalleryChange[] {
  const random = new FuzzRandom(i);
  const start = i - (i % 12);
  const phase = i % 12;
  if (phase === 9) return [{ kind: 'rename', name: `p${start + 1}`, to: `renamed ${start + 1}` }];
  if (phase === 10) return [{ kind: 'merge', name: `p${start + 2}`, into: `p${start + 3}` }];
  if (phase === 11) return [4, 5, 6, 7].map((k) => ({ kind: 'remove', name: `p${start + k}` }));
  return [
    {
      kind: 'enroll',
      name: `p${i}`,
      templates: Array.from({ length: 1 + random.below(40) }, () => ({
        embedding: Float32Array.from({ length: killHeader.embeddingSize }, () => random.below(1000) / 7),
        metadata: { file: `${random.below(1e6)}.png` },
      })),
      metadata: { i },
    },
  ];
}
