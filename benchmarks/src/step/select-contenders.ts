import type { ContenderSpec } from '../contender/contender.js';

/**
 * Selects contenders by their ids. An id selects the contender of that name, or else all non-extra contenders whose ids start
 * with it. Without ids, selects all but the extra contenders.
 * @throws Error for an id that selects no contender.
 */
export function selectContenders<Spec extends ContenderSpec & { extra?: boolean }>(
  all: readonly Spec[],
  only?: readonly string[],
): Spec[] {
  if (!only) return all.filter(({ extra }) => !extra);
  const selected = new Set(
    only.flatMap((id) => {
      const exact = all.filter((one) => one.id === id);
      const found = exact.length ? exact : all.filter((one) => one.id.startsWith(id) && !one.extra);
      if (!found.length) {
        throw new Error(
          `Unknown contender "${id}". Known contenders: ${all.map((one) => one.id).join(', ')}.`,
        );
      }
      return found;
    }),
  );
  return all.filter((one) => selected.has(one));
}
