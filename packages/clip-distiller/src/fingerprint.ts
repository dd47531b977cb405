import type { StateDict } from '@unitsphere/core';

/** The SHA-256 of bytes, in hexadecimal; in Node and in browsers (there in a secure context). */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A hash of what a network is: its architecture in words, and the names, shapes and values of its state dict. */
export async function fingerprintOf(architecture: string, state: StateDict): Promise<string> {
  const lines = [architecture];
  for (const [key, { dtype, shape, data }] of state) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    lines.push(`${key} ${dtype} [${shape}] ${await sha256(bytes)}`);
  }
  return sha256(new TextEncoder().encode(lines.join('\n')));
}
