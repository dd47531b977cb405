import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  float32,
  type HostDtype,
  type HostTensor,
  readSafetensors,
  SafetensorsError,
  type StateDict,
  toFloat32,
  writeSafetensors,
} from '../src/index.js';

const python = new Uint8Array(readFileSync(new URL('./files/python.safetensors', import.meta.url)));

/** Returns a file with this header and this many bytes of data. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const bytesOf = ({ data }: HostTensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Expects bit-identical tensors, including NaN and −0. */
function expectSame(actual: StateDict, expected: StateDict): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, tensor] of expected) {
    const { dtype, shape } = actual.get(name)!;
    expect({ dtype, shape }, name).toEqual({ dtype: tensor.dtype, shape: tensor.shape });
    expect(bytesOf(actual.get(name)!), name).toEqual(bytesOf(tensor));
  }
}

const arrays = {
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  F64: Float64Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** Tensors of any dtype and any bits, including scalars and empty tensors. */
const tensor: fc.Arbitrary<HostTensor> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(arrays) as HostDtype[])),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([dtype, shape, stream]) => {
    const Type = arrays[dtype];
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes = new Uint8Array(count * Type.BYTES_PER_ELEMENT).map(() => stream.next().value!);
    return { dtype, shape, data: new Type(bytes.buffer) };
  });
const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('0', '10', '2', '__proto__', 'constructor', 'a.weight', ''),
);
const state = fc
  .array(fc.tuple(name, tensor), { maxLength: 6 })
  .map((entries): StateDict => new Map(entries.filter(([key]) => key !== '__metadata__')));

describe('writeSafetensors and readSafetensors', () => {
  test('preserve all tensors bit for bit, their order, and the metadata', () => {
    fc.assert(
      fc.property(state, fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), (tensors, metadata) => {
        const bytes = writeSafetensors(tensors, metadata);
        const read = readSafetensors(bytes);
        // Empty tensors share an offset, so their order is not preserved.
        const order = [...tensors].filter(([, { data }]) => data.length > 0).map(([key]) => key);
        expect([...read.tensors].filter(([, { data }]) => data.length > 0).map(([key]) => key)).toEqual(
          order,
        );
        expectSame(new Map([...tensors.keys()].map((key) => [key, read.tensors.get(key)!])), tensors);
        expect(read.tensors.size).toBe(tensors.size);
        expect({ ...read.metadata }).toEqual({ ...metadata });
        expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
      }),
      { numRuns: 300 },
    );
  });

  test('read from the middle of a buffer, and copy', () => {
    const bytes = writeSafetensors(new Map([['w', float32([2], Float32Array.of(1, 2))]]));
    const inside = new Uint8Array(bytes.length + 3);
    inside.set(bytes, 3);
    const { tensors } = readSafetensors(inside.subarray(3));
    inside.fill(0);
    expect([...tensors.get('w')!.data]).toEqual([1, 2]);
  });

  test('convert half precision to float32', () => {
    const half = Uint16Array.of(
      0x3c00,
      0xc000,
      0x7bff,
      0x0001,
      0x03ff,
      0x0400,
      0x8000,
      0x7c00,
      0xfc00,
      0x7e00,
    );
    expect([...toFloat32({ dtype: 'F16', shape: [10], data: half })]).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      -0,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
    const brain = Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x0001, 0x7f80, 0x7fc0);
    expect([...toFloat32({ dtype: 'BF16', shape: [6], data: brain })]).toEqual([
      1,
      -2,
      3.140625,
      2 ** -133,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });

  test.each<[string, StateDict, RegExp]>([
    [
      'too few values',
      new Map([['w', float32([3], new Float32Array(2))]]),
      /"w" has 2 values, but its shape is \[3\]/,
    ],
    [
      'an array of another type',
      new Map([['w', { dtype: 'F32', shape: [2], data: new Float64Array(2) }]]),
      /"w" has a Float64Array and the dtype F32; it requires a Float32Array/,
    ],
    [
      'an unknown dtype',
      new Map([['w', { dtype: 'F8' as HostDtype, shape: [2], data: new Uint8Array(2) }]]),
      /"w" has .* the dtype F8; it is not a supported dtype/,
    ],
    [
      'the reserved name',
      new Map([['__metadata__', float32([], new Float32Array(1))]]),
      /name "__metadata__" is reserved/,
    ],
  ])('refuse to write %s', (_what, tensors, message) => {
    expect(() => writeSafetensors(tensors)).toThrow(message);
  });
});

