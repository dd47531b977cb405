import { expect, test } from 'vitest';
import { chooseContenders } from '../src/step/choose-contenders.js';
import { fake } from './fake.js';

const all = [
  fake('unitsphere-wasm'),
  fake('unitsphere-wasm-2'),
  fake('pytorch-eager'),
  fake('pytorch-compiled', {}, { extra: true }),
];
const ids = (only?: string[]) => chooseContenders(all, only).map(({ id }) => id);

test('takes all but the extra ones', () => {
  expect(ids()).toEqual(['unitsphere-wasm', 'unitsphere-wasm-2', 'pytorch-eager']);
});

test('takes one by its name, and many by how their names begin', () => {
  expect(ids(['unitsphere-wasm'])).toEqual(['unitsphere-wasm']);
  expect(ids(['pytorch', 'unitsphere'])).toEqual(['unitsphere-wasm', 'unitsphere-wasm-2', 'pytorch-eager']);
  expect(ids(['pytorch-compiled'])).toEqual(['pytorch-compiled']);
});

test('names those there are where one is unknown', () => {
  expect(() => ids(['tensorflow'])).toThrow(
    'there is no contender "tensorflow". Known: unitsphere-wasm, unitsphere-wasm-2, pytorch-eager, pytorch-compiled.',
  );
});
