import type { Failure } from './failure.js';
import { TEXTS } from './texts.js';

/** Describes a worker whose script failed. */
export function describeWorkerFailure({ message }: { message?: string }): Failure {
  return {
    title: TEXTS.page.workerFailed,
    message: message || TEXTS.page.scriptMissing,
    hint: TEXTS.page.reload,
    isBug: true,
  };
}
