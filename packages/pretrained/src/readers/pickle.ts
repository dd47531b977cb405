import {
  PickleError,
  type PickleOptions,
  RefusedGlobalError,
  readPickle as read,
} from '@unitsphere/core/pickle';
import { CheckpointError } from './checkpoint-error.js';

export type { Global, PickleOptions } from '@unitsphere/core/pickle';

/**
 * The value of a checkpoint's pickle, of which nothing is executed, and where the pickle ends.
 * @throws CheckpointError for a global that is not allowed (by its name), an instruction that is not read, or a damaged pickle.
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): { value: unknown; end: number } {
  try {
    return read(bytes, options);
  } catch (error) {
    if (error instanceof RefusedGlobalError) {
      throw new CheckpointError(
        `The checkpoint names ${error.global}, which is neither a tensor nor a plain value and is refused. In Python, save the state dict alone: torch.save(model.state_dict(), file).`,
      );
    }
    if (error instanceof PickleError) {
      throw new CheckpointError(`The checkpoint cannot be read. ${error.message}`);
    }
    throw error;
  }
}
