import {
  type HostTensor,
  readSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from '@unitsphere/core/safetensors';
import type { Counted } from './count-on-threads.js';
import { usesRelaxedSimd } from './kernels.js';
import { type CountingMemory, countsSetter, forEachScoreDescending } from './memory.js';

const FORMAT = 'unitsphere all-pairs 1';

/** Saves the tables of a memory and restores them. */
export interface CountingState {
  /** Returns a safetensors file with each score that has pairs and its numbers of positive and negative pairs. */
  write(counted: Counted): Uint8Array;
  /**
   * Restores what `write` returned into empty tables.
   * @throws SafetensorsError if the bytes are cut off.
   * @throws Error if the bytes are damaged, not a state, or a state of other embeddings or of another build of the kernels.
   */
  read(state: Uint8Array): Counted;
}

/** Returns the state of a memory that already holds its rows and labels. */
export function countingState(counting: CountingMemory): CountingState {
  const identity = identityOf(counting);
  return {
    write({ blocks, pairs }) {
      const tables = readTables(counting);
      const counted = { blocks: String(blocks), pairs: String(pairs), counts: digestOf(tables) };
      return writeSafetensors(tables, { ...identity, ...counted });
    },
    read(state) {
      const { tensors, metadata } = readSafetensors(state);
      checkIdentity(metadata, identity);
      if (digestOf(tensors) !== metadata.counts) {
        throw new Error('resumeFrom is damaged: leave it out to start from the beginning.');
      }
      setTables(counting, tensors);
      return { blocks: Number(metadata.blocks), pairs: Number(metadata.pairs) };
    },
  };
}

function readTables(counting: CountingMemory): SafetensorsFile['tensors'] {
  let count = 0;
  forEachScoreDescending(counting, () => count++);
  const scores = new Int32Array(count);
  const [positive, negative] = [new Float64Array(count), new Float64Array(count)];
  let at = 0;
  forEachScoreDescending(counting, (score, positives, negatives) => {
    scores[at] = score;
    positive[at] = positives;
    negative[at++] = negatives;
  });
  const tensor = (dtype: 'I32' | 'F64', data: HostTensor['data']) => ({ dtype, shape: [count], data });
  return new Map([
    ['positive', tensor('F64', positive)],
    ['negative', tensor('F64', negative)],
    ['scores', tensor('I32', scores)],
  ]);
}

function setTables(counting: CountingMemory, tables: SafetensorsFile['tensors']): void {
  const values = (name: string): Int32Array | Float64Array => {
    const data = tables.get(name)?.data;
    if (data instanceof Int32Array || data instanceof Float64Array) return data;
    throw new Error(`resumeFrom has no table "${name}": leave it out to start from the beginning.`);
  };
  const [scores, positive, negative] = [values('scores'), values('positive'), values('negative')];
  const set = countsSetter(counting);
  for (let k = 0; k < scores.length; k++) set(scores[k], positive[k], negative[k]);
}

function digestOf(tensors: SafetensorsFile['tensors']): string {
  const hash = sha256();
  for (const { data } of tensors.values()) hash.update(data);
  return hash.digest('hex');
}

const sha256 = () => process.getBuiltinModule('node:crypto').createHash('sha256');

function checkIdentity(found: Record<string, string>, expected: Record<string, string>): void {
  const differing = Object.keys(expected).find((name) => found[name] !== expected[name]);
  if (differing === undefined) return;
  if (differing === 'format' || differing === 'columns') {
    throw new Error(
      'resumeFrom is not a state from onCheckpoint of this version: leave it out to start from the beginning.',
    );
  }
  throw new Error(
    differing === 'arithmetic'
      ? `resumeFrom was counted with ${found.arithmetic}, but this engine has ${expected.arithmetic}, which rounds differently: leave it out to start from the beginning.`
      : 'resumeFrom belongs to other embeddings or labels: pass those, or leave it out to start from the beginning.',
  );
}

/** Returns what identifies a count: digests of the rows in memory and their labels, and the rounding of products. */
function identityOf({
  memory,
  x,
  labels,
  rows,
  dimensions,
  kernels,
}: CountingMemory): Record<string, string> {
  const hash = sha256();
  const values = new Uint8Array(memory.buffer, x, rows * dimensions * 4);
  for (let at = 0; at < values.length; at += 2 ** 26) hash.update(values.subarray(at, at + 2 ** 26));
  hash.update(new Uint8Array(memory.buffer, labels, rows * 4));
  return {
    format: FORMAT,
    columns: String(kernels.COLUMNS.value),
    embeddings: `${rows} x ${dimensions}`,
    sha256: hash.digest('hex'),
    arithmetic: usesRelaxedSimd() ? 'fused multiply-add' : 'multiply and add',
  };
}
