import {
  PickleError,
  type PickleOptions,
  RefusedGlobalError,
  readPickle as read,
} from '@unitsphere/core/pickle';
import { CheckpointError } from './checkpoint-error.js';

export type { Global, PickleOptions } from '@unitsphere/core/pickle';

/**
 * Reads a checkpoint's pickle without executing code; see core's `readPickle`.
 * @throws CheckpointError for a global that is not allowed, an unsupported instruction, or a damaged pickle.
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): { value: unknown; end: number } {
  try {
    return read(bytes, options);
  } catch (error) {
    if (error instanceof RefusedGlobalError) {
      throw new CheckpointError(
        `The checkpoint contains ${error.global}, which is refused because it is neither a tensor nor a plain value. In Python, save only the state dict: torch.save(model.state_dict(), file).`,
      );
    }
    if (error instanceof PickleError) {
      throw new CheckpointError(`The checkpoint cannot be read. ${error.message}`);
    }
    throw error;
  }
}
