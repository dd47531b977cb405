import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameter.js';
import type { Recorder, TapeNode } from './recorder.js';
import { SavedTensors, type SavedTensorsHooks } from './saved-tensors.js';

/** A value computed from parameters, and the way back from it. */
export interface Pullback<T extends tf.Tensor> {
  /** What f returned; the caller disposes of it. */
  value: T;
  /**
   * The gradient of sum(value · dy) for each parameter, in their order; null for one that f does not use. It can be
   * called once: what the forward pass kept for it is freed on the way.
   * @param dy float32 of value's shape; not disposed. Left out, all ones.
   * @throws Error at a second call, or where dy's shape or dtype differs.
   */
  pullback(dy?: tf.Tensor): (tf.Tensor | null)[];
  /** Frees what the forward pass kept, for a value whose gradient is not wanted. */
  dispose(): void;
}

/**
 * Computes f and keeps what its gradient needs, so that the gradient of a later function of the value (a loss over
 * sharded classes, say) can be pulled back to the parameters. Every tensor is freed as soon as the way back has passed
 * it, where tf.grads keeps all of them to its end: about half the memory.
 * @param f Computes a tensor from the parameters; intermediate tensors are freed.
 * @param options.savedTensorsHooks How what the gradient reads is kept until then. Default: as it is.
 * @throws Error inside another gradient (tf.grad, or f itself calling this): gradients of gradients are tf.grads'.
 */
export function forwardAndPullback<T extends tf.Tensor>(
  f: () => T,
  parameters: readonly Parameter[],
  { savedTensorsHooks }: { savedTensorsHooks?: SavedTensorsHooks } = {},
): Pullback<T> {
  const saved = savedTensorsHooks && new SavedTensors(savedTensorsHooks);
  const { value, tape } = record(f, saved);
  const variables = parameters.map(({ variable }) => variable);
  let pulled = false;
  const dispose = () => {
    for (const node of tape) freeSaved(node, saved);
    tape.length = 0;
  };
  return {
    value,
    pullback(dy) {
      if (pulled) throw new Error('pullback: the way back can be gone once; run the forward pass again.');
      if (dy) checkLikeValue(dy, value);
      pulled = true;
      try {
        return backpropagate(tape, variables, { value, dy, saved });
      } finally {
        dispose();
      }
    },
    dispose() {
      pulled = true;
      dispose();
    },
  };
}

function record<T extends tf.Tensor>(f: () => T, saved?: SavedTensors): { value: T; tape: TapeNode[] } {
  const engine = tf.engine() as unknown as Recorder;
  if (engine.state.gradientDepth !== 0) {
    throw new Error('forwardAndPullback: it was called inside another gradient; use tf.grads there.');
  }
  engine.startTape();
  if (saved) engine.state.activeTape = saved.tape(engine);
  try {
    const value = tf.tidy(f);
    return { value, tape: engine.state.activeTape! };
  } catch (error) {
    for (const node of engine.state.activeTape!) freeSaved(node, saved);
    throw error;
  } finally {
    engine.endTape();
    engine.state.activeTape = null;
  }
}

/** Walks the tape backward; frees each node's saved tensors and its outputs' gradients as soon as they are used. */
function backpropagate(
  tape: TapeNode[],
  variables: tf.Variable[],
  { value, dy, saved }: { value: tf.Tensor; dy?: tf.Tensor; saved?: SavedTensors },
): (tf.Tensor | null)[] {
  const trainable = variables.filter((variable) => variable.trainable);
  const fromVariables = tensorsFrom(tape, trainable);
  const gradients = new Map<number, tf.Tensor>();
  try {
    gradients.set(value.id, dy ? tf.clone(dy) : tf.ones(value.shape));
    for (let node = tape.pop(); node; node = tape.pop()) {
      const dys = node.outputs.map(({ id }) => gradients.get(id) ?? null);
      const wanted = Object.entries(node.inputs).filter(([, input]) => input && fromVariables.has(input.id));
      try {
        if (wanted.length > 0 && dys.some((gradient) => gradient !== null)) {
          const found = inputGradients(
            node,
            dys,
            wanted.map(([name]) => name),
            saved,
          );
          wanted.forEach(([, input], i) => {
            accumulate(gradients, input!.id, found[i]);
          });
        }
      } finally {
        freeSaved(node, saved);
      }
      for (const { id } of node.outputs) {
        gradients.get(id)?.dispose();
        gradients.delete(id);
      }
    }
    const wantedIds = new Set(trainable.map(({ id }) => id));
    // Only where f gave a constant is there a gradient of something else left: that of the value itself.
    for (const [id, gradient] of gradients) if (!wantedIds.has(id)) gradient.dispose();
    return variables.map(({ id }) => (wantedIds.has(id) ? (gradients.get(id) ?? null) : null));
  } catch (error) {
    tf.dispose([...gradients.values()]);
    throw error;
  }
}

/** The ids of everything that is computed from the variables, and their own. */
function tensorsFrom(tape: readonly TapeNode[], variables: readonly tf.Tensor[]): Set<number> {
  const ids = new Set(variables.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    if (Object.values(inputs).some((input) => input && ids.has(input.id))) {
      for (const { id } of outputs) ids.add(id);
    }
  }
  return ids;
}

function inputGradients(
  node: TapeNode,
  dys: (tf.Tensor | null)[],
  names: string[],
  saved?: SavedTensors,
): tf.Tensor[] {
  if (!node.gradient) {
    throw new Error(
      `The operation ${node.kernelName} has no gradient. Import @unitsphere/core before it is used (it registers those of stock operations), or leave it out of what is trained.`,
    );
  }
  return tf.tidy(() => {
    saved?.unpack(node);
    const gradientOf = node.gradient!(dys);
    const seen = new Set<tf.Tensor>();
    return names.map((name) => {
      const gradient = gradientOf[name]?.();
      if (!gradient) throw new Error(`The gradient of ${node.kernelName} for its input ${name} is missing.`);
      const { shape } = node.inputs[name]!;
      if (gradient.dtype !== 'float32' || !tf.util.arraysEqual(gradient.shape, shape)) {
        throw new Error(
          `The gradient of ${node.kernelName} for its input ${name} is ${gradient.dtype} of shape [${gradient.shape}], not float32 of [${shape}].`,
        );
      }
      // Each gradient is freed by itself, so one that is passed through or given twice needs a handle of its own.
      const own = dys.includes(gradient) || seen.has(gradient) ? tf.clone(gradient) : gradient;
      seen.add(own);
      return own;
    });
  });
}

function accumulate(gradients: Map<number, tf.Tensor>, id: number, gradient: tf.Tensor): void {
  const before = gradients.get(id);
  gradients.set(id, before ? tf.add(before, gradient) : gradient);
  if (before) tf.dispose([before, gradient]);
}

function freeSaved(node: TapeNode, saved?: SavedTensors): void {
  saved?.free(node);
  for (const tensor of node.saved ?? []) tensor.dispose();
}

function checkLikeValue(dy: tf.Tensor, value: tf.Tensor): void {
  if (dy.dtype !== 'float32' || !tf.util.arraysEqual(dy.shape, value.shape)) {
    throw new Error(
      `pullback: dy must be float32 of the value's shape [${value.shape}], but it is ${dy.dtype} of shape [${dy.shape}].`,
    );
  }
}
