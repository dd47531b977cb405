import { CheckpointError } from './checkpoint-error.js';

// Prefixes of the keys of torch's data-parallel and compiled models. A model may have both, in either order.
const PREFIXES = /^(?:module\.|_orig_mod\.)+/;

/** Removes the prefixes `module.` and `_orig_mod.` from a key. */
export function removePrefixes(key: string): string {
  // A key that is nothing but prefixes stays as it is.
  return key.replace(PREFIXES, '') || key;
}

/**
 * Removes the prefixes of all keys.
 * @throws CheckpointError if two keys become equal.
 */
export function removeAllPrefixes<T>(entries: Iterable<readonly [string, T]>): Map<string, T> {
  const cleaned = new Map<string, T>();
  for (const [key, value] of entries) {
    const name = removePrefixes(key);
    if (cleaned.has(name))
      throw new CheckpointError(`The state dict has "${name}" twice, with and without a prefix.`);
    cleaned.set(name, value);
  }
  return cleaned;
}
