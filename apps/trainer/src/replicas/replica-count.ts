import { UserError } from '../user-error.js';

// Batch norm's statistics come from a replica's own images; with fewer they are too noisy for a default.
const IMAGES_A_REPLICA = 8;
// With more, memory and waiting for the slowest replica cost more than another core gains.
const MOST = 16;

/** Inputs of {@link replicaCount}. */
export interface ReplicaSettings {
  /** `training.replicas` of the config. */
  wanted: 'auto' | number;
  backend: string;
  cores: number;
  batchSize: number;
  /** Parts in which a replica processes its images. Default 1. */
  accumulate?: number;
}

/**
 * Returns the number of replicas. The default on WebAssembly, whose kernels use one core each, is one replica per core, with at
 * least 8 images per replica at once and at most 16 replicas. The default on other backends is 1.
 * @throws UserError if the backend does not support the wanted number.
 */
export function replicaCount({ wanted, backend, cores, batchSize, accumulate = 1 }: ReplicaSettings): number {
  if (wanted === 'auto') {
    if (backend !== 'wasm') return 1;
    return Math.max(1, Math.min(cores, MOST, Math.floor(batchSize / accumulate / IMAGES_A_REPLICA)));
  }
  if (wanted > 1 && backend !== 'wasm' && backend !== 'cpu') {
    throw new UserError(`training.replicas is ${wanted}, but the backend ${backend} trains on one replica`, {
      hint: 'Use --set training.replicas=auto, or --set backend=wasm.',
    });
  }
  return wanted;
}

/**
 * Returns the number of replicas of a group of processes: one for each.
 * @throws UserError if the config asks for threads, or a rank would have no images.
 */
export function countRankReplicas(
  { replicas: wanted, batchSize }: { replicas: 'auto' | number; batchSize: number },
  ranks: number,
): number {
  if (wanted !== 'auto' && wanted !== 1) {
    throw new UserError(`training.replicas is ${wanted}, but every process of an MPI group is one replica`, {
      hint: 'Use --set training.replicas=auto, and start one process for each core.',
    });
  }
  if (batchSize < 2 * ranks) {
    throw new UserError(
      `${ranks} processes have fewer than 2 images each with training.batchSize ${batchSize}`,
      {
        hint: `Start at most ${Math.max(1, Math.floor(batchSize / 2))}, or use a larger --set training.batchSize=…`,
      },
    );
  }
  return ranks;
}
