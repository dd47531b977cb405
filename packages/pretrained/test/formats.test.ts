import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { type Backbone, createBackbone } from '@unitsphere/backbones';
import { float32, Random, readSafetensors, type StateDict, writeSafetensors } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { build } from 'esbuild';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { model as onnxModel, tensor } from '../fuzz/formats.js';
import { CheckpointError, loadPretrained } from '../src/index.js';
import { expectSame, testFile } from './helpers.js';

let weights: StateDict;
let backbone: Backbone;

beforeAll(async () => {
  await start('wasm');
  const made = create(1);
  weights = await made.stateDict();
  made.dispose();
  backbone = create(2);
  return () => backbone.dispose();
});

const create = (seed: number) => createBackbone('lcnet_035', { random: new Random(seed), outIndices: [0] });

/** Returns a safetensors file whose header has a length that is `residue` modulo 256. */
function withHeaderLength(file: Uint8Array, residue: number): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const more = (residue - length + 256 * 256) % 256;
  const padded = new Uint8Array(file.length + more).fill(0x20);
  padded.set(file.subarray(0, 8 + length));
  padded.set(file.subarray(8 + length), 8 + length + more);
  new DataView(padded.buffer).setBigUint64(0, BigInt(length + more), true);
  return padded;
}

const withPrefix = (prefix: string) =>
  new Map([...weights].map(([key, value]) => [prefix + key, value] as const));

/** Encodes float32 tensors as the initializers of an ONNX model. */
const onnx = (state: StateDict, ...others: Uint8Array[]) =>
  onnxModel(
    [],
    [
      ...[...state].map(([name, { shape, data }]) =>
        tensor(name, 1, shape, (w) =>
          w.tag(9, 2).bytes(new Uint8Array(Float32Array.from(data as Float32Array, Number).buffer)),
        ),
      ),
      ...others,
    ],
  );

/** Returns a safetensors file with one more tensor, whose dtype is changed in the header. */
function withDtype(state: StateDict, name: string, dtype: string): Uint8Array {
  const file = writeSafetensors(state);
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  header[name].dtype = dtype;
  const text = new TextEncoder().encode(JSON.stringify(header));
  const changed = new Uint8Array(8 + text.length + file.length - 8 - length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(text.length), true);
  changed.set(text, 8);
  changed.set(file.subarray(8 + length), 8 + text.length);
  return changed;
}

/** Loads a file whose keys are not the model's. @returns Its tensors. */
async function tensorsOf(file: Uint8Array) {
  let seen: StateDict = new Map();
  const loaded = await loadPretrained(backbone, file, {
    convert(state) {
      seen = state;
      return weights;
    },
  });
  return { ...loaded, seen };
}

