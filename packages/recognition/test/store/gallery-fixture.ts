/** The transactions behind `files/gallery.safetensors`. */
import type { GalleryChange, GalleryHeader } from '../../src/store/gallery-store.js';

export const fixtureHeader: GalleryHeader = { embeddingSize: 3, embedder: 'sha256:fixture' };

const embedding = (...values: number[]) => ({ embedding: Float32Array.from(values) });

export const fixtureTransactions: GalleryChange[][] = [
  [
    {
      kind: 'enroll',
      name: 'Ana',
      templates: [embedding(1, 0, 0), embedding(0.6, 0.8, 0)],
      metadata: { id: 7 },
    },
    { kind: 'enroll', name: 'Bo "\\ é 李', templates: [embedding(0, 1, 0)] },
  ],
  [{ kind: 'enroll', name: 'removed', templates: [embedding(0.1, 0.2, 0.3), embedding(0.3, 0.2, 0.1)] }],
  [{ kind: 'rename', name: 'Ana', to: 'Anna' }],
  [{ kind: 'enroll', name: 'merged', templates: [{ ...embedding(0, 0, 1), metadata: { file: 'a.png' } }] }],
  [
    { kind: 'remove', name: 'removed' },
    { kind: 'merge', name: 'merged', into: 'Anna' },
  ],
  [
    {
      kind: 'calibrate',
      calibration: {
        state: { threshold: 0.5 },
        tensors: { impostorScores: { shape: [2], data: Float32Array.of(0.1, 0.2) } },
      },
    },
  ],
  [{ kind: 'enroll', name: 'Anna', templates: [embedding(0, 0.6, 0.8)] }],
];
