import * as tf from '@tensorflow/tfjs-core';
import type { Module } from '@unitsphere/core';

/** Value of a traced computation. Its id is unique within the trace. */
export interface TracedValue {
  id: number;
  shape: readonly number[];
}

/** One operation of a traced computation: a kernel of TensorFlow.js with its inputs by name. */
export interface TracedCall {
  kernel: string;
  inputs: Readonly<Record<string, TracedValue>>;
  attrs: Readonly<Record<string, unknown>>;
  output: TracedValue;
}

/** Values that do not depend on the input: a parameter, or a constant that the computation created. */
export interface TracedConstant {
  /** State-dict key of a parameter; undefined for other constants. */
  name?: string;
  shape: readonly number[];
  data: Float32Array;
}

/** The operations that lead from an input to an output. */
export interface Trace {
  calls: TracedCall[];
  constants: Map<number, TracedConstant>;
  input: TracedValue;
  output: TracedValue;
}

/**
 * Runs a computation once and records its operations. Every operation of TensorFlow.js, and each of ours, runs through
 * `engine().runKernel`, so a computation made of any modules is recorded without their cooperation. Operations inside a kernel
 * are not recorded. Operations on constants alone become constants.
 * @param modules Modules whose parameters get names, by the prefix of their keys.
 */
export async function traceForward(
  modules: Readonly<Record<string, Module>>,
  x: tf.Tensor,
  forward: (x: tf.Tensor) => tf.Tensor,
): Promise<Trace> {
  const names = nameParameters(modules);
  const calls: TracedCall[] = [];
  const held = new Map<number, tf.Tensor>();
  const computed = new Set([x.id]);
  const describe = ({ id, shape }: tf.Tensor): TracedValue => ({ id, shape: [...shape] });

  const record: Observer = (kernel, inputs, attrs, outputs) => {
    const entries = Object.entries(inputs).filter((entry): entry is [string, tf.Tensor] => Boolean(entry[1]));
    if (!entries.some(([, tensor]) => computed.has(tensor.id))) return;
    for (const [, tensor] of entries) {
      if (computed.has(tensor.id) || held.has(tensor.id)) continue;
      held.set(tensor.id, tf.keep(tf.clone(tensor)));
    }
    for (const output of outputs) computed.add(output.id);
    calls.push({
      kernel,
      inputs: Object.fromEntries(entries.map(([name, tensor]) => [name, describe(tensor)])),
      attrs,
      output: describe(outputs[0]),
    });
  };

  try {
    const output = tf.tidy(() => {
      const y = observeKernels(record, () => forward(x));
      return tf.keep(y);
    });
    const traced = describe(output);
    if (output !== x) output.dispose();
    const constants = new Map<number, TracedConstant>();
    for (const [id, tensor] of held) {
      const data = (await tensor.data()) as Float32Array;
      constants.set(id, { name: names.get(id), shape: [...tensor.shape], data });
    }
    return { calls, constants, input: describe(x), output: traced };
  } finally {
    for (const tensor of held.values()) tensor.dispose();
  }
}

type Observer = (
  kernel: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: Readonly<Record<string, unknown>>,
  outputs: tf.Tensor[],
) => void;

/** Runs `fn` and reports every operation that it starts, but not the operations inside those. */
function observeKernels<T>(observer: Observer, fn: () => T): T {
  const engine = tf.engine();
  const { runKernel } = engine;
  let isInside = false;
  engine.runKernel = ((kernel: string, inputs: tf.NamedTensorMap, attrs?: tf.NamedAttrMap) => {
    if (isInside) return runKernel.call(engine, kernel, inputs, attrs);
    isInside = true;
    try {
      const result = runKernel.call(engine, kernel, inputs, attrs) as tf.Tensor | tf.Tensor[];
      observer(kernel, inputs, { ...attrs }, Array.isArray(result) ? result : [result]);
      return result;
    } finally {
      isInside = false;
    }
  }) as typeof engine.runKernel;
  try {
    return fn();
  } finally {
    // The method of the class shows through again.
    delete (engine as { runKernel?: unknown }).runKernel;
  }
}

function nameParameters(modules: Readonly<Record<string, Module>>): Map<number, string> {
  return new Map(
    Object.entries(modules).flatMap(([prefix, module]) =>
      [...module.namedParameters(`${prefix}.`), ...module.namedBuffers(`${prefix}.`)].map(
        ([name, { variable }]) => [variable.id, name] as const,
      ),
    ),
  );
}
