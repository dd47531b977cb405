/** Compares AdaFace, CurricularFace and SphereFace with their published PyTorch code, over steps that update their statistics. */

import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import { AdaFace, CurricularFace, type MarginLoss, SphereFace } from '../src/index.js';
import { cosinesOf, evaluate, length, rowsOf, throughCosines } from './reference.js';

type State = { [name: string]: GoldenTensor };

interface Case {
  name: string;
  group: 'steps' | 'edge';
  loss: string;
  options: object;
  state: State;
}

interface Steps extends Case {
  classCenters: GoldenTensor;
  steps: { embeddings: GoldenTensor; labels: GoldenTensor }[];
  afterStep: {
    loss: number;
    dEmbeddings: GoldenTensor;
    dClassCenters: GoldenTensor;
    dEmbeddingsPassThrough: GoldenTensor | null;
    dClassCentersPassThrough: GoldenTensor | null;
    state: State;
  }[];
}

interface Edge extends Case {
  cosines: GoldenTensor;
  labels: GoldenTensor;
  norms: GoldenTensor;
  lossValue: number;
  dCosines: GoldenTensor;
  dCosinesPassThrough: GoldenTensor | null;
  stateAfter: State;
}

const all = readGolden<Case>('adaptive_losses').cases;
const of = <T extends Case>(group: string) =>
  all.filter((c) => c.group === group).map((c) => [c.name, c as T] as const);
const passes = ['exact', 'pass-through'] as const;
const LOSSES = { adaface: AdaFace, curricularface: CurricularFace, sphereface: SphereFace };

function make({ loss, options, state }: Case, gradient: 'exact' | 'pass-through'): MarginLoss {
  const made = new LOSSES[loss as keyof typeof LOSSES]({ ...options, gradient });
  made.statistics?.loadStateDict(new Map(Object.entries(state)));
  return made;
}

async function expectState(loss: MarginLoss, expected: State) {
  const state = (await loss.statistics?.stateDict()) ?? new Map();
  expect([...state.keys()]).toEqual(Object.keys(expected));
  for (const [name, { data, shape }] of state) {
    expect(shape).toEqual(expected[name].shape);
    expect(relativeError(data, expected[name]), name).toBeLessThan(1e-6);
  }
}

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test.each(of<Steps>('steps'))('%s', async (_name, c) => {
    const centers = rowsOf(c.classCenters);
    for (const pass of passes) {
      const loss = make(c, pass);
      for (const [i, { embeddings, labels }] of c.steps.entries()) {
        const expected = c.afterStep[i];
        const rows = rowsOf(embeddings);
        const { value, gradient } = evaluate(
          loss,
          cosinesOf(rows, centers),
          labels.data as Int32Array,
          rows.map(length),
        );
        expect(relativeError(value, expected.loss), `loss of step ${i}`).toBeLessThan(1e-5);
        const { dE, dW } = throughCosines(rows, centers, gradient);
        const through = pass === 'pass-through';
        const wantedE = (through && expected.dEmbeddingsPassThrough) || expected.dEmbeddings;
        const wantedW = (through && expected.dClassCentersPassThrough) || expected.dClassCenters;
        expect(relativeError(dE, wantedE), `${pass}, embeddings of step ${i}`).toBeLessThan(1e-5);
        expect(relativeError(dW, wantedW), `${pass}, centers of step ${i}`).toBeLessThan(1e-5);
        await expectState(loss, expected.state);
      }
      loss.statistics?.dispose();
    }
  });

  test.each(of<Edge>('edge'))('%s', async (_name, c) => {
    for (const pass of passes) {
      const loss = make(c, pass);
      const labels = c.labels.data as Int32Array;
      const { value, gradient } = evaluate(loss, rowsOf(c.cosines), labels, c.norms.data);
      expect(relativeError(value, c.lossValue)).toBeLessThan(1e-5);
      const expected = (pass === 'pass-through' && c.dCosinesPassThrough) || c.dCosines;
      const classes = c.cosines.shape[1];
      labels.forEach((label, row) => {
        // Near π a float32 angle is exact to 2^-23 · π; the slope divides by a sine that is just as small.
        const own = c.cosines.data[row * classes + label];
        const rounding =
          c.loss === 'sphereface' && own < 0 ? (2 ** -23 * Math.PI) / Math.sqrt(1 - own ** 2) : 0;
        const part = (values: ArrayLike<number>) =>
          Array.from(values).slice(row * classes, (row + 1) * classes);
        expect(relativeError(part(gradient), part(expected.data)), `${pass}, row ${row}`).toBeLessThan(
          1e-5 + rounding,
        );
      });
      await expectState(loss, c.stateAfter);
      loss.statistics?.dispose();
    }
  });
});

test('the golden file has both groups for every loss, with changing statistics', () => {
  for (const name of Object.keys(LOSSES)) {
    const own = all.filter(({ loss }) => loss === name);
    expect([...new Set(own.map(({ group }) => group))].sort()).toEqual(['edge', 'steps']);
  }
  for (const [, { state, afterStep }] of of<Steps>('steps')) {
    for (const name of Object.keys(state)) {
      expect(afterStep[0].state[name].data[0]).not.toBe(state[name].data[0]);
    }
  }
});
