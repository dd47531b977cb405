import { createRequire } from 'node:module';
import type { OnnxRuntime } from '@unitsphere/embedder';

/** Where the packages are installed that benchmarks only compare with, from the built command. */
export const PEERS = new URL('../../tools/peers/package.json', import.meta.url);

/**
 * Loads onnxruntime-node.
 * @throws Error with the command that installs it if it is missing.
 */
export function loadOnnxRuntime(peers = PEERS): { ort: OnnxRuntime; version: string } {
  const load = createRequire(peers);
  try {
    const { version } = load('onnxruntime-node/package.json') as { version: string };
    return { ort: load('onnxruntime-node') as OnnxRuntime, version };
  } catch (cause) {
    throw new Error('onnxruntime-node is missing: run npm ci in tools/peers.', { cause });
  }
}
