import type { MessagePort, ResourceLimits } from 'node:worker_threads';
import type { ThreadGroup } from '../thread-group.js';

/** `workerData` of the supervisor. */
export interface SupervisorStart {
  readonly group: ThreadGroup;
  /** Module that each replica runs: a path or a file URL. */
  readonly file: string;
  /** Data of the replicas, from rank 1 on. */
  readonly data: readonly unknown[];
  /** Port to the thread that started it. */
  readonly port: MessagePort;
  readonly resourceLimits?: ResourceLimits;
}

/** `workerData` of a replica. */
export interface ReplicaStart {
  readonly group: ThreadGroup;
  readonly rank: number;
  readonly data: unknown;
}

/** Message and stack of an error. Error objects lose them when they are posted twice. */
export interface ErrorText {
  readonly message: string;
  readonly stack?: string;
}

/** Returns the message and stack of a thrown value. */
export function errorText(thrown: unknown): ErrorText {
  const { message, stack } = thrown instanceof Error ? thrown : { message: String(thrown), stack: undefined };
  return { message, stack };
}

/** Message of a replica to its supervisor. */
export type ReplicaMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'finished' }
  /** `secondary`: the replica failed only because the group was aborted. */
  | { readonly kind: 'failed'; readonly error: ErrorText; readonly secondary: boolean };

/** Message of the supervisor to the thread that started it. */
export type SupervisorMessage =
  | { readonly kind: 'started' }
  /** Every replica has ended. Failures were reported before. */
  | { readonly kind: 'ended' }
  | {
      readonly kind: 'failed';
      readonly rank: number;
      readonly error: ErrorText;
      readonly secondary: boolean;
    };
