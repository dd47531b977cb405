import { UserError } from '../user-error.js';

/** @throws UserError if a run with center files, one per replica, is resumed with another number of replicas. */
export function checkFileRanks(files: number, replicas: number): void {
  if (files !== replicas) throw fileRanksError(files, replicas);
}

/** Returns the error for center files of another number of replicas. */
export function fileRanksError(files: number, replicas: number): UserError {
  return new UserError(
    `the run's class centers are in ${files} file${files === 1 ? '' : 's'}, one per replica, but there ${replicas === 1 ? 'is 1 replica' : `are ${replicas} replicas`}`,
    { hint: `Resume with the same number of replicas: --set training.replicas=${files}` },
  );
}
