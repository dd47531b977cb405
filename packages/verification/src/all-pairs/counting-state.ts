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

/** Writes what the tables of a memory hold, and reads it back. */
export interface CountingState {
  /** As safetensors: the scores that any pair has, and how many positive and negative pairs have each. */
  write(counted: Counted): Uint8Array;
  /**
   * Puts what `write` gave into tables in which nothing is counted yet.
   * @throws SafetensorsError where the bytes are cut off. Error where they are damaged, no state, or one of other embeddings
   *   or another build of the kernels.
   */
  read(state: Uint8Array): Counted;
}

/** The state of a memory whose rows and labels are in it. */
export function countingState(counting: CountingMemory): CountingState {
  const identity = identityOf(counting);
  return {
    write({ blocks, pairs }) {
      const tensors = tensorsOf(counting);
      const counted = { blocks: String(blocks), pairs: String(pairs), counts: digestOf(tensors) };
      return writeSafetensors(tensors, { ...identity, ...counted });
    },
    read(state) {
      const { tensors, metadata } = readSafetensors(state);
      checkIdentity(metadata, identity);
      if (digestOf(tensors) !== metadata.counts) throw new Error('resumeFrom is damaged: count anew.');
      setTables(counting, tensors);
      return { blocks: Number(metadata.blocks), pairs: Number(metadata.pairs) };
    },
  };
}

function tensorsOf(counting: CountingMemory): SafetensorsFile['tensors'] {
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

function setTables(counting: CountingMemory, tensors: SafetensorsFile['tensors']): void {
  const [scores, positive, negative] = ['scores', 'positive', 'negative'].map(
    (name) => tensors.get(name)!.data as Int32Array | Float64Array,
  );
  const set = countsSetter(counting);
  for (let k = 0; k < scores.length; k++) set(scores[k], positive[k], negative[k]);
}

function digestOf(tensors: SafetensorsFile['tensors']): string {
  const hash = sha256();
  for (const { data } of tensors.values()) hash.update(data);
  return hash.digest('hex');
}

const sha256 = () => process.getBuiltinModule('node:crypto').createHash('sha256');

function checkIdentity(found: Record<string, string>, own: Record<string, string>): void {
  const differs = Object.keys(own).find((name) => found[name] !== own[name]);
  if (differs === undefined) return;
  if (differs === 'format' || differs === 'columns') {
    throw new Error('resumeFrom is not what onCheckpoint of this version was told: count anew.');
  }
  throw new Error(
    differs === 'arithmetic'
      ? `resumeFrom was counted with ${found.arithmetic}, and this engine has ${own.arithmetic}, which rounds otherwise: count anew.`
      : 'resumeFrom is of other embeddings or labels than these: count anew, or give those that it is of.',
  );
}

/** By what a state is known to be of a count: the rows as they lie in memory, their labels, and what their products round as. */
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
