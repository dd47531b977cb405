import type { ImageSource } from '@unitsphere/data';
import type { Seen } from '../dataset/run-data.js';

/** Returns the identities that a run has not seen, and the names of others whose images it has seen under another name. */
export function selectUnseen(
  source: ImageSource,
  seen: Seen | undefined,
): { identities: number[]; copied: string[] } {
  const identities: number[] = [];
  const copied: string[] = [];
  source.identities.forEach(({ name }, identity) => {
    if (seen?.names.has(name)) return;
    const contents = (seen && source.contents?.(identity)) ?? [];
    if (contents.some(({ sha256 }) => seen?.contents.has(sha256))) copied.push(name);
    else identities.push(identity);
  });
  return { identities, copied };
}
