import { readFolderCenters } from '@unitsphere/partial-fc/file';
import type { Config } from '../config/config.js';
import { countSubCenters } from '../config/count-sub-centers.js';
import type { CenterBlock } from '../replicas/broadcast-centers.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import { type CheckpointFiles, centersStateOf } from '../step/checkpoint-files.js';

const ROWS_AT_ONCE = 4096;

/** Yields the class centers of a checkpoint in blocks. Center files yield only rows that were updated. */
export async function* readCenters(
  run: RunDirectory,
  config: Config,
  classes: number,
  files: CheckpointFiles,
): AsyncGenerator<CenterBlock> {
  const state = centersStateOf(files);
  const dimensions = widthOfCenters(config);
  const weight = state.get('weight');
  if (weight) {
    const values = weight.data as Float32Array;
    for (let from = 0; from < classes; from += ROWS_AT_ONCE) {
      const to = Math.min(classes, from + ROWS_AT_ONCE);
      yield { classes: range(from, to), centers: values.subarray(from * dimensions, to * dimensions) };
    }
    return;
  }
  yield* readFolderCenters(run.file(RUN_FILES.centers), state);
}

/** Returns the number of values of a class: those of its center, or of its sub-centers. */
export const widthOfCenters = (config: Config): number =>
  config.model.embeddingSize * countSubCenters(config);

/** Renumbers centers, ascending in each block, and drops those whose new number is −1. */
export async function* renumberCenters(
  blocks: AsyncIterable<CenterBlock>,
  newClass: Int32Array,
  dimensions: number,
): AsyncGenerator<CenterBlock> {
  for await (const { classes, centers } of blocks) {
    const rows = Int32Array.from(classes.keys())
      .filter((row) => newClass[classes[row]] >= 0)
      .sort((a, b) => newClass[classes[a]] - newClass[classes[b]]);
    if (rows.length === 0) continue;
    yield {
      classes: rows.map((row) => newClass[classes[row]]),
      centers: pickRows(centers, rows, dimensions),
    };
  }
}

function pickRows(values: Float32Array, rows: Int32Array, dimensions: number): Float32Array {
  const out = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => {
    out.set(values.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  });
  return out;
}

const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);
