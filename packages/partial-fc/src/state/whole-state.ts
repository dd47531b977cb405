import type { NumericArray } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import { CenterFilesError, CenterStoreError } from '../errors.js';
import type { PartialFC } from '../partial-fc.js';
import { decodeCentersState, encodeCentersState, lossStateOf, storeStateOf } from './centers-state.js';
import { centersFileCount, decodeFileState, encodeFileState, isFileTensor } from './file-state.js';

/**
 * Gathers the state of all ranks on rank 0; returns undefined on the other ranks. All ranks call it together.
 *
 * For centers in memory the result is the state of one rank that owns all classes, so it does not depend on the number of
 * ranks. For centers in files it holds the generation of each rank's file, int32 [ranks, 2], in place of rows.
 */
export async function gatherCentersState(partialFC: PartialFC): Promise<StateDict | undefined> {
  const { communicator, classes, stepCount } = partialFC;
  const own = await partialFC.stateDict();
  const tensors: StateDict = new Map();
  for (const [name, tensor] of storeStateOf(own)) {
    const data = communicator.gather(tensor.data as NumericArray);
    const shape = isFileTensor(name)
      ? [communicator.size, ...tensor.shape]
      : [classes, ...tensor.shape.slice(1)];
    if (data) tensors.set(name, { ...tensor, shape, data });
  }
  if (communicator.rank !== 0) return undefined;
  const { rates } = decodeCentersState(own);
  const whole = { classes, firstClass: 0, rows: classes, step: stepCount, rates };
  return encodeCentersState(whole, tensors, lossStateOf(own));
}

/**
 * Restores a PartialFC from a state of {@link gatherCentersState}. Every rank calls it with the same state. The number of ranks may
 * differ from that of the state, except for centers in a `fileStore`.
 * @throws CenterFilesError if those are in files of another number of ranks; what `loadStateDict` throws.
 */
export async function restoreCentersState(partialFC: PartialFC, whole: StateDict): Promise<void> {
  const { rank, size } = partialFC.communicator;
  const files = centersFileCount(whole);
  if (files === undefined) return partialFC.loadStateDict(whole);
  const { spec, restoresAllFiles } = partialFC.store;
  if (files !== size && !restoresAllFiles) throw new CenterFilesError(files, size);
  const { firstClass, rows } = spec;
  const centers = { ...decodeCentersState(whole), firstClass, rows };
  const own = restoresAllFiles ? storeStateOf(whole) : centersFileState(whole, rank);
  await partialFC.loadStateDict(encodeCentersState(centers, own, lossStateOf(whole)));
}

/**
 * Returns the part of a whole state that `restore` of one rank's file store takes.
 * @throws CenterStoreError if the state has no file of that rank.
 */
export function centersFileState(whole: StateDict, rank: number): StateDict {
  const state = decodeFileState(whole, rank);
  if (!state) throw new CenterStoreError(`the saved state has no file of centers for rank ${rank}.`);
  return encodeFileState(state);
}
