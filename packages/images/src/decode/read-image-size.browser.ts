import { decodeBytes } from './decode-bytes.js';

/** Returns the size in pixels of an encoded image, as `readImageSize` does in Node. */
export async function readImageSize(bytes: Uint8Array): Promise<{ width: number; height: number }> {
  const { width, height } = await decodeBytes(bytes);
  return { width, height };
}
