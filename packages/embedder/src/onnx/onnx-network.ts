import type { Preprocessing } from '@unitsphere/images';
import { EmbedderError } from '../embedder-error.js';
import type { Network } from '../network-embedder.js';
import { requireThreads } from '../require-threads.js';
import { type OnnxDescription, readOnnxDescription } from './onnx-metadata.js';
import { findOnnxRuntime, type OnnxRuntime, type OnnxSession } from './onnx-runtime.js';

/** Options of ONNX Runtime. */
export interface OnnxOptions {
  /**
   * Where ONNX Runtime computes, in order of preference, such as `['webgpu', 'wasm']` in a page or `['cuda', 'cpu']` in Node.
   * Default: the runtime's own choice.
   */
  executionProviders?: readonly string[];
  /**
   * Threads of the CPU and of WebAssembly. onnxruntime-web reads it before its first session only. Default: the runtime's own
   * choice.
   */
  threads?: number;
  /** The imported module. Default: onnxruntime-node if it is installed in Node, otherwise onnxruntime-web. */
  onnxRuntime?: OnnxRuntime;
}

/**
 * Creates the network of an ONNX file on ONNX Runtime.
 * @param name Name of the file, for messages.
 * @throws EmbedderError if no ONNX Runtime is installed, the file does not describe its network, or the runtime refuses it.
 */
export async function createOnnxNetwork(
  bytes: Uint8Array,
  name: string,
  { executionProviders, threads, onnxRuntime }: OnnxOptions = {},
): Promise<{ description: OnnxDescription; network: Network }> {
  const description = readOnnxDescription(bytes, name);
  const ort = onnxRuntime ?? (await findOnnxRuntime());
  if (threads !== undefined) requireThreads(threads);
  if (threads && ort.env?.wasm) ort.env.wasm.numThreads = threads;
  let session: OnnxSession;
  try {
    session = await ort.InferenceSession.create(bytes, {
      // Only errors: the runtime warns of each node that a provider leaves to the CPU.
      logSeverityLevel: 3,
      ...(executionProviders && { executionProviders }),
      ...(threads && { intraOpNumThreads: threads }),
    });
  } catch (error) {
    throw new EmbedderError(
      'RUNTIME_UNAVAILABLE',
      `${name}: ONNX Runtime refuses it: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  const { preprocessing } = description.config;
  const { imageSize } = preprocessing;
  const toTensor = (pixels: Uint8Array, count: number) =>
    description.input === 'uint8'
      ? new ort.Tensor('uint8', pixels as never, [count, imageSize, imageSize, 3])
      : new ort.Tensor('float32', normalizedRgb(pixels, preprocessing) as never, [
          count,
          3,
          imageSize,
          imageSize,
        ]);
  const runOnce = async (pixels: Uint8Array, count: number) => {
    const tensor = toTensor(pixels, count);
    const results = await session.run({ [session.inputNames[0]]: tensor });
    return results[session.outputNames[0]].data as Float32Array;
  };
  const { batch } = description;
  const run = batch === undefined ? runOnce : inBatches(runOnce, batch);
  const embeddingSize = (await run(new Uint8Array(3 * imageSize ** 2), 1)).length;
  return {
    description,
    network: {
      model: undefined,
      embeddingSize,
      fingerprint: description.fingerprint,
      stateDict: () =>
        Promise.reject(
          new EmbedderError(
            'RUNTIME_UNAVAILABLE',
            'an ONNX file has no state dict; load the model folder on TensorFlow.js to read its weights',
          ),
        ),
      runtime: {
        run,
        dispose: () => void session.release(),
      },
    },
  };
}

type Run = (pixels: Uint8Array, count: number) => Promise<Float32Array>;

/** Runs a graph of a fixed batch on any number of images. Black images complete the last batch. */
function inBatches(run: Run, batch: number): Run {
  return async (pixels, count) => {
    const imageBytes = pixels.length / count;
    const parts: Float32Array[] = [];
    for (let first = 0; first < count; first += batch) {
      const part = new Uint8Array(batch * imageBytes);
      part.set(pixels.subarray(first * imageBytes, Math.min(count, first + batch) * imageBytes));
      parts.push(await run(part, batch));
    }
    const size = parts[0].length / batch;
    const embeddings = new Float32Array(count * size);
    for (const [i, part] of parts.entries()) {
      embeddings.set(part.subarray(0, Math.min(batch, count - i * batch) * size), i * batch * size);
    }
    return embeddings;
  };
}

/** Converts pixels [count, size, size, 3] to normalized values [count, 3, size, size]. Exported graphs take RGB. */
function normalizedRgb(
  pixels: Uint8Array,
  { imageSize, channelOrder, mean, std }: Preprocessing,
): Float32Array {
  const size = imageSize * imageSize;
  const tables = [0, 1, 2].map((c) => {
    const statistic = channelOrder === 'BGR' ? 2 - c : c;
    return Float32Array.from({ length: 256 }, (_, level) => (level / 255 - mean[statistic]) / std[statistic]);
  });
  const values = new Float32Array(pixels.length);
  for (let image = 0; image < pixels.length; image += 3 * size) {
    for (let c = 0; c < 3; c++) {
      const table = tables[c];
      for (let i = 0; i < size; i++) values[image + c * size + i] = table[pixels[image + 3 * i + c]];
    }
  }
  return values;
}
