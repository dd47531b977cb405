/** Compares the modules with PyTorch's golden values on each backend: results, gradients, running statistics. */
import * as tf from '@tensorflow/tfjs-core';
import { float32 } from '@unitsphere/core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toNchw, toNhwc } from '@unitsphere/testing/golden/layout';
import { runPass, toStateDict } from '@unitsphere/testing/golden/module-pass';
import { describe, expect, test } from 'vitest';
import { BatchNorm1d, BatchNorm2d, LayerNorm, LayerNormBatchNorm } from '../src/index.js';

const TOLERANCE = 1e-4;

interface Statistics {
  runningMean: GoldenTensor;
  runningVar: GoldenTensor;
  numBatchesTracked: number;
}
interface Case {
  name: string;
  kind: 'BatchNorm1d' | 'BatchNorm2d' | 'LayerNorm' | 'LayerNorm then BatchNorm1d';
  mode?: 'training' | 'evaluation';
  weight: GoldenTensor;
  bias: GoldenTensor;
  x: GoldenTensor | GoldenTensor[];
  y: GoldenTensor | GoldenTensor[];
  dy: GoldenTensor;
  dx: GoldenTensor;
  dWeight: GoldenTensor;
  dBias: GoldenTensor;
  initial?: Omit<Statistics, 'numBatchesTracked'>;
  runningMean: GoldenTensor;
  runningVar: GoldenTensor;
  afterStep: Statistics[] & Record<string, GoldenTensor>;
  state: Record<string, GoldenTensor>;
  gradients: Record<string, GoldenTensor>;
}

const { cases } = readGolden<Case>('norms');
const list = <T>(item: T | T[]) => (Array.isArray(item) ? item : [item]);
const expectClose = (actual: ArrayLike<number>, expected: GoldenTensor, what: string) =>
  expect(relativeError(actual, expected), what).toBeLessThan(TOLERANCE);

describe.each(everyBackend)('%s', (backend) => {
  test.each(cases.filter((c) => c.kind.startsWith('BatchNorm')))('$name', async (c) => {
    await start(backend);
    const norm =
      c.kind === 'BatchNorm2d' ? new BatchNorm2d(c.weight.shape[0]) : new BatchNorm1d(c.weight.shape[0]);
    const state = toStateDict({ weight: c.weight, bias: c.bias });
    const statistics = c.mode === 'evaluation' ? c : c.initial;
    if (statistics) {
      state.set(
        'running_mean',
        float32(statistics.runningMean.shape, statistics.runningMean.data as Float32Array),
      );
      state.set(
        'running_var',
        float32(statistics.runningVar.shape, statistics.runningVar.data as Float32Array),
      );
    }
    norm.loadStateDict(state, { strict: false });
    norm.train(c.mode === 'training');

    const [x, ...later] = list(c.x);
    const [y, ...laterY] = list(c.y);
    const pass = await runPass(norm, x, c.dy);
    expectClose(pass.y, y, 'y');
    expectClose(pass.dx, c.dx, 'dx');
    expectClose(pass.gradients.get('weight')!, c.dWeight, 'weight');
    expectClose(pass.gradients.get('bias')!, c.dBias, 'bias');

    const checkStatistics = async (expected: Omit<Statistics, 'numBatchesTracked'>, batches: number) => {
      const saved = await norm.stateDict();
      expectClose(saved.get('running_mean')!.data as Float32Array, expected.runningMean, 'running_mean');
      expectClose(saved.get('running_var')!.data as Float32Array, expected.runningVar, 'running_var');
      expect(saved.get('num_batches_tracked')!.data[0]).toBe(BigInt(batches));
    };
    if (c.mode === 'evaluation') await checkStatistics(c, 0);
    else await checkStatistics(c.afterStep[0], 1);
    for (const [i, next] of later.entries()) {
      const out = await on(backend, async () => {
        const input = next.shape.length === 4 ? toNhwc(next) : next;
        const t = tf.tensor(input.data as Float32Array, input.shape);
        const result = (norm as BatchNorm1d).forward(t as tf.Tensor2D);
        return { shape: result.shape as number[], data: await read(result) };
      });
      expectClose((next.shape.length === 4 ? toNchw(out) : out).data, laterY[i], `y of step ${i + 2}`);
      await checkStatistics(c.afterStep[i + 1], c.afterStep[i + 1].numBatchesTracked);
    }
    norm.dispose();
  });

  test.each(cases.filter((c) => c.kind === 'LayerNorm'))('$name', async (c) => {
    await start(backend);
    const norm = new LayerNorm(c.weight.shape[0]);
    norm.loadStateDict(toStateDict({ weight: c.weight, bias: c.bias }));
    const pass = await runPass(norm, list(c.x)[0], c.dy);
    expectClose(pass.y, list(c.y)[0], 'y');
    expectClose(pass.dx, c.dx, 'dx');
    expectClose(pass.gradients.get('weight')!, c.dWeight, 'weight');
    expectClose(pass.gradients.get('bias')!, c.dBias, 'bias');
    norm.dispose();
  });

  // Before a BatchNorm in training mode, the gradients of the LayerNorm's scale and shift nearly cancel. The golden file
  // gives them a `scale`, the size of the terms that cancel, and relativeError divides by it.
  test.each(cases.filter((c) => c.kind === 'LayerNorm then BatchNorm1d'))('$name', async (c) => {
    await start(backend);
    const norm = new LayerNormBatchNorm(12);
    const rename = (key: string) => key.replace(/^0\./, 'ln.').replace(/^1\./, 'bn.');
    norm.loadStateDict(toStateDict(c.state, rename));
    norm.train(c.mode === 'training');
    const pass = await runPass(norm, list(c.x)[0], c.dy);
    expectClose(pass.y, list(c.y)[0], 'y');
    expectClose(pass.dx, c.dx, 'dx');
    expect(Object.keys(c.gradients).map(rename)).toEqual([...pass.gradients.keys()]);
    for (const [key, expected] of Object.entries(c.gradients))
      expectClose(pass.gradients.get(rename(key))!, expected, key);
    const saved = await norm.stateDict();
    for (const [key, expected] of Object.entries<GoldenTensor>(c.afterStep)) {
      expectClose(saved.get(rename(key))!.data as Float32Array, expected, key);
    }
    norm.dispose();
  });
});
