import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ArchiveSpec } from './reader-specs.js';

/** Returns a file that holds images, with the attributes that reveal a change. */
export function archiveFile(path: string): ArchiveSpec['files'][number] {
  const full = resolve(path);
  const { size, mtimeNs, ctimeNs, ino } = statSync(full, { bigint: true });
  return { path: full, signature: `${full}\n${size} ${mtimeNs} ${ctimeNs} ${ino}` };
}
