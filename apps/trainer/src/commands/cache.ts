import { stripVTControlCharacters } from 'node:util';
import { cleanCaches, listCaches } from '../cache/caches.js';
import type { CacheKind } from '../cache/kinds.js';
import { formatBytes } from '../format-bytes.js';
import { formatTable } from './columns.js';

const DAY_MS = 86_400_000;

/** Options of `unitsphere cache list`. */
export interface ListOptions {
  json?: boolean;
}

/** Prints the entries of all caches. Returns the exit code. */
export function listCache({ json = false }: ListOptions): number {
  const entries = listCaches();
  if (json) {
    process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
    return 0;
  }
  if (entries.length === 0) {
    process.stdout.write('Nothing is cached.\n');
    return 0;
  }
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const { head, rows } = formatTable(
    ['of', 'cache', 'last used', 'size'],
    entries.map(({ kind, of, bytes, usedMs }) => [
      stripVTControlCharacters(of),
      kind,
      usedMs > 0 ? new Date(usedMs).toISOString().slice(0, 10) : '–',
      formatBytes(bytes),
    ]),
    { width: Number.POSITIVE_INFINITY },
  );
  for (const line of [...head, ...rows]) process.stdout.write(`${line}\n`);
  process.stdout.write(
    `${formatBytes(total)} in all. To delete a kind: unitsphere cache clean ${entries[0].kind}\n`,
  );
  return 0;
}

/** Options of `unitsphere cache clean`. */
export interface CleanOptions {
  /** Days since the last use. */
  olderThan?: number;
}

/** Deletes the caches of the given kinds. Returns the exit code. */
export async function cleanCache(
  kinds: readonly CacheKind[],
  { olderThan = 0 }: CleanOptions,
): Promise<number> {
  const before = Date.now() - olderThan * DAY_MS;
  const entries = listCaches().filter(({ kind, usedMs }) => kinds.includes(kind) && usedMs <= before);
  const freed = await cleanCaches(entries);
  process.stdout.write(
    `Deleted ${entries.length} entries of ${kinds.join(', ')}: ${formatBytes(freed)} are free again.\n`,
  );
  return 0;
}