describe('a file written by Python (tools/golden/safetensors_file.py)', () => {
  const { tensors, metadata } = readSafetensors(python);
  const values = (key: string) => [...(tensors.get(key)!.data as Iterable<number | bigint>)];
  const floats = (key: string) => [...toFloat32(tensors.get(key)!)];

  test('is read', () => {
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.get('linear.weight')!.shape).toEqual([2, 3]);
    expect(values('linear.weight')).toEqual([-0.5, -0.25, 0, 0.25, 0.5, 0.75]);
    expect(floats('half')).toEqual([
      0,
      -0,
      1.5,
      -2.25,
      65504,
      2 ** -24,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
    expect(floats('bfloat').map((x) => x.toPrecision(3))).toEqual(['1.00', '-0.500', '3.14', '1.00e+30']);
    expect(values('double')).toEqual([1 / 3, -1e-300]);
    expect(tensors.get('bn.num_batches_tracked')).toEqual({
      dtype: 'I64',
      shape: [],
      data: BigInt64Array.of(2n ** 40n + 1n),
    });
    expect(values('int32')).toEqual([-(2 ** 31), 7]);
    expect(values('int16')).toEqual([-5, 300]);
    expect(values('int8')).toEqual([-128, 127]);
    expect(values('uint8')).toEqual([0, 255, 3]);
    expect(values('bool')).toEqual([1, 0, 1]);
    expect(tensors.get('empty')).toEqual({ dtype: 'F32', shape: [0, 3], data: new Float32Array(0) });
    expect(tensors.size).toBe(11);
  });

  test('is byte-identical to the file that we write for the same tensors', () => {
    expect(Buffer.from(writeSafetensors(tensors, metadata)).equals(python)).toBe(true);
  });
});

describe('a damaged file', () => {
  const entry = (over: object = {}) => ({ dtype: 'F32', shape: [2], data_offsets: [0, 8], ...over });
  const claims = (bytes: bigint) => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, bytes, true);
    return out;
  };

  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /has 0 bytes, but a safetensors file begins with an 8-byte/],
    ['shorter than its header size', new Uint8Array(7), /has 7 bytes/],
    [
      'of another format',
      new TextEncoder().encode('PK\x03\x04 and so on and on'),
      /more than the format allows/,
    ],
    [
      'whose header claims 2^64 − 1 bytes',
      claims(2n ** 64n - 1n),
      /claims 18446744073709551615 bytes, more than/,
    ],
    ['truncated in its header', python.subarray(0, 100), /but the file has 100: it is truncated/],
    ['truncated in its data', python.subarray(0, python.length - 1), /the file has \d+: it is truncated/],
    [
      'with bytes after its tensors',
      Buffer.concat([python, new Uint8Array(1)]),
      /bytes of data, but its tensors take/,
    ],
    ['with no header', file(''), /header is not JSON/],
    ['with a header that is not JSON', file('{"w": '), /header is not JSON/],
    [
      'with a header that is not UTF-8',
      Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff),
      /header is not JSON/,
    ],
    ['with a list for a header', file([]), /not a JSON object/],
    ['with null for a header', file('null'), /not a JSON object/],
    [
      'with metadata that is null',
      file({ __metadata__: null }),
      /__metadata__ must be an object of strings, not null/,
    ],
    [
      'with metadata that is a list',
      file({ __metadata__: ['a'] }),
      /__metadata__ must be an object of strings/,
    ],
    [
      'with a number in its metadata',
      file({ __metadata__: { a: 1 } }),
      /__metadata__ must be an object of strings/,
    ],
    ['with null for a tensor', file({ w: null }), /"w" has the unsupported dtype undefined/],
    ['with an unknown dtype', file({ w: entry({ dtype: 'F8_E4M3' }) }, 8), /unsupported dtype "F8_E4M3"/],
    [
      "with a dtype that is an object's own method",
      file({ w: entry({ dtype: 'toString' }) }, 8),
      /unsupported dtype "toString"/,
    ],
    ['without a shape', file({ w: entry({ shape: undefined }) }, 8), /"w" has an invalid shape: undefined/],
    ['with a negative size', file({ w: entry({ shape: [-2] }) }, 8), /invalid shape: \[-2\]/],
    ['with a fractional size', file({ w: entry({ shape: [0.5] }) }, 8), /invalid shape/],
    [
      'with a size beyond 2^53',
      file(`{"w":{"dtype":"F32","shape":[1e300],"data_offsets":[0,8]}}`, 8),
      /invalid shape/,
    ],
    [
      'without offsets',
      file({ w: entry({ data_offsets: undefined }) }, 8),
      /invalid data_offsets: undefined/,
    ],
    ['with one offset', file({ w: entry({ data_offsets: [0] }) }, 8), /invalid data_offsets/],
    [
      'with decreasing offsets',
      file({ w: entry({ data_offsets: [8, 0] }) }, 8),
      /invalid data_offsets: \[8,0\]/,
    ],
    [
      'with a shape larger than its bytes',
      file({ w: entry({ shape: [3] }) }, 8),
      /requires 12 bytes, but has 8/,
    ],
    [
      'with a shape beyond any file size',
      file({ w: entry({ shape: [2 ** 40, 2 ** 40] }) }, 8),
      /requires 4.8357\d*e\+24 bytes, but has 8/,
    ],
    [
      'with offsets beyond the file',
      file({ w: entry() }, 4),
      /ends at byte 8 of the data, but the file has 4/,
    ],
    [
      'with tensors that overlap',
      file({ a: entry(), b: entry({ data_offsets: [4, 12] }) }, 12),
      /"b" begins at byte 4/,
    ],
    [
      'with a gap',
      file({ a: entry(), b: entry({ data_offsets: [12, 20] }) }, 20),
      /"b" begins at byte 12 .* but must begin at 8/,
    ],
    ['with data and no tensor', file({}, 4), /has 4 bytes of data, but its tensors take 0/],
  ])('is refused: %s', (_what, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  test('is not one whose header is empty: it has no tensors', () => {
    expect(readSafetensors(file({}))).toEqual({ tensors: new Map(), metadata: {} });
  });

  test('is refused or read if mutated, quickly and with no more memory than the file', {
    timeout: 60_000,
  }, () => {
    const original = writeSafetensors(
      new Map<string, HostTensor>([
        [
          'a.weight',
          float32(
            [6, 16],
            Float32Array.from({ length: 96 }, (_, i) => i),
          ),
        ],
        ['a.count', { dtype: 'I64', shape: [], data: BigInt64Array.of(3n) }],
        ['b', { dtype: 'F16', shape: [5], data: new Uint16Array(5) }],
        ['none', float32([0], new Float32Array(0))],
      ]),
      { k: 'v' },
    );
    const mutation = fc.oneof(
      fc.tuple(fc.constant('byte' as const), fc.nat(), fc.integer({ min: 0, max: 255 })),
      fc.tuple(fc.constant('cut' as const), fc.nat(), fc.nat(12)),
      fc.tuple(
        fc.constant('insert' as const),
        fc.nat(),
        fc.constantFrom(...'0123456789-[]{}",:eE.n '.split('')),
      ),
      fc.tuple(fc.constant('end' as const), fc.nat(), fc.constant(0)),
    );
    let refused = 0;
    let read = 0;
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.boolean(), (mutations, mendSize) => {
        let bytes = [...original];
        for (const [kind, at, what] of mutations) {
          const place = bytes.length ? at % bytes.length : 0;
          if (kind === 'byte') bytes[place] = Number(what);
          else if (kind === 'cut') bytes.splice(place, Number(what));
          else if (kind === 'insert') bytes.splice(place, 0, String(what).charCodeAt(0));
          else bytes = bytes.slice(0, place);
        }
        const mutated = Uint8Array.from(bytes);
        // With a corrected header size, the mutations reach the later checks.
        const headerEnd = Buffer.from(mutated).lastIndexOf('}') + 1;
        if (mendSize && headerEnd > 8)
          new DataView(mutated.buffer).setBigUint64(0, BigInt(headerEnd - 8), true);
        let result: ReturnType<typeof readSafetensors>;
        try {
          result = readSafetensors(mutated);
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(SafetensorsError);
          return;
        }
        read++;
        let taken = 0;
        for (const { shape, data, dtype } of result.tensors.values()) {
          expect(data).toBeInstanceOf(arrays[dtype]);
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
          taken += data.byteLength;
        }
        const header = Number(new DataView(mutated.buffer).getBigUint64(0, true));
        expect(taken).toBe(mutated.length - 8 - header);
        expectSame(
          readSafetensors(writeSafetensors(result.tensors, result.metadata)).tensors,
          result.tensors,
        );
      }),
      { numRuns: 4000, seed: 1, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
    );
    expect(refused).toBeGreaterThan(1000);
    expect(read).toBeGreaterThan(100);
  });
});

