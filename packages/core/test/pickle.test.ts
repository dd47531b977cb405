import { expect, test } from 'vitest';
import { PickleError, RefusedGlobalError, readPickle } from '../src/pickle.js';

const text = (value: string) => [...new TextEncoder().encode(value)];
const pickle = (...code: (number | number[])[]) => Uint8Array.from([0x80, 2, ...code.flat(), 0x2e]);
const none = new Map();

test('builds plain values, and returns the end of the pickle', () => {
  // {'a': [1, True, None]}, followed by other bytes.
  const bytes = pickle(0x7d, 0x8c, 1, text('a'), 0x5d, 0x28, 0x4b, 1, 0x88, 0x4e, 0x65, 0x73);
  const { value, end } = readPickle(Uint8Array.from([...bytes, 7, 7]), { globals: none });
  expect(value).toEqual(new Map([['a', [1, true, null]]]));
  expect(end).toBe(bytes.length);
});

test("reads Python 2's strings as text by default, and as bytes on request", () => {
  const hi = pickle(0x55, 2, text('hi'));
  expect(readPickle(hi, { globals: none }).value).toBe('hi');
  expect(readPickle(hi, { globals: none, strings: 'bytes' }).value).toEqual(Uint8Array.from(text('hi')));
  const jpeg = pickle(0x54, 2, 0, 0, 0, 0xff, 0xd8);
  expect(readPickle(jpeg, { globals: none, strings: 'bytes' }).value).toEqual(Uint8Array.of(0xff, 0xd8));
  expect(() => readPickle(jpeg, { globals: none })).toThrow('not UTF-8');
});

test('refuses globals that are not allowed, and calls allowed ones', () => {
  // os.system('x')
  const call = pickle(0x63, text('os\nsystem\n'), 0x8c, 1, text('x'), 0x85, 0x52);
  let refused: unknown;
  try {
    readPickle(call, { globals: none });
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(RefusedGlobalError);
  expect((refused as RefusedGlobalError).global).toBe('os.system');
  const globals = new Map([['os.system', (command: unknown) => `not ${command}`]]);
  expect(readPickle(call, { globals }).value).toBe('not x');
});

test('refuses a damaged pickle, and persistent ids without persistentLoad', () => {
  expect(() => readPickle(pickle(0x8c, 9), { globals: none })).toThrow(PickleError);
  expect(() => readPickle(pickle(0x4e, 0x51), { globals: none })).toThrow('refers to values outside');
  expect(readPickle(pickle(0x4b, 5, 0x51), { globals: none, persistentLoad: (id) => [id] }).value).toEqual([
    5,
  ]);
});
