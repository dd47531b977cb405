import { distance } from 'fastest-levenshtein';

/** Names of the backends that this version can start, fastest first. */
export const USABLE_BACKENDS = ['cuda', 'webgpu', 'wasm', 'node', 'cpu'] as const;

/** Name of a backend. TensorFlow.js registers `node` and `cuda` as `tensorflow`, the others under the same names. */
export type BackendName = (typeof USABLE_BACKENDS)[number];

/** Argument of {@link useBackend}: a backend's name, or `auto` for the fastest that works here. */
export type BackendChoice = BackendName | 'auto';

/** All arguments that {@link useBackend} accepts, `auto` first. */
export const BACKEND_CHOICES: readonly BackendChoice[] = ['auto', ...USABLE_BACKENDS];

/** Returns the message for an unknown name, with the closest known one. */
export function unknownBackendMessage(name: string): string {
  const difference = (choice: string) => distance(name.toLowerCase(), choice);
  const nearest = BACKEND_CHOICES.reduce((a, b) => (difference(b) < difference(a) ? b : a));
  const close = difference(nearest) <= Math.max(1, Math.floor(nearest.length / 2));
  const hint = close ? ` Did you mean "${nearest}"?` : '';
  return `Unknown backend "${name}".${hint} This version has: ${BACKEND_CHOICES.join(', ')}.`;
}
