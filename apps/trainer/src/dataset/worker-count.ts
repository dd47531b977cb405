import type { Config } from '../config/config.js';

/** The least memory of a worker: its thread, its decoder and the libraries that it loads. */
const WORKER_BYTES = 96 * 2 ** 20;
/** Batches that a worker makes ahead. */
const BATCHES_AHEAD = 2;
const MOST = 16;
/** On WebAssembly, a worker prepares images at least three times as fast as a replica uses them. */
const REPLICAS_PER_WORKER = 3;

/** The machine that a training runs on. */
export interface Machine {
  /** Cores that the process may use. */
  cores: number;
  /** Free memory in bytes; undefined if unknown. */
  memory?: number;
  backend: string;
  /** Threads that compute: those of all replicas. */
  replicas: number;
}

/**
 * Returns the number of data workers. With `data.workers: auto`, these are the cores that the replicas leave free, at least one for
 * three replicas, and at most one for each replica on WebAssembly and 16 on other backends; fewer if they would take more than a
 * quarter of the free memory.
 */
export function workerCount(
  { data, training, distillation }: Pick<Config, 'data' | 'training' | 'distillation'>,
  { cores, memory = Number.POSITIVE_INFINITY, backend, replicas }: Machine,
): number {
  if (data.workers !== 'auto') return data.workers;
  // Other backends compute on a graphics card or on threads of their own.
  const onCores = backend === 'wasm' || backend === 'cpu';
  const needed = onCores ? Math.ceil(replicas / REPLICAS_PER_WORKER) : 1;
  const useful = onCores ? replicas : MOST;
  const free = cores - (onCores ? replicas : 1);
  const batchBytes = training.batchSize * 3 * data.imageSize ** 2 * (distillation ? 2 : 1);
  const affordable = Math.floor(memory / 4 / (WORKER_BYTES + BATCHES_AHEAD * batchBytes));
  return Math.max(1, Math.min(Math.max(needed, Math.min(free, useful)), affordable, MOST));
}
