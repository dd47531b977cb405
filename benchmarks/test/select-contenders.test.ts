import { expect, test } from 'vitest';
import { selectContenders } from '../src/step/select-contenders.js';
import { fake } from './fake.js';

const all = [
  fake('unitsphere-wasm'),
  fake('unitsphere-wasm-2'),
  fake('pytorch-eager'),
  fake('pytorch-compiled', {}, { extra: true }),
];
const ids = (only?: string[]) => selectContenders(all, only).map(({ id }) => id);

test('selects all but the extra contenders without ids', () => {
  expect(ids()).toEqual(['unitsphere-wasm', 'unitsphere-wasm-2', 'pytorch-eager']);
});

test('selects one contender by its id, and several by a prefix', () => {
  expect(ids(['unitsphere-wasm'])).toEqual(['unitsphere-wasm']);
  expect(ids(['pytorch', 'unitsphere'])).toEqual(['unitsphere-wasm', 'unitsphere-wasm-2', 'pytorch-eager']);
  expect(ids(['pytorch-compiled'])).toEqual(['pytorch-compiled']);
});

test('lists the known contenders for an unknown id', () => {
  expect(() => ids(['tensorflow'])).toThrow(
    'Unknown contender "tensorflow". Known contenders: unitsphere-wasm, unitsphere-wasm-2, pytorch-eager, pytorch-compiled.',
  );
});
