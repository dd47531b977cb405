import * as tf from '@tensorflow/tfjs-core';
import { createBackbone } from '@unitsphere/backbones';
import { Random, Sequential, toFloat32 } from '@unitsphere/core';
import { AdaFace, ArcFace, CosFace, CurricularFace } from '@unitsphere/margin-losses';
import { createNeck, EmbeddingHead } from '@unitsphere/necks';
import {
  deviceStore,
  hostStore,
  PartialFC,
  type PartialFCOptions,
  RowAdamW,
  RowSGD,
} from '@unitsphere/partial-fc';
import { fill } from '@unitsphere/testing/operation-case';
import cpuLosses from '../../golden/lcnet-losses.json' with { type: 'json' };
import type { AgreementCheck, Values } from '../check.js';
import { SmallTrainer } from './small-trainer.js';

const STEPS = 20;
/** Number of steps that cpu recomputes in each run of the contract. */
const RECOMPUTED_STEPS = 2;
const LEARNING_RATE = 3e-4;
const SIDE = 16;
const BATCH = 8;
const CLASSES = 6;
const EMBEDDING = 32;

/** Creates LCNet-050 with the reference head. */
function createReferenceModel(random: Random) {
  const backbone = createBackbone('lcnet_050', { random: random.fork('backbone'), inputSize: SIDE });
  const { channels, reduction } = backbone.featureInfo[backbone.featureInfo.length - 1];
  const side = Math.ceil(SIDE / reduction);
  const neck = createNeck(
    'squeeze',
    { channels, height: side, width: side },
    { random: random.fork('neck') },
  );
  const head = new EmbeddingHead(neck.features, EMBEDDING, { random: random.fork('head') });
  return new Sequential(backbone, neck.module, head);
}

/** Returns a batch of all classes. Each class has a color, and each step new noise, so that the model can learn. */
function drawImages(step: number): { images: Float32Array; labels: Int32Array } {
  const random = new Random(2, 'contract', step);
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);
  const pixels = SIDE * SIDE * 3;
  const images = new Float32Array(BATCH * pixels);
  labels.forEach((label, i) => {
    const color = fill(3, 100 + label);
    for (let at = 0; at < pixels; at++) {
      images[i * pixels + at] = color[at % 3] + random.uniform(-0.5, 0.5);
    }
  });
  return { images, labels };
}

/** Returns the reference model's losses in its first steps on the current backend. */
export async function trainReference(steps = STEPS): Promise<number[]> {
  const trainer = new SmallTrainer({
    model: createReferenceModel(new Random(1, 'contract')),
    classes: CLASSES,
    dimensions: EMBEDDING,
  });
  try {
    const losses = [];
    for (let step = 0; step < steps; step++) {
      const { images, labels } = drawImages(step);
      const batch = tf.tensor4d(images, [BATCH, SIDE, SIDE, 3]);
      // Without warmup, AdamW's first steps would amplify rounding.
      losses.push(await trainer.step(batch, labels, (LEARNING_RATE * (step + 1)) / STEPS));
      batch.dispose();
    }
    return losses;
  } finally {
    trainer.dispose();
  }
}

const lcnet: AgreementCheck = {
  group: 'training',
  subject: 'LCNet-050',
  name: `LCNet-050: ${STEPS} whole training steps`,
  compute: async () => ({ losses: await trainReference() }),
  // Plain JavaScript takes a minute for these, so scripts/write-losses.mjs stored them.
  reference: cpuLosses,
  coarse: {
    tolerance: 1e-3,
    why: 'rounding of about 1e-6 in the first losses grows with each step',
  },
  async verifyReference() {
    const { losses } = cpuLosses;
    const problems = [];
    const first = await trainReference(RECOMPUTED_STEPS);
    const changed = first.filter((loss, step) => !(Math.abs(loss - losses[step]) <= 1e-6 * losses[step]));
    if (losses.length !== STEPS || changed.length > 0) {
      problems.push(
        `cpu's losses ${first} differ from ${losses.slice(0, RECOMPUTED_STEPS)} in golden/lcnet-losses.json; if that is intended, run npm run golden -w contract`,
      );
    }
    const mean = (part: number[]) => part.reduce((a, b) => a + b, 0) / part.length;
    if (!(mean(losses.slice(-5)) < 0.9 * mean(losses.slice(0, 5)))) {
      problems.push(`the loss does not decrease: ${losses}`);
    }
    return problems;
  },
};

const heads: [variant: string, options: () => Partial<PartialFCOptions>][] = [
  ['all classes, AdamW', () => ({ optimizer: new RowAdamW({ weightDecay: 0.1 }), store: deviceStore() })],
  [
    'sampled classes, SGD',
    () => ({ sampledClasses: 20, optimizer: new RowSGD({ weightDecay: 0.1 }), store: deviceStore() }),
  ],
  [
    'sampled classes, centers outside the device, ArcFace',
    () => ({ sampleRate: 0.3, store: hostStore(), loss: new ArcFace({ scale: 16 }) }),
  ],
  ['AdaFace', () => ({ sampledClasses: 20, loss: new AdaFace({ scale: 16, tAlpha: 0.5 }) })],
  [
    'CurricularFace, interclass filtering',
    () => ({
      sampledClasses: 20,
      interclassFilteringThreshold: 0.4,
      loss: new CurricularFace({ scale: 16, momentum: 0.5 }),
    }),
  ],
];

async function trainHead(options: Partial<PartialFCOptions>): Promise<Values> {
  const [classes, dimensions, batch] = [60, 16, 7];
  const { loss = new CosFace({ scale: 16, margin: 0.3 }) } = options;
  const head = new PartialFC({
    classes,
    dimensions,
    loss,
    seed: 3,
    initStd: 0.1,
    ...options,
  });
  const values: Record<string, ArrayLike<number>> = {};
  try {
    for (let step = 0; step < 3; step++) {
      const embeddings = tf.tensor2d(fill(batch * dimensions, step + 1), [batch, dimensions]);
      const labels = Int32Array.from({ length: batch }, (_, i) => (i * 11 + step * 5) % classes);
      const { loss, embeddingGradient, gradientSquareSum } = await head.forwardBackward(embeddings, labels);
      values[`loss of step ${step}`] = [loss];
      values[`squares of the centers' gradient in step ${step}`] = [gradientSquareSum];
      values[`gradient of the embeddings in step ${step}`] = Float32Array.from(
        await embeddingGradient.data(),
      );
      await head.step({ lr: 0.05, gradientScale: 0.5 });
      tf.dispose([embeddings, embeddingGradient]);
    }
    for (const [name, tensor] of await head.stateDict()) {
      if (tensor.dtype === 'F32') values[`${name} after`] = toFloat32(tensor);
    }
    return values;
  } finally {
    head.dispose();
    loss.statistics?.dispose();
  }
}

/** Training of the reference model, and of class centers alone. */
export const trainingChecks: AgreementCheck[] = [
  lcnet,
  ...heads.map(
    ([variant, options]): AgreementCheck => ({
      group: 'training',
      subject: 'PartialFC',
      name: `PartialFC: ${variant}`,
      compute: () => trainHead(options()),
    }),
  ),
];
