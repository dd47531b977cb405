import { UserError } from '../user-error.js';

// Batch norm's statistics come from a replica's own images: fewer would make them too uncertain to be a default.
const IMAGES_A_REPLICA = 8;
// Beyond, the replicas' joint memory and the waiting for the slowest eat up what another core gives.
const MOST = 16;

/** What the number of replicas depends on. */
export interface ReplicaSettings {
  /** `training.replicas` of the config. */
  wanted: 'auto' | number;
  backend: string;
  cores: number;
  batchSize: number;
}

/**
 * How many replicas train: by default one a core on WebAssembly, whose kernels use one core each, with at least 8 images a
 * replica and at most 16 replicas; one elsewhere.
 * @throws UserError for a number that the backend cannot have.
 */
export function replicaCount({ wanted, backend, cores, batchSize }: ReplicaSettings): number {
  if (wanted === 'auto') {
    if (backend !== 'wasm') return 1;
    return Math.max(1, Math.min(cores, MOST, Math.floor(batchSize / IMAGES_A_REPLICA)));
  }
  if (wanted > 1 && backend !== 'wasm' && backend !== 'cpu') {
    throw new UserError(`the backend ${backend} trains on one replica, not on ${wanted}`, {
      hint: 'Set training.replicas to auto or 1, or use the backend wasm.',
    });
  }
  return wanted;
}
