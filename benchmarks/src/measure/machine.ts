import { availableParallelism, cpus, totalmem, type } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';

/** The machine and the software that figures were measured with. */
export interface Machine {
  /** Model name of the processor. */
  cpu: string;
  /** Number of cores that this process may use. */
  cores: number;
  memoryBytes: number;
  system: string;
  node: string;
  tfjs: string;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${process.arch}`,
    node: process.version,
    tfjs: tf.version_core,
  };
}

/** Formats the description of a machine in one line. */
export function formatMachine({ cpu, cores, memoryBytes, system, node, tfjs }: Machine): string {
  return `${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${system}, Node ${node.slice(1)}, TensorFlow.js ${tfjs}`;
}
