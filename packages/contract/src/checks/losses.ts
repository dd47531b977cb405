import * as tf from '@tensorflow/tfjs-core';
import { Parameter, valueAndGradients } from '@unitsphere/core';
import * as losses from '@unitsphere/margin-losses';
import { fill } from '../../../ops/test/contract-cases';
import type { AgreementCheck, Values } from '../check.js';
import { readAll } from '../read-all.js';

const [BATCH, CLASSES] = [5, 13];
// One row's label is elsewhere.
const labels = Int32Array.of(2, 12, -1, 0, 7);

const cases: [subject: string, variant: string, create: () => losses.LabelMarginLoss][] = [
  ['CosFace', '', () => new losses.CosFace({ scale: 16, margin: 0.3 })],
  ['ArcFace', '', () => new losses.ArcFace({ scale: 16 })],
  ['ArcFace', 'easy margin', () => new losses.ArcFace({ scale: 16, easyMargin: true })],
  ['ArcFace', 'monotonic', () => new losses.ArcFace({ scale: 16, monotonic: true })],
  ['ArcFace', 'pass-through gradient', () => new losses.ArcFace({ scale: 16, gradient: 'pass-through' })],
  ['CombinedMargin', '', () => new losses.CombinedMargin({ scale: 16, m1: 1.2, m2: 0.2, m3: 0.1 })],
  [
    'CombinedMargin',
    "insightface's form",
    () => new losses.CombinedMargin({ scale: 16, m2: 0.4, form: 'insightface' }),
  ],
  ['NormalizedSoftmax', '', () => new losses.NormalizedSoftmax({ scale: 16 })],
];

/** Of the losses, CombinedMargin alone takes an angle and its cosine. */
const WGSL_TRIGONOMETRY = {
  tolerance: 6e-4,
  why: 'WGSL lets acos be 6.8e-5 off and cos 2⁻¹¹, and SwiftShader makes use of it',
};

/** Every margin loss: its logits, its value and gradient, and its margin by itself. */
export const lossChecks: AgreementCheck[] = cases.map(([subject, variant, create]) => ({
  group: 'losses',
  subject,
  name: [subject, variant].filter(Boolean).join(', '),
  compute: () => lossValues(create()),
  coarse: subject === 'CombinedMargin' ? { on: ['webgpu'], to: WGSL_TRIGONOMETRY } : undefined,
}));

async function lossValues(loss: losses.LabelMarginLoss): Promise<Values> {
  const cosines = new Parameter([BATCH, CLASSES], fill(BATCH * CLASSES, 1, -0.95, 0.95));
  const matrix = cosines.variable as tf.Tensor as tf.Tensor2D;
  let reading!: Promise<Values>;
  tf.tidy(() => {
    const own = tf.tensor1d(fill(9, 2, -0.99, 0.99));
    const { value, slope } = loss.target(own);
    reading = readAll({ logits: loss.logits(matrix, labels), value, slope });
  });
  const { value, gradients } = valueAndGradients(() => loss.loss(matrix, labels), [cosines]);
  const gradient = gradients[0]!;
  try {
    return {
      ...(await reading),
      loss: Float32Array.from(await value.data()),
      'gradient of the cosines': Float32Array.from(await gradient.data()),
    };
  } finally {
    tf.dispose([value, gradient]);
    cosines.dispose();
  }
}
