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

test('reads a file of the onnx package: raw and typed data of every type, and a Constant', () => {
  expectSame(
    readOnnxInitializers(testFile('types.onnx')),
    readSafetensors(testFile('types.safetensors')).tensors,
  );
});

test('copies the values of a file that is a view of other bytes', () => {
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
    refused(model([], [external]), /"w".*stored in another file.*onnx\.save/);
  });

  test('unsupported types, by name', () => {
    refused(
      model([], [tensor('s', 8, [1], (w) => w.tag(6, 2).string('x'))]),
      /"s" .* the unsupported type string/,
    );
    refused(model([], [tensor('c', 14, [1], (w) => w)]), /"c" .* the unsupported type complex64/);
    refused(model([], [tensor('x', 99, [1], (w) => w)]), /"x" .* the unsupported type 99/);
    refused(model([], [tensor('f', 17, [1], (w) => w)]), /"f" .* the unsupported type float8e4m3fn/);
  });

  test('shapes that do not match the values, before anything is allocated', () => {
    refused(
      model([], [tensor('w', 1, [3], (w) => w.tag(9, 2).bytes(raw(1, 2)))]),
      /requires 12 bytes.*has 8/,
    );
    refused(model([], [tensor('w', 1, [2 ** 40], (w) => w)]), /too few values/);
    refused(model([], [tensor('w', 1, [2 ** 40, 2 ** 40], (w) => w)]), /invalid shape/);
    refused(model([], [tensor('w', 1, [-1], (w) => w)]), /dimension -1/);
    refused(
      model([], [tensor('w', 7, [1], (w) => w.tag(7, 0).int64(1).tag(7, 0).int64(2))]),
      /too many values/,
    );
    refused(model([], [tensor('w', 7, [1], (w) => w.tag(5, 0).int32(1))]), /values of a type other than I64/);
  });

  test('two tensors with the same name', () => {
    const one = tensor('w', 1, [1], (w) => w.tag(9, 2).bytes(raw(1)));
    refused(model([], [one, one]), /two tensors "w"/);
    refused(model([node('Constant', [], ['w'], { value: one })], [one]), /two tensors "w"/);
  });

  test('a file truncated anywhere, and other files', () => {
    const file = testFile('types.onnx');
    // Only the opset version follows the graph.
    for (let length = 0; length < file.length - 8; length++)
      expect(() => readOnnxInitializers(file.subarray(0, length)), `${length}`).toThrow(CheckpointError);
    refused(new Uint8Array(), /no graph/);
    refused(testFile('training.pth'), /not an ONNX model/);
    refused(new BinaryWriter().tag(7, 0).int32(5).finish(), /not an ONNX model/);
  });
});
