import type { MessagePort, ResourceLimits } from 'node:worker_threads';
import type { ThreadGroup } from '../thread-group.js';

/** What the supervisor is started with. */
export interface SupervisorStart {
  readonly group: ThreadGroup;
  /** The module that each replica runs: a path or a file URL. */
  readonly file: string;
  /** For each rank from 1 on: what the replica is started with. */
  readonly data: readonly unknown[];
  /** Where it tells the starter's thread. */
  readonly port: MessagePort;
  readonly resourceLimits?: ResourceLimits;
}

/** What a replica finds in its workerData. */
export interface ReplicaStart {
  readonly group: ThreadGroup;
  readonly rank: number;
  readonly data: unknown;
}

/** An error in words: errors themselves lose theirs when they are posted twice. */
export interface ErrorText {
  readonly message: string;
  readonly stack?: string;
}

/** An error, or whatever was thrown, in words. */
export function errorText(thrown: unknown): ErrorText {
  const { message, stack } = thrown instanceof Error ? thrown : { message: String(thrown), stack: undefined };
  return { message, stack };
}

/** From a replica to its supervisor. */
export type ReplicaMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'finished' }
  /** `secondary`: it only met with the end of the group. */
  | { readonly kind: 'failed'; readonly error: ErrorText; readonly secondary: boolean };

/** From the supervisor to the thread that started it. */
export type SupervisorMessage =
  | { readonly kind: 'started' }
  /** Every replica ended; no failure was told of before. */
  | { readonly kind: 'ended' }
  | {
      readonly kind: 'failed';
      readonly rank: number;
      readonly error: ErrorText;
      readonly secondary: boolean;
    };
