import { openFileStore } from '../../src/file.js';
import { openPostgresStore } from '../../src/postgres.js';
import type { GalleryStore } from '../../src/store/gallery-store.js';
import { killHeader } from './kill-changes.js';

/** Opens the store of a kill test. @param place A file, or the connection and the gallery as JSON. */
export async function openKillStore(kind: string, place: string): Promise<GalleryStore> {
  if (kind === 'file') return openFileStore(place, { header: killHeader });
  if (kind === 'postgres') return openPostgresStore({ ...JSON.parse(place), header: killHeader });
  throw new Error(`unknown store ${kind}`);
}
