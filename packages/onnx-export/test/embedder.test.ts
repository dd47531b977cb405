import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbedder, type Embedder, EmbedderError, loadEmbedder } from '@unitsphere/embedder';
import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExportEmbedderOptions, exportOnnx, OnnxExportError } from '../src/index.js';
import { runtime } from './onnx-runtime.js';
import { drawPicture } from './pictures.js';
import { createSmallModel, largestDifference } from './small-models.js';

const pictures = [drawPicture(150, 100), drawPicture(90, 211, 5), drawPicture(50, 40, 9)];
const options = { runtime: 'onnx', onnxRuntime: runtime as never } as const;

let embedder: Embedder;
let folder: string;
beforeAll(async () => {
  await start('wasm');
  folder = mkdtempSync(join(tmpdir(), 'embedder-'));
  embedder = await createEmbedder({
    backbone: 'lcnet_050',
    imageSize: 64,
    preprocessing: { channelOrder: 'BGR', cropMode: 'center', cropFraction: 0.9 },
  });
});
afterAll(() => {
  embedder.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("loadEmbedder with runtime 'onnx' computes the embedder's embeddings", () => {
  const cases: [string, ExportEmbedderOptions, number][] = [
    ['float32', {}, 1e-4],
    ['pixels', { input: 'uint8' }, 1e-4],
    ['float16', { precision: 'float16' }, 5e-3],
    ['a fixed batch', { batch: 2 }, 1e-4],
    ['a fixed batch of pixels', { batch: 1, input: 'uint8' }, 1e-4],
  ];
  test.each(cases)('%s', async (name, exportOptions, bound) => {
    const file = join(folder, `${name}.onnx`);
    writeFileSync(file, await exportOnnx(embedder, exportOptions));
    const loaded = await loadEmbedder(file, options);
    try {
      expect(loaded.config).toEqual(embedder.config);
      expect(loaded.preprocessing).toEqual(embedder.preprocessing);
      expect([loaded.fingerprint, loaded.embeddingSize]).toEqual([
        embedder.fingerprint,
        embedder.embeddingSize,
      ]);
      const [ours, theirs] = [await embedder.embed(pictures), await loaded.embed(pictures)];
      for (const [i, values] of ours.entries())
        expect(largestDifference(values, theirs[i])).toBeLessThan(bound);
    } finally {
      loaded.dispose();
    }
  });

  test('int8, with a fingerprint of its own, from the contents of a folder', async () => {
    const calibration = { runtime, images: pictures };
    const bytes = await exportOnnx(embedder, { precision: 'int8', calibration });
    const loaded = await loadEmbedder({ 'model.onnx': bytes }, options);
    expect(loaded.fingerprint).toBe(`${embedder.fingerprint}-int8`);
    expect(
      largestDifference(await embedder.embed(pictures[0]), await loaded.embed(pictures[0])),
    ).toBeLessThan(0.15);
    loaded.dispose();
  });

  test('on as many threads as asked for', async () => {
    const given: object[] = [];
    const env = { wasm: {} };
    const InferenceSession = {
      create(bytes: Uint8Array, sessionOptions: object) {
        given.push(sessionOptions);
        return runtime.InferenceSession.create(bytes, sessionOptions);
      },
    };
    const onnxRuntime = { ...runtime, env, InferenceSession } as never;
    const source = { 'model.onnx': await exportOnnx(embedder) };
    const loaded = await loadEmbedder(source, { runtime: 'onnx', onnxRuntime, threads: 2 });
    expect(given).toMatchObject([{ intraOpNumThreads: 2 }]);
    expect(env).toEqual({ wasm: { numThreads: 2 } });
    loaded.dispose();
    await expect(loadEmbedder(source, { ...options, threads: 0 })).rejects.toThrow(
      'threads must be a positive integer, not 0.',
    );
  });

  test('on the installed onnxruntime-web if no runtime is given', async () => {
    const loaded = await loadEmbedder({ 'model.onnx': await exportOnnx(embedder) }, { runtime: 'onnx' });
    expect(
      largestDifference(await embedder.embed(pictures[0]), await loaded.embed(pictures[0])),
    ).toBeLessThan(1e-4);
    loaded.dispose();
  });
});

describe('errors', () => {
  test('a folder without an ONNX file', async () => {
    const failure = loadEmbedder(mkdtempSync(join(folder, 'empty-')), options);
    await expect(failure).rejects.toThrow(/has no model\.onnx or onnx\/model\.onnx.*unitsphere export/);
  });

  test('a file that is not an export, or damaged', async () => {
    const model = createSmallModel('lcnet_050', 'gap', 'layernorm');
    const foreign = await exportOnnx(model, { inputSize: 64 });
    model.dispose();
    await expect(loadEmbedder({ 'model.onnx': foreign }, options)).rejects.toThrow(/does not describe/);
    const damaged = loadEmbedder({ 'model.onnx': new Uint8Array([255, 255, 255]) }, options);
    await expect(damaged).rejects.toThrow(EmbedderError);
  });

  test('an ONNX embedder has no state dict, and cannot be exported again', async () => {
    const loaded = await loadEmbedder({ 'model.onnx': await exportOnnx(embedder) }, options);
    await expect(loaded.stateDict()).rejects.toThrow(/no state dict/);
    await expect(exportOnnx(loaded)).rejects.toThrow(OnnxExportError);
    loaded.dispose();
  });

  test('modules without a size', async () => {
    await expect(exportOnnx({} as never)).rejects.toThrow(/requires inputSize/);
  });
});
