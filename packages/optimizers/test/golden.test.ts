import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  AdamW,
  clipScale,
  cosineSchedule,
  Ema,
  globalNorm,
  type Optimizer,
  polynomialSchedule,
  SGD,
} from '../src/index.js';

type Named = Record<'a' | 'b', GoldenTensor>;

interface GoldenRun {
  name: string;
  kind: 'adamw' | 'sgd' | 'ema' | 'clip';
  options: {
    lr: number | number[];
    weightDecay: number | Record<string, number>;
    betas: [number, number];
    eps: number;
    momentum: number;
    dampening: number;
    nesterov: boolean;
    clipNorm: number | null;
    decay: number | null;
    maxNorm: number;
  };
  initial: Named;
  gradients: Named[];
  afterStep: Named[];
  state: Record<string, Record<string, GoldenTensor>>;
  norms?: number[];
  emaAfterStep?: Named[];
}

interface GoldenClip {
  name: string;
  kind: 'clip';
  options: { maxNorm: number };
  gradients: GoldenTensor[];
  norm: number;
  clipped: GoldenTensor[];
}

interface GoldenSchedule {
  name: string;
  kind: 'polynomial' | 'cosine';
  options: { totalSteps: number; warmupSteps: number; end: number; power: number };
  multipliers: number[];
}

const TOLERANCE = 1e-4;
const all = readGolden<GoldenRun | GoldenClip>('optimizers').cases;
const runs = all.filter((c): c is GoldenRun => c.kind !== 'clip');
const clips = all.filter((c): c is GoldenClip => c.kind === 'clip');
const toTensor = (t: GoldenTensor) => tf.tensor(t.data as Float32Array, t.shape);
const keys = ['a', 'b'] as const;

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test.each(runs.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
    const { lr, weightDecay, clipNorm, decay, betas, eps, momentum, dampening, nesterov } = c.options;
    const rate = (step: number) => (Array.isArray(lr) ? lr[step] : lr);
    const groups = keys.map((key) => ({
      parameters: [{ variable: tf.tidy(() => tf.variable(toTensor(c.initial[key]))), weightDecay: true }],
      weightDecay: typeof weightDecay === 'number' ? weightDecay : weightDecay[key],
    }));
    const variables = groups.map((group) => group.parameters[0].variable);
    const optimizer: Optimizer =
      c.kind === 'sgd'
        ? new SGD(groups, { lr: rate(0), momentum, dampening, nesterov })
        : new AdamW(groups, { lr: rate(0), betas, eps });
    const ema = decay === null ? undefined : new Ema([...optimizer.parameters], { decay });
    for (const [step, named] of c.gradients.entries()) {
      const gradients = keys.map((key) => toTensor(named[key]));
      let gradientScale = 1;
      if (clipNorm !== null) {
        const norm = globalNorm(gradients);
        expect(relativeError(norm, c.norms![step])).toBeLessThan(TOLERANCE);
        gradientScale = clipScale(norm, clipNorm);
      }
      optimizer.lr = rate(step);
      optimizer.step(gradients, { gradientScale });
      tf.dispose(gradients);
      keys.forEach((key, i) => {
        const error = relativeError(variables[i].dataSync(), c.afterStep[step][key]);
        expect(error, `${key} after step ${step}`).toBeLessThan(TOLERANCE);
      });
      if (!ema) continue;
      ema.update();
      const { tensors } = await ema.stateDict();
      keys.forEach((key, i) => {
        expect(relativeError(tensors[i].data, c.emaAfterStep![step][key])).toBeLessThan(TOLERANCE);
      });
    }
    const state = optimizer.stateTensors();
    const expected = keys.flatMap((key, i) =>
      Object.entries(c.state[key] ?? {}).map(([name, t]) => [`${i}.${name}`, t] as const),
    );
    expect(Object.keys(state).sort()).toEqual(expected.map(([name]) => name).sort());
    for (const [name, t] of expected) {
      expect(relativeError(state[name].dataSync(), t), name).toBeLessThan(TOLERANCE);
    }
    optimizer.dispose();
    ema?.dispose();
    tf.dispose(variables);
  });

  test.each(clips.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    tf.tidy(() => {
      const gradients = c.gradients.map(toTensor);
      const norm = globalNorm(gradients);
      expect(relativeError(norm, c.norm)).toBeLessThan(TOLERANCE);
      const scale = clipScale(norm, c.options.maxNorm);
      c.clipped.forEach((expected, i) => {
        expect(relativeError(tf.mul(gradients[i], scale).dataSync(), expected)).toBeLessThan(TOLERANCE);
      });
    });
  });
});

test.each(readGolden<GoldenSchedule>('schedules').cases.map((c) => [c.name, c] as const))(
  '%s',
  (_name, c) => {
    const schedule = c.kind === 'cosine' ? cosineSchedule(c.options) : polynomialSchedule(c.options);
    expect(
      relativeError(
        c.multipliers.map((_, step) => schedule(step)),
        c.multipliers,
      ),
    ).toBeLessThan(1e-12);
  },
);

test('the golden file has runs of every kind', () => {
  expect(new Set(all.map((c) => c.kind))).toEqual(new Set(['adamw', 'sgd', 'ema', 'clip']));
});
