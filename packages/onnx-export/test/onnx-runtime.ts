import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as ort from 'onnxruntime-web';

/** onnxruntime-node of tools/peers, whose interface is that of onnxruntime-web. */
export const runtime = createRequire(
  fileURLToPath(new URL('../../../tools/peers/package.json', import.meta.url)),
)('onnxruntime-node') as typeof ort;

/** Runs a model with one input and one output. */
export async function runOnnx(
  bytes: Uint8Array,
  input: Float32Array | Uint8Array,
  dims: readonly number[],
): Promise<Float32Array> {
  const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const type = input instanceof Float32Array ? 'float32' : 'uint8';
    const feeds = {
      [session.inputNames[0]]: new runtime.Tensor(type as 'float32', input as Float32Array, dims),
    };
    const results = await session.run(feeds);
    return results[session.outputNames[0]].data as Float32Array;
  } finally {
    await session.release();
  }
}
