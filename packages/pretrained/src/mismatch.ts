import type { Backbone } from '@unitsphere/backbones';
import type { StateDict } from '@unitsphere/core';
import { distance } from 'fastest-levenshtein';

/** Key that only one side has. */
export interface UnmatchedKey {
  key: string;
  /** Most similar unmatched key of the other side. */
  nearest?: string;
}

/** Key whose values have another shape than in the model. */
export interface WrongShape {
  key: string;
  /** Shape in the file. */
  found: number[];
  /** Shape in the model. */
  expected: number[];
}

/** Differences between the keys of a file and of a model. */
export interface Mismatch {
  /** Keys of the model that the file lacks. */
  missing: UnmatchedKey[];
  /** Keys of the file that the model lacks. */
  unexpected: UnmatchedKey[];
  /** Keys of both whose shapes differ. */
  wrongShape: WrongShape[];
}

const SHOWN = 8;
// The time to find similar keys grows with the square of these.
const MAX_CANDIDATES = 2000;
const MAX_COMPARED_LENGTH = 200;

/** Thrown for weights whose keys or shapes do not match the model. The message lists the first of each kind, `mismatch` all. */
export class WeightsMismatchError extends Error {
  override name = 'WeightsMismatchError';
  /** Stable name of the error, for programs. */
  readonly code = 'WEIGHTS_MISMATCH';

  constructor(
    source: string,
    readonly mismatch: Mismatch,
  ) {
    super(`The weights of ${source} do not match the model:\n${describeMismatch(mismatch)}`);
  }
}

/** Compares the keys and shapes of a state dict with a model's. PyTorch's batch counters may be missing. */
export function findMismatch(model: Backbone, state: StateDict): Mismatch {
  const shapes = new Map(
    [...model.namedParameters(), ...model.namedBuffers()].map(([key, { diskShape }]) => [key, diskShape]),
  );
  const missing = [...shapes.keys()].filter((key) => !state.has(key));
  const unexpected = [...state.keys()].filter((key) => !shapes.has(key) && !isCounter(key, shapes));
  const wrongShape = [...shapes].flatMap(([key, expected]): WrongShape[] => {
    const found = state.get(key)?.shape;
    return found && String(found) !== String(expected) ? [{ key, found, expected }] : [];
  });
  return {
    missing: addNearest(missing, unexpected),
    unexpected: addNearest(unexpected, missing),
    wrongShape,
  };
}

/** Formats a mismatch as lines of text. */
export function describeMismatch({ missing, unexpected, wrongShape }: Mismatch): string {
  const lines: string[] = [];
  const section = <T>(kind: string, items: T[], line: (item: T) => string) => {
    if (items.length === 0) return;
    lines.push(`  ${items.length} ${items.length === 1 ? 'key' : 'keys'} ${kind}:`);
    for (const item of items.slice(0, SHOWN)) lines.push(`    ${line(item)}`);
    if (items.length > SHOWN) lines.push(`    … and ${items.length - SHOWN} more`);
  };
  const unmatched =
    (has: string) =>
    ({ key, nearest }: UnmatchedKey) =>
      nearest === undefined ? clip(key) : `${clip(key)} (${has} ${clip(nearest)})`;
  section('missing from the file', missing, unmatched('the file has'));
  section('that the model does not have', unexpected, unmatched('the model has'));
  section(
    'of another shape',
    wrongShape,
    ({ key, found, expected }) => `${clip(key)} has [${found}], but [${expected}] is required`,
  );
  return lines.join('\n');
}

// Batch norms of PyTorch have a counter, which is not a parameter or buffer here.
function isCounter(key: string, shapes: Map<string, unknown>): boolean {
  return (
    key.endsWith('.num_batches_tracked') && shapes.has(key.replace(/num_batches_tracked$/, 'running_mean'))
  );
}

function addNearest(keys: string[], others: string[]): UnmatchedKey[] {
  const candidates = others.filter((other) => other.length <= MAX_COMPARED_LENGTH).slice(0, MAX_CANDIDATES);
  // Only the keys in the message are searched for.
  return keys.map((key, i) => {
    const nearest = i < SHOWN && key.length <= MAX_COMPARED_LENGTH ? findNearest(key, candidates) : undefined;
    return nearest === undefined ? { key } : { key, nearest };
  });
}

function findNearest(key: string, candidates: string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.ceil(key.length / 3) + 1;
  for (const candidate of candidates) {
    // An additional prefix counts as one edit, whatever its length.
    const edits = candidate.endsWith(key) || key.endsWith(candidate) ? 1 : distance(key, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

function clip(key: string): string {
  return key.length > MAX_COMPARED_LENGTH ? `${key.slice(0, MAX_COMPARED_LENGTH)}…` : key;
}
