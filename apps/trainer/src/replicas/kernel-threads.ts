import { nativeStatus } from '@unitsphere/native';
import type { Config } from '../config/config.js';
import { UserError } from '../user-error.js';
import { threadsOf } from './threads-of.js';

/** Reductions are divided into 8 parts, so more threads gain little. */
const MOST_BY_DEFAULT = 8;

/** Returns a config whose `training.threads` is a number. @param cores Cores of all replicas of this process. */
export function resolveThreads(config: Config, backend: string, cores: number): Config {
  const { replicas, threads: wanted } = config.training;
  if (wanted !== 'auto') return config;
  const room = Math.floor(cores / (replicas === 'auto' ? 1 : replicas));
  const isNative = backend === 'wasm' && nativeStatus().isa !== undefined;
  const threads = isNative ? Math.max(1, Math.min(room, MOST_BY_DEFAULT)) : 1;
  return { ...config, training: { ...config.training, threads } };
}

/**
 * Checks that the kernels of a backend can run on as many threads as a config wants.
 * @throws UserError if they run on one thread.
 */
export function checkKernelThreads(config: Pick<Config, 'training'>, backend: string): void {
  const threads = threadsOf(config);
  if (threads === 1) return;
  if (backend !== 'wasm') {
    throw new UserError(
      `training.threads is ${threads}, but the backend ${backend} does not divide its kernels`,
      {
        hint: 'Use --set training.threads=auto, or --set backend=wasm with @unitsphere/native.',
      },
    );
  }
  const { isa, detail } = nativeStatus();
  if (isa) return;
  throw new UserError(
    `training.threads is ${threads}, but the WebAssembly kernels run on one thread, and @unitsphere/native is not used: ${detail}`,
    {
      hint: 'Install @unitsphere/native, or run npm run build:native in a clone. Without it, use --set training.threads=auto and a core for each replica: --set training.replicas=auto.',
    },
  );
}

/** Describes a training's use of the cores; undefined for one replica on one thread. @param cores Cores of the machine. */
export function describeReplicas(replicas: number, threads: number, cores: number): string | undefined {
  if (replicas === 1 && threads === 1) return undefined;
  const many =
    threads > 1
      ? `${replicas === 1 ? '1 replica' : `${replicas} replicas`} on ${threads} threads`
      : `${replicas} replicas`;
  const each = replicas > 1 && threads > 1 ? ' each' : '';
  const share = replicas > 1 ? ' share every batch' : ' computes every batch';
  const excess =
    replicas * threads > cores
      ? `; they are more than the ${cores} ${cores === 1 ? 'core' : 'cores'}, so they wait for each other`
      : '';
  return `${many}${each}${share}${excess}`;
}
