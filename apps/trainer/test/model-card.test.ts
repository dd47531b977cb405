import { formatModelCard, imageNetPreprocessing } from '@unitsphere/embedder';
import { expect, test } from 'vitest';
import { describeRun } from '../src/export/model-card.js';
import type { VerificationSummary } from '../src/report/index.js';
import type { TrainingSummary } from '../src/train/types.js';
import { tinyConfig } from './fixtures.js';

const figures = (tpr: number): VerificationSummary => ({
  tprAtFpr: { '1e-1': tpr, '1e-2': tpr / 2, '1e-3': null },
  auroc: 0.9,
  pairs: { positive: 120, negative: 4500 },
  thresholds: { '1e-1': 0.3123, '1e-2': 0.4, '1e-3': null },
  intervals: { '1e-1': { low: tpr - 0.1, high: tpr + 0.05 } },
  intervalsOver: 'identities',
  resolved: { '1e-1': true, '1e-2': true, '1e-3': false },
  pairKind: 'real',
  identities: 12,
  images: 48,
});
const summary = {
  heldOut: figures(0.8),
  untrained: figures(0.2),
  rank1: { heldOut: 0.75, untrained: 0.25 },
  steps: 6,
  backend: 'wasm',
  splits: { train: 14, validation: 5, test: 12 },
} as TrainingSummary;
const config = tinyConfig('/home/someone/photos');
const facts = {
  model: { backbone: 'lcnet_035', neck: 'gap', head: 'none', imageSize: 32 },
  preprocessing: imageNetPreprocessing(32),
  embeddingSize: 176,
  fingerprint: 'f'.repeat(64),
} as const;

test('states data, protocol, figures with intervals, thresholds, limits and license', () => {
  const card = formatModelCard(
    facts,
    describeRun({ config, run: '/home/someone/runs/cards-1', step: 3, summary, license: 'apache-2.0' }),
  );
  expect(card).toMatch(/^---\n.*license: "apache-2.0"\n.*\n---\n\n# cards-1\n/s);
  expect(card).toContain('| test, which was used for the figures only | 12 |');
  expect(card).toContain(
    'Verification on held-out identities, real images: 12 identities, 48 images, 120 pairs',
  );
  expect(card).toContain('The figures are of step 6; this model is of step 3');
  expect(card).toContain('| TPR at FPR 1e-1 | 0.800 | 0.200 | 0.700–0.850 | 0.3123 |');
  expect(card).not.toContain('1e-3');
  expect(card).toContain('| rank-1 | 0.750 | 0.250 | | |');
  expect(card).toContain('bootstrap over identities');
  expect(card).toContain('A threshold above is for one comparison');
  expect(card).toContain('## License\n\napache-2.0');
  // A card is published, so it has no path of the machine.
  expect(card).not.toContain('/home/someone');
});

test('states that an unfinished run has no figures', () => {
  const card = formatModelCard(facts, describeRun({ config, run: 'runs/a', step: 3, summary: undefined }));
  expect(card).toContain('it has no figures on held-out identities');
  expect(card).toContain('Nothing is known about the quality of the model');
  expect(card).toContain('The license of the weights is not stated.');
});
