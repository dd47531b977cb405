import * as tf from '@tensorflow/tfjs-core';
import { Parameter, valueAndGradients } from '@unitsphere/core';
import * as losses from '@unitsphere/margin-losses';
import { fill } from '@unitsphere/testing/operation-case';
import type { AgreementCheck, Values } from '../check.js';
import { readFromTidy } from '../read-all.js';

const [BATCH, CLASSES] = [5, 13];
// The label −1 is a class of another rank.
const labels = Int32Array.of(2, 12, -1, 0, 7);

const cases: [subject: string, variant: string, create: () => losses.LabelMarginLoss][] = [
  ['CosFace', '', () => new losses.CosFace({ scale: 16, margin: 0.3 })],
  ['ArcFace', '', () => new losses.ArcFace({ scale: 16 })],
  ['ArcFace', 'easy margin', () => new losses.ArcFace({ scale: 16, easyMargin: true })],
  ['ArcFace', 'monotonic', () => new losses.ArcFace({ scale: 16, monotonic: true })],
  ['ArcFace', 'pass-through gradient', () => new losses.ArcFace({ scale: 16, gradient: 'pass-through' })],
  ['SubCenterArcFace', '', () => new losses.SubCenterArcFace({ scale: 16, subCenters: 2 })],
  ['CombinedMargin', '', () => new losses.CombinedMargin({ scale: 16, m1: 1.2, m2: 0.2, m3: 0.1 })],
  [
    'CombinedMargin',
    "insightface's form",
    () => new losses.CombinedMargin({ scale: 16, m2: 0.4, form: 'insightface' }),
  ],
  ['NormalizedSoftmax', '', () => new losses.NormalizedSoftmax({ scale: 16 })],
  ['AdaFace', '', () => new losses.AdaFace({ scale: 16, tAlpha: 0.5 })],
  ['CurricularFace', '', () => new losses.CurricularFace({ scale: 16, momentum: 0.5 })],
  ['SphereFace', '', () => new losses.SphereFace({ scale: 16 })],
  ['SphereFace', 'SphereFace-R', () => new losses.SphereFace({ scale: 16, form: 'sphereface-r' })],
];

/** Losses that compute an angle and its cosine on the backend. */
const TRIGONOMETRIC = ['CombinedMargin', 'SphereFace', 'AdaFace'];
const WGSL_TRIGONOMETRY = {
  tolerance: 6e-4,
  why: 'WGSL allows errors of 6.8e-5 in acos and 2⁻¹¹ in cos, and SwiftShader has them',
};

/** Every margin loss: its logits, value, gradient, separate parts and statistics. */
export const lossChecks: AgreementCheck[] = cases.map(([subject, variant, create]) => ({
  group: 'losses',
  subject,
  name: [subject, variant].filter(Boolean).join(', '),
  compute: () => computeLoss(create()),
  coarse: TRIGONOMETRIC.includes(subject) ? { on: ['webgpu'], to: WGSL_TRIGONOMETRY } : undefined,
}));

async function computeLoss(loss: losses.LabelMarginLoss): Promise<Values> {
  const columns = CLASSES * (loss.subCenters ?? 1);
  const cosines = new Parameter([BATCH, columns], fill(BATCH * columns, 1, -0.95, 0.95));
  const matrix = cosines.variable as tf.Tensor as tf.Tensor2D;
  const norms = tf.tensor1d(fill(BATCH, 3, 5, 40));
  const reading = readFromTidy(() => {
    // Logits update the statistics, so they come first.
    const logits = loss.logits(matrix, labels, norms);
    const own = tf.tensor1d(fill(9, 2, -0.99, 0.99));
    const { value, slope } = loss.target(own, tf.tensor1d(fill(9, 4, 5, 40)));
    const negatives = loss.negatives?.(matrix, tf.tensor1d(fill(BATCH, 5, -0.9, 0.9)));
    const others = negatives && { negatives: negatives.value, 'slope of the negatives': negatives.slope };
    return { logits, value, slope, ...others };
  });
  const { value, gradients } = valueAndGradients(() => loss.loss(matrix, labels, norms), [cosines]);
  const [gradient] = gradients;
  try {
    const statistics = (await loss.statistics?.stateDict()) ?? new Map<string, { data: Float32Array }>();
    return {
      ...(await reading),
      ...Object.fromEntries([...statistics].map(([name, { data }]) => [name, data])),
      loss: Float32Array.from(await value.data()),
      'gradient of the cosines': Float32Array.from((await gradient?.data()) ?? []),
    };
  } finally {
    tf.dispose([value, norms, ...(gradient ? [gradient] : [])]);
    loss.statistics?.dispose();
    cosines.dispose();
  }
}
