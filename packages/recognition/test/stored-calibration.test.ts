import { expect, test } from 'vitest';
import type { CalibrationData } from '../src/calibration/calibration.js';
import { decodeCalibration, encodeCalibration } from '../src/calibration/stored-calibration.js';

const SIZE = 2;
const scores = {
  stranger: Int32Array.of(0, 1, 1, 2),
  best: Float32Array.of(0.5, 0.25, 0.75, 1),
  runnerUp: Float32Array.of(0.25, Number.NaN, 0.5, -0.5),
  compared: 3,
};
const own: CalibrationData = {
  falseAcceptRate: 0.01,
  source: 'gallery',
  scores: { ...scores, nearest: Int32Array.of(1, 0, 2, -1) },
  own: {
    closest: { ids: [1, 2], score: 0.75 },
    duplicates: [{ ids: [2, 5], score: 1 }],
    newDuplicates: [],
    allScores: { ...scores, nearest: Int32Array.of(1, 0, 2, -1), compared: 4 },
    keepDuplicates: false,
  },
};
const given: CalibrationData = {
  falseAcceptRate: 0.01,
  source: 'strangers',
  scores,
  cohort: Float32Array.of(1, 0, 0, 1, 1, 1, 0.5, 0.5),
  enrolledStrangers: [{ stranger: 2, identity: 4, score: 1 }],
};

test.each([{ data: own }, { data: given }])('decodes what was encoded: $data.source', ({ data }) => {
  expect(decodeCalibration(encodeCalibration(data, SIZE), SIZE)).toEqual(data);
});

type Changed = ReturnType<typeof encodeCalibration> & { state: Record<string, never> };

/** Sets a value in an encoded calibration by the path of its keys; undefined deletes it. */
function withValue(data: CalibrationData, path: string, value: unknown): Changed {
  const encoded = structuredClone(encodeCalibration(data, SIZE)) as unknown as Record<string, unknown>;
  const keys = path.split('/');
  let at = encoded;
  for (const key of keys.slice(0, -1)) at = at[key] as typeof at;
  at[keys[keys.length - 1]] = value;
  return encoded as unknown as Changed;
}

test.each([
  ['state/falseAcceptRate', '0.01'],
  ['state/falseAcceptRate', 1],
  ['state/source', 'images'],
  ['state/compared', 0],
  ['state/compared', 2.5],
  ['state/own', undefined],
  ['state/own/closest', { ids: [1], score: 1 }],
  ['state/own/duplicates', {}],
  ['state/own/duplicates/0', null],
  ['state/own/duplicates/0/ids', [1, 2.5]],
  ['state/own/duplicates/0/ids', [1, 1]],
  ['state/own/duplicates/0/score', '1'],
  ['state/own/newDuplicates', undefined],
  ['state/own/keepDuplicates', 'no'],
  ['state/allCompared', undefined],
  ['tensors/best', undefined],
  ['tensors/best/data/0', 1.5],
  ['tensors/best/data/0', Number.NaN],
  ['tensors/runnerUp/data', Float32Array.of(1)],
  ['tensors/runnerUp/data/0', -1.5],
  ['tensors/stranger/data/0', 7],
  ['tensors/stranger/data/0', 0.5],
  ['tensors/nearest', undefined],
  ['tensors/nearest/data/0', -2],
  ['tensors/nearest/data/0', 3],
  ['tensors/all.best', undefined],
])('refuses a calibration of the gallery with %s = %j', (path, value) => {
  expect(decodeCalibration(withValue(own, path, value), SIZE)).toBeUndefined();
});

test.each([
  ['tensors/cohort', undefined],
  ['tensors/cohort/data', Float32Array.of(1, 0)],
  ['tensors/cohort/data/0', Number.POSITIVE_INFINITY],
  ['state/enrolledStrangers', [{ stranger: 2, name: 'a', score: 1 }]],
])('refuses a calibration of given strangers with %s = %j', (path, value) => {
  expect(decodeCalibration(withValue(given, path, value), SIZE)).toBeUndefined();
});

test('refuses scores without an image', () => {
  const empty = { shape: [0], data: new Float32Array(0) };
  const { state } = encodeCalibration(own, SIZE);
  const tensors = { stranger: empty, best: empty, runnerUp: empty, nearest: empty };
  expect(decodeCalibration({ state, tensors }, SIZE)).toBeUndefined();
});
