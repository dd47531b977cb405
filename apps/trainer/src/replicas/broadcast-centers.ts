import type { Communicator } from '@unitsphere/collectives';

/** The centers of some classes. */
export interface CenterBlock {
  /** Class numbers, ascending; at least one. */
  classes: Int32Array;
  /** float32 [classes.length, dimensions], row-major. */
  centers: Float32Array;
}

/** Broadcasts rank 0's blocks one by one. Collective: all ranks iterate, and only rank 0 passes blocks. */
export async function* broadcastCenters(
  communicator: Communicator,
  blocks?: AsyncIterable<CenterBlock>,
): AsyncGenerator<CenterBlock> {
  const sizes = new Float64Array(2);
  if (blocks) {
    for await (const { classes, centers } of blocks) {
      sizes.set([classes.length, centers.length]);
      communicator.broadcast(sizes);
      communicator.broadcast(classes);
      communicator.broadcast(centers);
      yield { classes, centers };
    }
    communicator.broadcast(new Float64Array(2));
    return;
  }
  for (;;) {
    communicator.broadcast(sizes);
    const [count, values] = sizes as unknown as [number, number];
    if (count === 0) return;
    const block = { classes: new Int32Array(count), centers: new Float32Array(values) };
    communicator.broadcast(block.classes);
    communicator.broadcast(block.centers);
    yield block;
  }
}