describe('the format of a file', () => {
  test('is safetensors for every length of the header modulo 256', async () => {
    const file = writeSafetensors(weights, { format: 'pt' });
    for (let residue = 0; residue < 256; residue++) {
      const { format } = await loadPretrained(backbone, withHeaderLength(file, residue));
      expect(format, `${residue}`).toBe('safetensors');
    }
    expectSame(await backbone.stateDict(), weights);
  });

  test.each(['legacy.pth', 'legacy4.pth', 'python2.pth', 'training.pth'])('is torch for %s', async (name) => {
    const { format, seen } = await tensorsOf(testFile(name));
    expect(format).toBe('torch');
    expectSame(seen, readSafetensors(testFile('training.safetensors')).tensors);
  });

  test('is detected in a view of other bytes', async () => {
    const file = writeSafetensors(weights);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect((await loadPretrained(backbone, shifted.subarray(3))).format).toBe('safetensors');
    expect((await loadPretrained(backbone, Buffer.from(shifted.buffer, 3))).format).toBe('safetensors');
  });

  test('is a web page if only a byte-order mark and white space precede it', async () => {
    const page = Uint8Array.of(0xef, 0xbb, 0xbf, 0x0a, ...new TextEncoder().encode('<html>'));
    await expect(loadPretrained(backbone, page)).rejects.toThrow(/a web page, not weights/);
  });

  const chromium = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  test.skipIf(!existsSync(chromium))(
    'is detected alike in Chromium (requires Debian’s chromium or CHROMIUM_PATH)',
    { timeout: 60_000 },
    async () => {
      const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
      const small = writeSafetensors(new Map([['w', float32([1], Float32Array.of(1))]]));
      const files = [
        ...Array.from({ length: 256 }, (_, residue) => withHeaderLength(small, residue)),
        ...['legacy.pth', 'python2.pth', 'training.pth', 'types.onnx'].map(testFile),
      ];
      const { outputFiles } = await build({
        stdin: {
          contents: `import { readWeights } from '../src/readers/read-weights.js';
            const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
            const read = (text) => { try { return readWeights(decode(text)).format; } catch (error) { return error.message; } };
            document.body.textContent = JSON.stringify(${JSON.stringify(files.map(base64))}.map(read));`,
          resolveDir: fileURLToPath(new URL('.', import.meta.url)),
        },
        bundle: true,
        format: 'iife',
        write: false,
        logLevel: 'error',
      });
      const folder = mkdtempSync(join(tmpdir(), 'unitsphere-formats-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const page = join(folder, 'page.html');
      writeFileSync(page, `<meta charset="utf-8"><body><script>${outputFiles[0].text}</script>`);
      const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}/profile`];
      const { stdout } = spawnSync(chromium, [...flags, '--dump-dom', `file://${page}`], {
        encoding: 'utf8',
      });
      const [, formats] = /<body>(\[.*?\])<\/body>/s.exec(stdout) ?? [];
      expect(JSON.parse(formats ?? 'null')).toEqual([
        ...Array(256).fill('safetensors'),
        ...Array(3).fill('torch'),
        'onnx',
      ]);
    },
  );
});

describe('the prefixes of keys', () => {
  const prefixes = ['module.', '_orig_mod.', 'module._orig_mod.', '_orig_mod.module.'];

  test.each(prefixes)('are removed in safetensors and ONNX: %s', async (prefix) => {
    const state = withPrefix(prefix);
    await loadPretrained(backbone, writeSafetensors(state));
    expectSame(await backbone.stateDict(), weights);
    const { unsupportedKeys } = await loadPretrained(
      backbone,
      onnx(
        state,
        tensor('constant', 21, [1], (w) => w),
      ),
    );
    expect(unsupportedKeys).toEqual([{ key: 'constant', dtype: 'uint4' }]);
  });

  test('are removed in a PyTorch checkpoint', async () => {
    // The checkpoint's keys begin with `module.`.
    expect([...(await tensorsOf(testFile('training.pth'))).seen.keys()][0]).toBe('0.weight');
  });

  test('may not make two keys equal', async () => {
    const twice = new Map([...weights, ...withPrefix('module.')]);
    await expect(loadPretrained(backbone, writeSafetensors(twice))).rejects.toThrow(
      /has ".*" twice, with and without a prefix/,
    );
  });
});

