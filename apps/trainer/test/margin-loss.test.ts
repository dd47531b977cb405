import { type CombinedMargin, CosFace } from '@unitsphere/margin-losses';
import { listMarginLosses } from '@unitsphere/margin-losses/registry';
import { expect, test } from 'vitest';
import type { MarginLossConfig } from '../src/config/config.js';
import { parseConfig } from '../src/config/parse-config.js';
import { createLoss } from '../src/step/margin-loss.js';

const WARMUP = 'warmup: { steps: 4, scaleFrom: 8 }';
const create = (settings: string) =>
  createLoss(parseConfig(`loss: { ${settings}, ${WARMUP} }`).loss as MarginLossConfig);

test('the warm-up raises all margins of the combined loss', () => {
  const { loss, at } = create('name: combined, scale: 16, m1: 1.2, m2: 0.4, m3: 0.2');
  const marginsAt = (step: number) => {
    at(step);
    const { m1, m2, m3, scale } = loss as CombinedMargin;
    return [m1, m2, m3, scale];
  };
  expect(marginsAt(0)).toEqual([1, 0, 0, 8]);
  expect(marginsAt(2).map((value) => Number(value.toFixed(12)))).toEqual([1.1, 0.2, 0.1, 12]);
  expect(marginsAt(4)).toEqual([1.2, 0.4, 0.2, 16]);
  expect(marginsAt(9)).toEqual([1.2, 0.4, 0.2, 16]);
});

test('the warm-up of CosFace raises its margin', () => {
  const { loss, at } = create('name: cosface, scale: 16, margin: 0.2');
  expect(at(0)).toEqual({ margin: 0, scale: 8 });
  expect(at(4)).toEqual({ margin: 0.2, scale: 16 });
  expect(loss).toBeInstanceOf(CosFace);
});

test.each(listMarginLosses().filter((name) => name !== 'softmax'))(
  'the warm-up changes the margins of %s',
  (name) => {
    const { loss, at } = create(`name: ${name}`);
    const margins = () =>
      ['margin', 'm1', 'm2', 'm3'].map((key) => (loss as unknown as Record<string, unknown>)[key]);
    at(0);
    const first = margins();
    at(4);
    expect(margins()).not.toEqual(first);
  },
);
