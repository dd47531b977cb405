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
  /** Threads of each replica's kernels. Default 1. */
  threads?: number;
  batchSize: number;
  /** Parts in which a replica processes its images. Default 1. */
  accumulate?: number;
}

/**
 * Returns the number of replicas. The default on WebAssembly, where each uses as many cores as it has threads, fills the cores, with
 * at least 8 images per replica at once and at most 16 replicas. The default on other backends is 1.
 * @throws UserError if the backend does not support the wanted number.
 */
export function replicaCount({
  wanted,
  backend,
  cores,
  threads = 1,
  batchSize,
  accumulate = 1,
}: ReplicaSettings): number {
  if (wanted === 'auto') {
    if (backend !== 'wasm') return 1;
    const room = Math.floor(cores / threads);
    return Math.max(1, Math.min(room, MOST, Math.floor(batchSize / accumulate / IMAGES_A_REPLICA)));
  }
  if (wanted > 1 && backend !== 'wasm' && backend !== 'cpu') {
    throw new UserError(`training.replicas is ${wanted}, but the backend ${backend} trains on one replica`, {
      hint: 'Use --set training.replicas=auto, or --set backend=wasm.',
    });
  }
  return wanted;
}

/** Returns the number of replicas of each process of a group, on threads. The default is one. */
export function countThreads({ replicas }: { replicas: 'auto' | number }): number {
  return replicas === 'auto' ? 1 : replicas;
}

/**
 * Returns the number of replicas of a group of processes.
 * @throws UserError if a replica would have too few images, or the backend does not support the wanted number.
 */
export function countRankReplicas(settings: Omit<ReplicaSettings, 'cores'>, processes: number): number {
  const { batchSize } = settings;
  const threads = replicaCount({
    ...settings,
    wanted: countThreads({ replicas: settings.wanted }),
    cores: 1,
  });
  const replicas = threads * processes;
  if (batchSize < 2 * replicas) {
    const group = threads > 1 ? `${processes} processes of ${threads} replicas` : `${processes} processes`;
    throw new UserError(`${group} have fewer than 2 images each with training.batchSize ${batchSize}`, {
      hint: `Start at most ${Math.max(1, Math.floor(batchSize / 2 / threads))}, or use a larger --set training.batchSize=…`,
    });
  }
  return replicas;
}
