import { describeMemory } from '../memory.js';
import { diskRemedy, explainRunDiskError } from '../run/disk-error.js';
import { UserError } from '../user-error.js';

/**
 * Explains an error of the machine, such as a full disk or exhausted memory, that no part of the program has explained.
 * @returns undefined for any other error.
 */
export function explainFailure(thrown: unknown): UserError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const explained = explainOutOfMemory(error) ?? explainDisk(error);
    if (explained) return explained;
  }
  return undefined;
}

const OUT_OF_MEMORY =
  /out of memory|array buffer allocation failed|invalid array buffer length|could not allocate memory|maximum memory size exceeded|ENOMEM/i;

function explainOutOfMemory(error: Error): UserError | undefined {
  if (!OUT_OF_MEMORY.test(error.message)) return undefined;
  return new UserError(`memory ran out: ${error.message}`, {
    hint: `${describeMemory()}. What takes less: a smaller batch (--set training.batchSize=…), one replica (--set training.replicas=1), class centers in a file (--set loss.partialFc.store=file).`,
    cause: error,
  });
}

function explainDisk(error: NodeJS.ErrnoException): UserError | undefined {
  const reason = explainRunDiskError(error);
  if (reason === undefined) return undefined;
  const what = error.path === undefined ? `a file (${error.syscall})` : error.path;
  return new UserError(`cannot use ${what}: ${reason}`, {
    hint: `${diskRemedy(error)}, then start again.`,
    cause: error,
  });
}
