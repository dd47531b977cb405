import type { StateDict } from '@unitsphere/core';

/** Computes a SHA-256, in hexadecimal. In browsers, this requires a secure context. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Computes a hash of a network: a description of its architecture, and the names, shapes and values of its state dict. */
export async function computeFingerprint(architecture: string, state: StateDict): Promise<string> {
  const lines = [architecture];
  for (const [key, { dtype, shape, data }] of state) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    lines.push(`${key} ${dtype} [${shape}] ${await sha256(bytes)}`);
  }
  return sha256(new TextEncoder().encode(lines.join('\n')));
}