test.each(['dtype', 'shape', 'data_offsets'])(
  'refuses a header that is deeply nested at %s, with a short message',
  (key) => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const entry = { dtype: '"F32"', shape: '[1]', data_offsets: '[0,4]', [key]: deep };
    const json = `{"a":{${Object.entries(entry).map(([name, value]) => `"${name}":${value}`)}}}`;
    const read = () => readSafetensors(file(json, 4));
    expect(read).toThrow(SafetensorsError);
    expect(read).toThrow(/^.{1,200}$/);
    expect(() => readSafetensors(file(`{"__metadata__":${deep}}`))).toThrow(SafetensorsError);
  },
);

test('skips tensors of unsupported dtypes if they are reported', () => {
  const header = JSON.stringify({
    a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    skipped: { dtype: 'F8_E4M3', shape: [3], data_offsets: [4, 7] },
    b: { dtype: 'U8', shape: [1], data_offsets: [7, 8] },
  });
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set([0, 0, 128, 63, 1, 2, 3, 9], 8 + text.length);
  const skipped: string[] = [];
  const { tensors } = readSafetensors(bytes, {
    onUnsupported: (name, dtype) => void skipped.push(`${name}: ${dtype}`),
  });
  expect(skipped).toEqual(['skipped: F8_E4M3']);
  expect([...tensors]).toEqual([
    ['a', float32([1], Float32Array.of(1))],
    ['b', { dtype: 'U8', shape: [1], data: Uint8Array.of(9) }],
  ]);
  expect(() => readSafetensors(bytes)).toThrow(/"skipped" has the unsupported dtype "F8_E4M3"/);
  // A name that cannot be a dtype means that the file is damaged.
  const damaged = bytes.slice();
  damaged[8 + header.indexOf('F8_E4M3')] = 0x66;
  expect(() => readSafetensors(damaged, { onUnsupported: () => undefined })).toThrow(/unsupported dtype/);
});
