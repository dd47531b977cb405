import { openFileStore } from '../../src/file.js';
import type { GalleryStore } from '../../src/store/gallery-store.js';
import { killHeader } from './kill-changes.js';

/** Opens the store of a kill test. @param place A file. */
export async function openKillStore(kind: string, place: string): Promise<GalleryStore> {
  if (kind === 'file') return openFileStore(place, { header: killHeader });
  throw new Error(`unknown store ${kind}`);
}
