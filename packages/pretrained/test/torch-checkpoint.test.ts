import { readSafetensors } from '@unitsphere/core';
import { describe, expect, test } from 'vitest';
import { writeStoredZip } from '../fuzz/zip.js';
import { CheckpointError, readTorchCheckpoint } from '../src/index.js';
import { readStoredZip } from '../src/readers/stored-zip.js';
import { expectSame, testFile } from './helpers.js';

const expected = (name: string) => readSafetensors(testFile(`${name}.safetensors`)).tensors;

/** Returns the files inside a checkpoint by their names without the folder. */
function contents(name: string): Map<string, Uint8Array> {
  return new Map(
    [...readStoredZip(testFile(name)).values()].map((entry) => [
      entry.name.replace(/^[^/]*\//, ''),
      new Uint8Array(entry.bytes),
    ]),
  );
}

const zip = (files: Map<string, Uint8Array>) =>
  writeStoredZip([...files].map(([name, bytes]): [string, Uint8Array] => [`archive/${name}`, bytes]));

/** Returns a checkpoint with this pickle. */
function withPickle(...parts: (string | number[])[]): Uint8Array {
  const bytes = parts.flatMap((part) =>
    typeof part === 'string' ? [...new TextEncoder().encode(part)] : part,
  );
  return zip(new Map([['data.pkl', Uint8Array.from(bytes)]]));
}

describe('reads a file of torch.save', () => {
  test.each(['dtypes', 'windows', 'training'])('with the same values: %s', (name) => {
    expectSame(readTorchCheckpoint(testFile(`${name}.pth`)), expected(name));
  });

  test('in the format before version 1.6', () => {
    const file = testFile('legacy.pth');
    expectSame(readTorchCheckpoint(file), expected('training'));
    // The last byte belongs to one tensor, so exactly one must change.
    file[file.length - 1] ^= 0x3f;
    const differing = [...readTorchCheckpoint(file)].filter(
      ([name, { data }]) => String(data) !== String(expected('training').get(name)!.data),
    );
    expect(differing.length).toBe(1);
  });

  test('with an OrderedDict whose items follow one by one, or are a list of pairs', () => {
    const text = (value: string) => [0x58, value.length, 0, 0, 0, ...new TextEncoder().encode(value)];
    const ordered = (args: number[], ...items: number[][]) =>
      withPickle([0x80, 2], 'ccollections\nOrderedDict\n', args, [0x52], items.flat(), [0x2e]);
    const noState = /no state dict: it has the keys "epoch"/;
    const epochs = ordered([0x29], [0x28, ...text('epoch'), 0x4b, 3, 0x75]);
    expect(() => readTorchCheckpoint(epochs)).toThrow(noState);
    expect(readTorchCheckpoint(ordered([0x29])).size).toBe(0);
    expect(readTorchCheckpoint(ordered([0x5d, 0x85])).size).toBe(0);
    const pair = [0x5d, ...text('epoch'), 0x61, 0x4b, 1, 0x61];
    expect(() => readTorchCheckpoint(ordered([0x5d, ...pair, 0x61, 0x85]))).toThrow(noState);
    expect(() => readTorchCheckpoint(ordered([0x5d, ...text('epoch'), 0x61, 0x85]))).toThrow(
      /an OrderedDict is not built from pairs/,
    );
  });

  test('of Python 2, with its OrderedDict and a torch.Size', () => {
    expectSame(readTorchCheckpoint(testFile('python2.pth')), expected('training'));
  });

  test('with sets, devices, dtypes, layouts, sizes and bytes beside the state dict', () => {
    const tensors = readTorchCheckpoint(testFile('objects.pth'));
    expect([...tensors.keys()]).toEqual(['parameter', 'expanded']);
    expect(tensors.get('parameter')!.data).toEqual(Float32Array.of(0, 1, 2));
  });

  test('with an expanded tensor, in full', () => {
    const { shape, data } = readTorchCheckpoint(testFile('objects.pth')).get('expanded')!;
    expect(shape).toEqual([3, 5]);
    expect(data).toEqual(Float32Array.from({ length: 15 }, (_, i) => Math.floor(i / 5)));
  });

  test('without unsupported tensors, if they are reported', () => {
    const skipped: string[] = [];
    const onUnsupported = (name: string, dtype: string) => void skipped.push(`${name}: ${dtype}`);
    for (const name of ['unread.pth', 'unread-legacy.pth']) {
      expect([...readTorchCheckpoint(testFile(name), { onUnsupported }).keys()]).toEqual(['weight']);
      expect(() => readTorchCheckpoint(testFile(name))).toThrow(
        /Tensor "complex" has the unsupported dtype complex64/,
      );
    }
    expect(skipped.length).toBe(12);
  });

  test('in pickle protocol 4', () => {
    expectSame(readTorchCheckpoint(testFile('protocol4.pth')), expected('training'));
  });

  test('in the order of the file', () => {
    expect([...readTorchCheckpoint(testFile('dtypes.pth')).keys()].slice(0, 3)).toEqual([
      'float',
      'half',
      'bfloat',
    ]);
  });

  test('in a view of other bytes, and in a Buffer', () => {
    const file = testFile('windows.pth');
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expectSame(readTorchCheckpoint(shifted.subarray(3)), expected('windows'));
    expectSame(readTorchCheckpoint(Buffer.from(shifted.buffer, 3)), expected('windows'));
  });

  test('with memory shared as in torch, and not with the file', () => {
    const file = testFile('windows.pth');
    const tensors = readTorchCheckpoint(file);
    const [all, half] = ['all', 'second half'].map((name) => tensors.get(name)!.data);
    expect(all.buffer).toBe(half.buffer);
    expect(half.byteOffset).toBe(48);
    expect(all.buffer).not.toBe(file.buffer);
  });

  test('in big-endian order', () => {
    const files = contents('training.pth');
    files.set('byteorder', new TextEncoder().encode('big'));
    for (const [name, bytes] of files) {
      if (!name.startsWith('data/')) continue;
      // The last storage is the int64 counter.
      const size = bytes.length === 8 && name === 'data/5' ? 8 : 4;
      for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
    }
    expectSame(readTorchCheckpoint(zip(files)), expected('training'));
  });

  test('under a given key', () => {
    expectSame(readTorchCheckpoint(testFile('training.pth'), { key: 'state_dict' }), expected('training'));
    expect(() => readTorchCheckpoint(testFile('training.pth'), { key: 'ema' })).toThrow(
      /no dict "ema"; it has the keys "epoch", "arch", "best", "big", "optimizer", "state_dict"/,
    );
    expect(() => readTorchCheckpoint(testFile('training.pth'), { key: 'optimizer' })).toThrow(
      /"state" in the state dict is a dict, not a tensor/,
    );
  });
});

describe('refuses', () => {
  const refused = (bytes: Uint8Array, message: RegExp) => {
    expect(() => readTorchCheckpoint(bytes)).toThrow(CheckpointError);
    expect(() => readTorchCheckpoint(bytes)).toThrow(message);
  };

  test.each([
    ['namespace.pth', /contains argparse\.Namespace, which is refused/],
    ['whole-model.pth', /contains torch\.nn\.modules\.container\.Sequential/],
    ['complex.pth', /"x" has the unsupported dtype complex64/],
    ['expanded.pth', /"x".*\[5000,5000\] repeats.*contiguous/],
    ['script.pt', /a TorchScript archive.*torch\.jit\.load/],
  ])('%s', (name, message) => refused(testFile(name), message));

  test.each(['os.system', 'builtins.eval', 'torch.storage._load_from_bytes', 'builtins.getattr'])(
    'a call of %s',
    (name) => {
      const [module, attribute] = [name.slice(0, name.lastIndexOf('.')), name.split('.').at(-1)];
      refused(
        withPickle([0x80, 2], `c${module}\n${attribute}\n`, [0x58, 2, 0, 0, 0], 'ls', [0x85, 0x52, 0x2e]),
        new RegExp(name),
      );
      const text = (value: string) => [0x8c, value.length, ...new TextEncoder().encode(value)];
      refused(
        withPickle([0x80, 4], text(module), text(attribute!), [0x93, 0x29, 0x52, 0x2e]),
        new RegExp(name),
      );
    },
  );

  test('containers that copy one list many times', () => {
    // A memoized list of 100 pairs, from which 100 dicts or sets are built.
    const item = [0x5d, 0x4b, 1, 0x61, 0x4b, 2, 0x61];
    for (const name of [
      'collections\nOrderedDict',
      'builtins\nset',
      'torch\nSize\n0ccollections\nOrderedDict',
    ]) {
      const list = [0x5d, 0x28, ...Array(100).fill(item).flat(), 0x65, 0x71, 1, 0x30];
      const call = ['c', name, '\n'];
      const calls = Array.from({ length: 100 }, () => [...call, [0x68, 1, 0x85, 0x52, 0x30]]).flat();
      refused(withPickle([0x80, 2], list, ...calls, [0x4b, 7, 0x2e]), /more items than the file has values/);
    }
  });

  test('instructions that create objects', () => {
    // NEWOBJ, INST, OBJ, EXT1
    for (const code of [0x81, 0x69, 0x6f, 0x82])
      refused(withPickle([0x80, 2, 0x29, 0x29, code]), new RegExp(`0x${code.toString(16)} at byte 4`));
  });

  test.each(['training.pth', 'legacy.pth'])('%s, truncated anywhere', (name) => {
    const file = testFile(name);
    for (let length = 0; length < file.length; length += 7)
      expect(() => readTorchCheckpoint(file.subarray(0, length))).toThrow(CheckpointError);
  });

  test('damaged values', () => {
    const file = testFile('windows.pth');
    const at = file.length - 1200;
    const { byteOffset, length } = [...readStoredZip(file).values()].find(({ name }) =>
      name.endsWith('data/0'),
    )!.bytes;
    file[byteOffset + length - 1] ^= 1;
    expect(at).toBeGreaterThan(0);
    refused(file, /data\/0" are damaged: their CRC-32/);
    expect(readTorchCheckpoint(file, { verify: false }).size).toBe(7);
  });

  test('storages that are too short or missing', () => {
    const files = contents('windows.pth');
    files.set('data/0', files.get('data/0')!.subarray(0, 40));
    refused(zip(files), /data\/0" of 24 values \(F32\) requires 96 bytes, but has 40/);
    files.delete('data/0');
    refused(zip(files), /no file data\/0/);
  });

  test('overlapping files', () => {
    const file = testFile('windows.pth');
    const view = new DataView(file.buffer);
    const directory = Number(view.getUint32(file.length - 6, true));
    // Every entry is set to the same range.
    for (let at = directory; view.getUint32(at, true) === 0x02014b50; ) {
      view.setUint32(at + 20, 1000, true);
      view.setUint32(at + 24, 1000, true);
      view.setUint32(at + 42, 0, true);
      at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true);
    }
    refused(file, /overlap/);
  });

  test('compressed and encrypted files', () => {
    for (const [offset, value, message] of [
      [10, 8, /compressed/],
      [8, 1, /encrypted/],
    ] as const) {
      const file = testFile('windows.pth');
      const view = new DataView(file.buffer);
      view.setUint16(view.getUint32(file.length - 6, true) + offset, value, true);
      refused(file, message);
    }
  });

  test('files that are not checkpoints', () => {
    refused(new Uint8Array(), /does not begin as a ZIP/);
    refused(testFile('dtypes.safetensors'), /does not begin as a ZIP/);
    const tar = new Uint8Array(512);
    tar.set(new TextEncoder().encode('ustar'), 257);
    refused(tar, /tar file.*torch\.save\(torch\.load/);
    refused(zip(new Map([['a.txt', new Uint8Array(3)]])), /no data\.pkl, only archive\/a\.txt/);
    refused(withPickle([0x80, 2, 0x4b, 7, 0x2e]), /no state dict: it has a number/);
    refused(withPickle([0x80, 2, 0x2e]), /pops an empty stack/);
    refused(withPickle([0x80, 6, 0x2e]), /protocol 6/);
  });
});
