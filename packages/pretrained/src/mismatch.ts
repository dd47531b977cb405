import type { Backbone } from '@unitsphere/backbones';
import type { StateDict } from '@unitsphere/core';
import { distance } from 'fastest-levenshtein';

/** A key that one side has and the other has not. */
export interface UnmatchedKey {
  key: string;
  /** The most similar key that the other side has and that is not matched either. */
  nearest?: string;
}

/** A key whose values have another shape than the model's. */
export interface WrongShape {
  key: string;
  /** The file's. */
  found: number[];
  /** The model's. */
  needed: number[];
}

/** How the keys of a file differ from those of a model. */
export interface Mismatch {
  /** Keys of the model that the file lacks. */
  missing: UnmatchedKey[];
  /** Keys of the file that the model lacks. */
  unexpected: UnmatchedKey[];
  wrongShape: WrongShape[];
}

const SHOWN = 8;
// Similarity costs time in proportion to the square of these.
const MAX_CANDIDATES = 2000;
const MAX_COMPARED_LENGTH = 200;

/** Weights whose keys or shapes are not the model's. The message lists the first of each; the fields have all. */
export class WeightsMismatchError extends Error {
  override name = 'WeightsMismatchError';

  constructor(
    source: string,
    readonly mismatch: Mismatch,
  ) {
    super(`The weights of ${source} do not fit the model:\n${describeMismatch(mismatch)}`);
  }
}

/** Compares the keys and shapes of a state dict with a model's; PyTorch's counters of batches may be missing. */
export function findMismatch(model: Backbone, state: StateDict): Mismatch {
  const shapes = new Map(
    [...model.namedParameters(), ...model.namedBuffers()].map(([key, { diskShape }]) => [key, diskShape]),
  );
  const missing = [...shapes.keys()].filter((key) => !state.has(key));
  const unexpected = [...state.keys()].filter((key) => !shapes.has(key) && !isCounter(key, shapes));
  const wrongShape = [...shapes].flatMap(([key, needed]): WrongShape[] => {
    const found = state.get(key)?.shape;
    return found && String(found) !== String(needed) ? [{ key, found, needed }] : [];
  });
  return {
    missing: withNearest(missing, unexpected),
    unexpected: withNearest(unexpected, missing),
    wrongShape,
  };
}

/** The mismatch as lines of text. */
export function describeMismatch({ missing, unexpected, wrongShape }: Mismatch): string {
  const lines: string[] = [];
  const section = <T>(what: string, items: T[], line: (item: T) => string) => {
    if (items.length === 0) return;
    lines.push(`  ${items.length} ${items.length === 1 ? 'key' : 'keys'} ${what}:`);
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
    ({ key, found, needed }) => `${clip(key)} has [${found}], but [${needed}] is needed`,
  );
  return lines.join('\n');
}

// A batch norm's counter, which is no parameter or buffer of ours.
function isCounter(key: string, shapes: Map<string, unknown>): boolean {
  return (
    key.endsWith('.num_batches_tracked') && shapes.has(key.replace(/num_batches_tracked$/, 'running_mean'))
  );
}

function withNearest(keys: string[], others: string[]): UnmatchedKey[] {
  const candidates = others.filter((other) => other.length <= MAX_COMPARED_LENGTH).slice(0, MAX_CANDIDATES);
  // Only the ones that a message shows are worth the search.
  return keys.map((key, i) => {
    const nearest = i < SHOWN && key.length <= MAX_COMPARED_LENGTH ? nearestOf(key, candidates) : undefined;
    return nearest === undefined ? { key } : { key, nearest };
  });
}

function nearestOf(key: string, candidates: string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.ceil(key.length / 3) + 1;
  for (const candidate of candidates) {
    // A prefix more or less is one difference, however long it is.
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
