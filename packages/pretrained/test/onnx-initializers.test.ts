import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { readSafetensors } from '@unitsphere/core';
import { describe, expect, test } from 'vitest';
import { model, node, tensor } from '../fuzz/formats.js';
import { CheckpointError, readOnnxInitializers } from '../src/index.js';
import { expectSame, testFile } from './helpers.js';

const raw = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const refused = (bytes: Uint8Array, message: RegExp) => {
  expect(() => readOnnxInitializers(bytes)).toThrow(CheckpointError);
  expect(() => readOnnxInitializers(bytes)).toThrow(message);
};

test('reads what the onnx package wrote: raw and typed data of every type, and a Constant', () => {
  expectSame(
    readOnnxInitializers(testFile('types.onnx')),
    readSafetensors(testFile('types.safetensors')).tensors,
  );
});

test('values do not keep the file, which may be a view into other bytes', () => {
  const file = testFile('types.onnx');
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  const { data } = readOnnxInitializers(Buffer.from(shifted.buffer, 1)).get('raw float')!;
  expect(data.buffer).not.toBe(shifted.buffer);
  expect(data.buffer.byteLength).toBe(data.byteLength);
});

describe('refuses', () => {
  test('values in another file', () => {
    const external = tensor('w', 1, [2], (w) =>
      w.tag(13, 2).fork().tag(1, 2).string('location').join().tag(14, 0).int32(1),
    );
    refused(model([], [external]), /"w".*in another file.*onnx\.save/);
  });

  test('types that are not read, by name', () => {
    refused(model([], [tensor('s', 8, [1], (w) => w.tag(6, 2).string('x'))]), /"s" .* the type string/);
    refused(model([], [tensor('c', 14, [1], (w) => w)]), /"c" .* the type complex64/);
    refused(model([], [tensor('f', 17, [1], (w) => w)]), /"f" .* the type 17/);
  });

  test('shapes that do not fit the values, before anything is allocated', () => {
    refused(model([], [tensor('w', 1, [3], (w) => w.tag(9, 2).bytes(raw(1, 2)))]), /needs 12 bytes.*has 8/);
    refused(model([], [tensor('w', 1, [2 ** 40], (w) => w)]), /too few values/);
    refused(model([], [tensor('w', 1, [2 ** 40, 2 ** 40], (w) => w)]), /no valid shape/);
    refused(model([], [tensor('w', 1, [-1], (w) => w)]), /dimension -1/);
    refused(model([], [tensor('w', 7, [1], (w) => w.tag(7, 0).int64(1).tag(7, 0).int64(2))]), /more values/);
    refused(model([], [tensor('w', 7, [1], (w) => w.tag(5, 0).int32(1))]), /values of another type than I64/);
  });

  test('two tensors of one name', () => {
    const one = tensor('w', 1, [1], (w) => w.tag(9, 2).bytes(raw(1)));
    refused(model([], [one, one]), /two tensors "w"/);
    refused(model([node('Constant', [], ['w'], { value: one })], [one]), /two tensors "w"/);
  });

  test('a file cut off anywhere, and other files', () => {
    const file = testFile('types.onnx');
    // Behind the graph stands only the operators' version.
    for (let length = 0; length < file.length - 8; length++)
      expect(() => readOnnxInitializers(file.subarray(0, length)), `${length}`).toThrow(CheckpointError);
    refused(new Uint8Array(), /no graph/);
    refused(testFile('training.pth'), /no ONNX model/);
    refused(new BinaryWriter().tag(7, 0).int32(5).finish(), /no ONNX model/);
  });
});