describe('a tensor of an unsupported dtype', () => {
  const unused = () => new Map([...weights, ['unused', float32([2], new Float32Array(2))]]);

  test.each(['U16', 'U32', 'U64', 'F8_E4M3', 'F8_E5M2', 'C64'])(
    'is skipped in safetensors if it is not needed: %s',
    async (dtype) => {
      const { unsupportedKeys } = await loadPretrained(backbone, withDtype(unused(), 'unused', dtype));
      expect(unsupportedKeys).toEqual([{ key: 'unused', dtype }]);
      expectSame(await backbone.stateDict(), weights);
    },
  );

  test.each([
    [4, 'uint16'],
    [8, 'string'],
    [17, 'float8e4m3fn'],
    [22, 'int4'],
    [99, 'type 99'],
  ])('is skipped in ONNX if it is not needed: type %i', async (type, dtype) => {
    const file = onnx(
      weights,
      tensor('unused', type, [2], (w: BinaryWriter) => w.tag(9, 2).bytes(new Uint8Array(2))),
    );
    expect((await loadPretrained(backbone, file)).unsupportedKeys).toEqual([{ key: 'unused', dtype }]);
  });

  test.each(['unread.pth', 'unread-legacy.pth'])('is skipped in %s if it is not needed', async (name) => {
    const { seen, unsupportedKeys } = await tensorsOf(testFile(name));
    expect([...seen]).toEqual([['weight', float32([4], Float32Array.of(0, 1, 2, 3))]]);
    expect(Object.fromEntries(unsupportedKeys.map(({ key, dtype }) => [key, dtype]))).toEqual({
      complex: 'complex64',
      uint16: 'uint16',
      float8: 'float8_e4m3fn',
      sparse: 'sparse',
      quantized: 'quantized (qint8)',
      meta: 'without values (meta device)',
    });
  });

  test('is an error with its name if the model needs it', async () => {
    const [key] = [...weights].find(([name]) => name.endsWith('bn1.weight'))!;
    const before = await backbone.stateDict();
    for (const [file, dtype] of [
      [withDtype(weights, key, 'F8_E4M3'), 'F8_E4M3'],
      [
        onnx(
          new Map([...weights].filter(([name]) => name !== key)),
          tensor(key, 4, [2], (w: BinaryWriter) => w.tag(9, 2).bytes(new Uint8Array(4))),
        ),
        'uint16',
      ],
    ] as const) {
      for (const strict of [true, false]) {
        const loading = loadPretrained(backbone, file, { strict });
        await expect(loading).rejects.toThrow(CheckpointError);
        await expect(loading).rejects.toThrow(
          `the given bytes cannot be loaded: tensor "${key}" has the unsupported dtype ${dtype}.`,
        );
      }
    }
    expectSame(await backbone.stateDict(), before);
  });
});

describe('NaN or infinity', () => {
  const spoil = (value: number, key = 'conv_stem.weight') => {
    const { shape, data } = weights.get(key)!;
    const values = Float32Array.from(data as Float32Array);
    values[5] = value;
    return new Map([...weights, [key, float32(shape, values)]]);
  };
  const before = () => backbone.stateDict();

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'is an error with the tensor and the file, in safetensors and ONNX: %d',
    async (value) => {
      const unchanged = await before();
      const folder = mkdtempSync(join(tmpdir(), 'unitsphere-finite-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      for (const [name, bytes] of [
        ['w.safetensors', writeSafetensors(spoil(value))],
        ['w.onnx', onnx(spoil(value))],
      ] as const) {
        const file = join(folder, name);
        writeFileSync(file, bytes);
        for (const model of [backbone, createGray()]) {
          await expect(loadPretrained(model, file)).rejects.toMatchObject({
            name: 'NonFiniteError',
            message: expect.stringContaining(
              `Tensor "conv_stem.weight" of ${file} has the value ${value} at index 5.`,
            ),
          });
        }
      }
      expectSame(await backbone.stateDict(), unchanged);
    },
  );

  const createGray = () => {
    const gray = createBackbone('lcnet_035', { random: new Random(3), outIndices: [0], inChannels: 1 });
    onTestFinished(() => gray.dispose());
    return gray;
  };

  test('is an error in float16, bfloat16 and float64', async () => {
    const { shape } = weights.get('conv_stem.weight')!;
    const count = shape.reduce((a, b) => a * b, 1);
    for (const wrong of [
      { dtype: 'F16', shape, data: new Uint16Array(count).fill(0x7c00, 5, 6) },
      { dtype: 'BF16', shape, data: new Uint16Array(count).fill(0xff81, 5, 6) },
      { dtype: 'F64', shape, data: new Float64Array(count).fill(1e300, 5, 6) },
    ] as const) {
      const file = writeSafetensors(new Map([...weights, ['conv_stem.weight', wrong]]));
      await expect(loadPretrained(backbone, file)).rejects.toThrow(/"conv_stem\.weight".*at index 5/);
    }
  });

  test('is an error in what `convert` returns, in a PyTorch checkpoint', async () => {
    const loading = loadPretrained(backbone, testFile('training.pth'), { convert: () => spoil(Number.NaN) });
    await expect(loading).rejects.toThrow(/"conv_stem\.weight" of the given bytes has the value NaN/);
  });

  test('does not matter in tensors that are not loaded', async () => {
    const classifier = float32([1], Float32Array.of(Number.NaN));
    await loadPretrained(backbone, writeSafetensors(new Map([...weights, ['classifier.bias', classifier]])));
    expectSame(await backbone.stateDict(), weights);
  });
});
