import '@unitsphere/core/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { AdamW, clipScale, globalNormAsync, SGD } from '@unitsphere/optimizers';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { readGolden } from '@unitsphere/testing/golden';
import { describe, expect, test } from 'vitest';
import { GradScaler, type GradScalerOptions, LossScaleCollapseError } from '../src/index.js';

interface Case {
  name: string;
  options: GradScalerOptions;
  finite: boolean[];
  scales: number[];
  growthTrackers: number[];
  taken: boolean[];
}

const INFINITY = Number.POSITIVE_INFINITY;
const variable = (values: number[]) => tf.tidy(() => tf.variable(tf.tensor1d(values)));

test.each(readGolden<Case>('grad_scaler').cases)('matches torch.amp.GradScaler: $name', async (c) => {
  await start('cpu');
  const scaler = new GradScaler({ ...c.options, minScale: 1e-3 });
  const steps: boolean[] = [];
  for (const [i, finite] of c.finite.entries()) {
    const gradient = tf.tensor1d([finite ? 1e-3 : INFINITY]);
    steps.push(await scaler.step({ step: () => undefined }, [gradient]));
    await scaler.update();
    gradient.dispose();
    expect(scaler.getScale(), `step ${i}`).toBeCloseTo(c.scales[i], 4);
    expect(scaler.stateDict().growthTracker, `step ${i}`).toBe(c.growthTrackers[i]);
  }
  expect(steps).toEqual(c.finite);
  expect(scaler.skippedSteps).toBe(c.finite.filter((finite) => !finite).length);
});

describe.each(everyBackend)('%s', (backend) => {
  test('a step equals that of the unscaled loss, with clipping too; an overflow changes nothing', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    const parameter = () => ({ variable: variable([1, -2, 3]), weightDecay: true });
    const [scaled, plain] = [parameter(), parameter()];
    const [optimizer, reference] = [new AdamW([scaled], { lr: 0.1 }), new AdamW([plain], { lr: 0.1 })];
    const scaler = new GradScaler({ initScale: 1024 });
    const gradientOf = (x: tf.Variable, scale: boolean) =>
      tf.tidy(() =>
        tf.grad((x: tf.Tensor) => {
          const loss = tf.sum(tf.mul(tf.square(x), 2));
          return scale ? scaler.scale(loss) : loss;
        })(x),
      );
    for (let step = 0; step < 3; step++) {
      const gradients = [gradientOf(scaled.variable, true)];
      const { gradientScale } = await scaler.unscale(gradients);
      const norm = (await globalNormAsync(gradients)) * gradientScale;
      const clipped = { gradientScale: clipScale(norm, 0.5) * gradientScale };
      expect(await scaler.step(optimizer, gradients, clipped)).toBe(true);
      await scaler.update();
      const own = [gradientOf(plain.variable, false)];
      reference.step(own, { gradientScale: clipScale(await globalNormAsync(own), 0.5) });
      tf.dispose([gradients, own]);
    }
    const expected = await plain.variable.data();
    const values = await scaled.variable.data();
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
    const overflowing = [tf.tensor1d([1, Number.NaN, INFINITY])];
    expect(await scaler.unscale(overflowing)).toEqual({ nonFinite: 2, gradientScale: 1 / 1024 });
    expect(await scaler.step(optimizer, overflowing)).toBe(false);
    await scaler.update();
    expect(scaler.stateDict()).toEqual({ scale: 512, growthTracker: 0, skippedSteps: 1 });
    expect(optimizer.stepCount).toBe(3);
    expect([...(await scaled.variable.data())]).toEqual([...values]);
    tf.dispose([...overflowing, scaled.variable, plain.variable]);
    optimizer.dispose();
    reference.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a collapse of the scale names the first operation to overflow', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    const x = variable([1, 100]);
    const scaler = new GradScaler({ initScale: 4, minScale: 2 });
    // e^100 overflows float32 at any scale.
    const backward = () =>
      tf.tidy(() => tf.grad((x: tf.Tensor) => scaler.scale(tf.sum(tf.log1p(tf.exp(x)))))(x));
    let error: unknown;
    for (let step = 0; step < 3 && !error; step++) {
      const gradient = backward();
      expect(await scaler.step({ step: () => expect.fail('a step was taken') }, [gradient])).toBe(false);
      gradient.dispose();
      error = await scaler.update({ rerun: backward }).catch((reason) => reason);
    }
    expect(error).toBeInstanceOf(LossScaleCollapseError);
    expect((error as LossScaleCollapseError).operation).toMatchObject({
      operation: 'Exp',
      place: 1,
      inputShapes: [[2]],
      nonFinite: 1,
    });
    expect(String(error)).toMatch(
      /^LossScaleCollapseError: The loss scale fell to 1, below 2, after 2 skipped steps: .* The first operation to overflow is Exp \(operation 1 of \d+\) of \[2\]: 1 of 2 values are infinite or NaN\. Lower/,
    );
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('reports a collapse without a rerun, and a rerun that does not overflow', async () => {
  await start('cpu');
  const collapse = async (rerun?: () => unknown) => {
    const scaler = new GradScaler({ initScale: 1, minScale: 1 });
    await scaler.unscale([tf.tensor1d([INFINITY])]);
    return String(await scaler.update({ rerun }).catch((reason) => reason));
  };
  expect(await collapse()).toMatch(/Pass a rerun of the step to update\(\)/);
  expect(await collapse(() => tf.square(tf.scalar(2)))).toMatch(/every operation was finite/);
});

test('resumes from a state dict', async () => {
  await start('cpu');
  const first = new GradScaler({ growthInterval: 3 });
  const second = new GradScaler({ growthInterval: 3 });
  const gradient = [tf.scalar(1)];
  const steps = async (scaler: GradScaler, count: number) => {
    for (let i = 0; i < count; i++) {
      await scaler.step(
        new SGD([{ variable: tf.variable(tf.scalar(1)), weightDecay: false }], { lr: 0.1 }),
        gradient,
      );
      await scaler.update();
    }
  };
  await steps(first, 2);
  second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
  await steps(first, 1);
  await steps(second, 1);
  expect(second.stateDict()).toEqual({ scale: 131072, growthTracker: 0, skippedSteps: 0 });
  expect(first.stateDict()).toEqual(second.stateDict());
  expect(() => second.loadStateDict({ scale: Number.NaN, growthTracker: 0, skippedSteps: 0 })).toThrow(
    RangeError,
  );
  expect(() => second.loadStateDict({ scale: 1, growthTracker: -1, skippedSteps: 0 })).toThrow(
    /growthTracker/,
  );
  expect(second.getScale()).toBe(131072);
});

test('refuses invalid options and update() without gradients', async () => {
  expect(() => new GradScaler({ growthFactor: 1 })).toThrow(
    'GradScaler: growthFactor must be above 1, but it is 1.',
  );
  expect(() => new GradScaler({ backoffFactor: 1 })).toThrow(RangeError);
  expect(() => new GradScaler({ growthInterval: 0.5 })).toThrow(RangeError);
  expect(() => new GradScaler({ initScale: 1, minScale: 2 })).toThrow(
    /minScale must be above 0 and at most initScale/,
  );
  await expect(new GradScaler().update()).rejects.toThrow(/update\(\) requires gradients/);
});
