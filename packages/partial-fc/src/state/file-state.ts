import type { StateDict } from '@unitsphere/core';

/** Random number of a center file. */
export type FileId = readonly [number, number];

/** Saved state of a store in a file: identifies a checkpoint that the file can restore. */
export interface FileState {
  /** Number of the generation and the random number that it was sealed with. */
  generation: readonly [generation: number, sealId: number];
  fileId: FileId;
}

/** Names of the two tensors, int32 [2] each. */
const GENERATION = 'generation';
const FILE_ID = 'file_id';

/** Whether a tensor of a saved state belongs to a {@link FileState}. */
export const isFileTensor = (name: string): boolean => name === GENERATION || name === FILE_ID;

/** Returns the tensors of a file's state. */
export function encodeFileState({ generation, fileId }: FileState): StateDict {
  return new Map([
    [GENERATION, { dtype: 'I32', shape: [2], data: Int32Array.from(generation) }],
    [FILE_ID, { dtype: 'I32', shape: [2], data: Int32Array.from(fileId) }],
  ]);
}

/** Returns the states of the files that the centers of a saved state are in; none if the state itself holds the centers. */
export function decodeFileStates(state: StateDict): FileState[] {
  const count = centersFileCount(state) ?? 0;
  return Array.from({ length: count }, (_, rank) => decodeFileState(state, rank)).filter(
    (file) => file !== undefined,
  );
}

/** Returns the state of one rank's file; undefined if the saved state holds none for it. */
export function decodeFileState(state: StateDict, rank = 0): FileState | undefined {
  const pairOf = (name: string): [number, number] | undefined => {
    const data = state.get(name)?.data as Int32Array | undefined;
    return data && data.length >= 2 * rank + 2 ? [data[2 * rank], data[2 * rank + 1]] : undefined;
  };
  const [generation, fileId] = [pairOf(GENERATION), pairOf(FILE_ID)];
  return generation && fileId && { generation, fileId };
}

/**
 * Returns the number of files, one per rank, that the centers of a saved state are in; undefined if the state itself holds
 * the centers.
 */
export function centersFileCount(state: StateDict): number | undefined {
  const generation = state.get(GENERATION);
  return generation && generation.data.length / 2;
}

/** Returns the random numbers of these files, which `folderStore` takes; undefined if the state itself holds the centers. */
export function centersFileIds(state: StateDict): FileId[] | undefined {
  return centersFileCount(state) === undefined
    ? undefined
    : decodeFileStates(state).map(({ fileId }) => fileId);
}
