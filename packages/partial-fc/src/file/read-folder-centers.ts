import type { StateDict } from '@unitsphere/core';
import { CenterStoreError } from '../errors.js';
import { decodeFileStates } from '../state/file-state.js';
import { findCenterFiles, idKey } from './center-files.js';
import { GenerationReader } from './generation-reader.js';

/**
 * Yields the class centers of a checkpoint whose files are in a folder, in blocks: class numbers, ascending, and centers, float32
 * [classes, dimensions]. Only centers that were updated are in files, and nothing is changed there.
 * @param state A state of `gatherCentersState`.
 * @throws CenterStoreError if a file is missing, damaged or of another checkpoint.
 */
export function* readFolderCenters(
  folder: string,
  state: StateDict,
): Generator<{ classes: Int32Array; centers: Float32Array }> {
  const { paths, unreadable } = findCenterFiles(folder);
  for (const file of decodeFileStates(state)) {
    const path = paths.get(idKey(file.fileId));
    if (path === undefined) {
      throw new CenterStoreError(
        `a file with the checkpoint's class centers is not in ${folder}. ${[...unreadable.values(), 'Copy it there.'].join(' ')}`,
      );
    }
    const reader = GenerationReader.open(path, file);
    try {
      for (const { classes, records } of reader.rows(0, Number.POSITIVE_INFINITY)) {
        const { dimensions } = reader.layout;
        const centers = new Float32Array(classes.length * dimensions);
        for (let i = 0; i < classes.length; i++) centers.set(records.rowOf(i, 0), i * dimensions);
        yield { classes: classes.slice(), centers };
      }
    } finally {
      reader.close();
    }
  }
}
