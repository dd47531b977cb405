import { createHash } from 'node:crypto';
import type { Communicator } from '@unitsphere/collectives';
import type { Config } from '../config/config.js';
import type { Dataset } from '../dataset/dataset.js';
import { describeData } from '../dataset/run-data.js';
import { UserError } from '../user-error.js';

/**
 * Checks that all processes of a group read the same images. Collective.
 * @throws UserError on every rank that names the first process with other images.
 */
export function checkSameData(ranks: Communicator, config: Config, dataset: Dataset): void {
  const own = createHash('sha256')
    .update(JSON.stringify(describeData(config, dataset, [])))
    .digest();
  const digests = ranks.allGather(new Uint8Array(own));
  const counts = ranks.allGather(Float64Array.of(dataset.source.identities.length));
  const digestOf = (rank: number) =>
    Buffer.from(digests.subarray(rank * own.length, (rank + 1) * own.length));
  const other = [...counts.keys()].find((rank) => !digestOf(rank).equals(digestOf(0)));
  if (other === undefined) return;
  throw new UserError(
    `process ${other} reads other images than process 0: ${counts[other]} identities instead of ${counts[0]}`,
    { hint: 'Give every host the same images under the same path: a shared file system, or equal copies.' },
  );
}
