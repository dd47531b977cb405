import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Image } from '@unitsphere/data';
import { inputValues, type Preprocessing } from '@unitsphere/images';
import { getPythonCommand, resolvePeerFile } from '../contender/peers.js';

/** Calibration methods of onnxruntime's `quantize_static`. */
export const PEER_METHODS = ['MinMax', 'Entropy', 'Percentile'] as const;

/** Quantizes a float32 file by onnxruntime's `quantize_static` in Python: QDQ, uint8 activations, int8 weights per channel. */
export async function quantizeByPeer(
  model: Uint8Array,
  images: readonly Image[],
  preprocessing: Preprocessing,
  method: (typeof PEER_METHODS)[number],
  script = resolvePeerFile('quantize_static.py'),
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'quantize-'));
  try {
    await writeFile(join(folder, 'model.onnx'), model);
    await writeFile(join(folder, 'images.f32'), toNchw(images, preprocessing));
    await promisify(execFile)(getPythonCommand(), [script, folder, method], { timeout: 600_000 });
    return await readFile(join(folder, 'quantized.onnx'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Returns normalized RGB values, float32 [count, 3, size, size]. */
function toNchw(images: readonly Image[], preprocessing: Preprocessing): Float32Array {
  const { imageSize, channelOrder } = preprocessing;
  const size = imageSize * imageSize;
  const out = new Float32Array(images.length * 3 * size);
  for (const [n, image] of images.entries()) {
    const values = inputValues([image], preprocessing);
    for (let i = 0; i < size; i++) {
      for (let c = 0; c < 3; c++)
        out[(3 * n + c) * size + i] = values[3 * i + (channelOrder === 'BGR' ? 2 - c : c)];
    }
  }
  return out;
}
