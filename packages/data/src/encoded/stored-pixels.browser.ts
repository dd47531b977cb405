import type { StoredPixels } from './stored-pixels.js';

export type { StoredPixels, StoredPixelsSpec } from './stored-pixels.js';

/** Replaces the reader of decoded images on disk: a page has none. @throws Error always. */
export function openStoredPixels(): StoredPixels {
  throw new Error('A browser has no decoded images on disk.');
}
