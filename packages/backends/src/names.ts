import { distance } from 'fastest-levenshtein';

/** The backends that this version starts, the fastest first. */
export const USABLE_BACKENDS = ['cuda', 'webgpu', 'wasm', 'node', 'cpu'] as const;

/** A backend's name. TensorFlow.js registers `node` and `cuda` as `tensorflow`, the others under their own names. */
export type BackendName = (typeof USABLE_BACKENDS)[number];

/** What {@link useBackend} accepts: a backend's name, or `auto` for the fastest that works here. */
export type BackendChoice = BackendName | 'auto';

/** The names that {@link useBackend} can start, `auto` first. */
export const BACKEND_CHOICES: readonly BackendChoice[] = ['auto', ...USABLE_BACKENDS];

/** The message for a name that is no backend of ours. */
export function unknownBackendMessage(name: string): string {
  const difference = (choice: string) => distance(name.toLowerCase(), choice);
  const nearest = BACKEND_CHOICES.reduce((a, b) => (difference(b) < difference(a) ? b : a));
  const close = difference(nearest) <= Math.max(1, Math.floor(nearest.length / 2));
  const hint = close ? ` Did you mean "${nearest}"?` : '';
  return `Unknown backend "${name}".${hint} This version has: ${BACKEND_CHOICES.join(', ')}.`;
}
