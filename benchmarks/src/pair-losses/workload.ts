import { listPairLosses, type PairLossName } from '@unitsphere/pair-losses/registry';

/** One row of the benchmark: a loss on a batch, with or without a memory of past batches. */
export interface PairLossRow {
  loss: PairLossName;
  batch: number;
  /** Number of embeddings in the cross-batch memory; 0 for none. */
  memory: number;
}

/** Dimensions of an embedding. */
export const DIMENSIONS = 256;

/** Rows of each class in a batch. */
export const PER_CLASS = 4;

/** Classes of proxy losses and of the memory. */
export const CLASSES = 1000;

/** Size of the cross-batch memory. */
export const MEMORY = 65_536;

/** Losses that are measured with the memory, at these batch sizes. */
const WITH_MEMORY = { losses: ['contrastive', 'supcon', 'multi-similarity'], batches: [64, 256] } as const;

/** Largest batch of a peer that takes more than 8 GB with the next: it keeps batch³ values, or every negative of every pair. */
const PEER_LIMITS: { [Name in PairLossName]?: number } = {
  'smooth-ap': 512,
  ntxent: 256,
  'lifted-structure': 256,
};

/** Lists the rows of some losses and batch sizes in the order to measure them; those with the memory come last. */
export function listRows(
  losses: readonly PairLossName[] = listPairLosses(),
  batches: readonly number[] = [64, 128, 256, 512, 1024],
): PairLossRow[] {
  // By batch size, so that the memory of a process grows from row to row.
  const plain = batches.flatMap((batch) => losses.map((loss) => ({ loss, batch, memory: 0 })));
  const withMemory = WITH_MEMORY.losses
    .filter((loss) => losses.includes(loss))
    .flatMap((loss) =>
      WITH_MEMORY.batches
        .filter((batch) => batches.includes(batch))
        .map((batch) => ({ loss, batch, memory: MEMORY })),
    );
  return [...plain, ...withMemory];
}

/** Returns whether the peer's largest tensor would exceed an ordinary machine's memory. */
export function exceedsPeer({ loss, batch }: PairLossRow): boolean {
  return batch > (PEER_LIMITS[loss] ?? Number.POSITIVE_INFINITY);
}
