import { type Network, readsOf, type Value } from '../network/step.js';

/** Where the values of a network lie, in floats from the arena's start. */
export interface Arena {
  offsets: ReadonlyMap<Value, number>;
  /** Floats of the arena. */
  size: number;
}

/** Floats of a cache line. */
const LINE = 16;

interface Block {
  offset: number;
  size: number;
  /** Number of the last step that reads it. */
  last: number;
}

/**
 * Plans the memory of all values, so that a value's place is reused after its last reader. Each value takes the smallest gap that
 * it fits in.
 * @param batch Number of images.
 */
export function planArena({ steps, input, output }: Network, batch: number): Arena {
  const lastRead = new Map<Value, number>([[input, 0]]);
  steps.forEach((step, number) => {
    for (const value of readsOf(step)) lastRead.set(value, number);
  });
  lastRead.set(output, steps.length);
  const offsets = new Map<Value, number>();
  let live: Block[] = [];
  let size = 0;
  const place = (value: Value, number: number) => {
    live = live.filter(({ last }) => last >= number);
    const floats = Math.ceil((value.size * batch) / LINE) * LINE + LINE;
    const offset = findGap(live, floats);
    live.push({ offset, size: floats, last: lastRead.get(value) ?? number });
    offsets.set(value, offset);
    size = Math.max(size, offset + floats);
  };
  place(input, 0);
  for (const [number, { y }] of steps.entries()) place(y, number);
  return { offsets, size };
}

function findGap(live: readonly Block[], floats: number): number {
  const blocks = [...live].sort((a, b) => a.offset - b.offset);
  let best: { offset: number; room: number } | undefined;
  let end = 0;
  for (const { offset, size } of blocks) {
    const room = offset - end;
    if (room >= floats && room < (best?.room ?? Number.POSITIVE_INFINITY)) best = { offset: end, room };
    end = Math.max(end, offset + size);
  }
  return best?.offset ?? end;
}
