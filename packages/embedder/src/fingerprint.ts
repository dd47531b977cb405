import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type StateDict, toFloat32 } from '@unitsphere/core';
import { builtinModule } from '@unitsphere/core/disk';
import type { EmbedderConfig } from './embedder-config.js';

/**
 * Returns the SHA-256 over architecture, preprocessing and weights: JSON with sorted keys, then each tensor's name, shape and
 * float32 values, in the order of the names. Counters are left out, because no embedding depends on them.
 */
export function fingerprintOf({ model, preprocessing }: EmbedderConfig, state: StateDict): string {
  const hash = createHash();
  const { cropFraction = 1, cropMode = 'center', interpolation = 'bilinear', ...rest } = preprocessing;
  hash.update(
    utf8ToBytes(sortedJson({ model, preprocessing: { ...rest, cropFraction, cropMode, interpolation } })),
  );
  for (const name of [...state.keys()].sort()) {
    const tensor = state.get(name);
    if (!tensor || tensor.dtype.startsWith('I')) continue;
    const values = toFloat32(tensor);
    hash.update(utf8ToBytes(`\n${name} ${tensor.shape.join(' ')}\n`));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.hex();
}

interface Hash {
  update(bytes: Uint8Array): void;
  hex(): string;
}

/** Node's hash is several times as fast; a page's is asynchronous, and missing on pages without https. */
function createHash(): Hash {
  const node = builtinModule('node:crypto')?.createHash('sha256');
  if (node) return { update: (bytes) => void node.update(bytes), hex: () => node.digest('hex') };
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), hex: () => bytesToHex(hash.digest()) };
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
