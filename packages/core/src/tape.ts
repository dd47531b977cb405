import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameter.js';
import type { Recorder, TapeNode } from './recorder.js';
import { SavedTensors, type SavedTensorsHooks } from './saved-tensors.js';

/** Options of {@link Pullback.pullback}. */
export interface PullbackOptions {
  /**
   * Called during the backward pass for each gradient, as soon as it is complete. It can then be sent to other replicas, while the
   * gradients of earlier layers are still computed.
   * @param index Number of the parameter.
   * @param gradient It is also returned in the end; not to be disposed.
   */
  onGradient?: (index: number, gradient: tf.Tensor) => void;
}

/** The value of a forward pass, and its pullback to the parameters. */
export interface Pullback<T extends tf.Tensor> {
  /** What f returned; the caller disposes of it. */
  value: T;
  /**
   * Runs the backward pass: computes the vector-Jacobian product, the gradient of sum(value · dy) for each parameter. It
   * can be called only once, because it frees the saved tensors.
   *
   * @param dy Gradient of the value: float32 of its shape; not disposed. Default: ones.
   * @returns The gradients in the order of the parameters; null for a parameter that f does not use or that is not trainable.
   *   The caller disposes of them.
   * @throws Error at a second call, or if dy's shape or dtype differs.
   */
  pullback(dy?: tf.Tensor, options?: PullbackOptions): (tf.Tensor | null)[];
  /** Frees the saved tensors without a backward pass. */
  dispose(): void;
}

/**
 * Runs a forward pass and records its tape, so that the gradient of a later function of the value, such as a loss over
 * sharded classes, can be pulled back to the parameters. The backward pass frees each saved tensor and each intermediate
 * gradient right after its use. `tf.grads` keeps all of them to its end, which takes about twice the memory.
 *
 * @param f Computes a tensor from the parameters; its intermediate tensors are freed.
 * @param options.savedTensorsHooks Hooks that decide how saved tensors are stored. Default: unchanged.
 * @throws Error inside another gradient (`tf.grad`, or f calling this function). Use `tf.grads` for gradients of gradients.
 */
export function forwardAndPullback<T extends tf.Tensor>(
  f: () => T,
  parameters: readonly Parameter[],
  { savedTensorsHooks }: { savedTensorsHooks?: SavedTensorsHooks } = {},
): Pullback<T> {
  const saved = savedTensorsHooks && new SavedTensors(savedTensorsHooks);
  const { value, tape } = record(f, saved);
  const variables = parameters.map(({ variable }) => variable);
  let isConsumed = false;
  const dispose = () => {
    for (const node of tape) freeSaved(node, saved);
    tape.length = 0;
  };
  return {
    value,
    pullback(dy, { onGradient } = {}) {
      if (isConsumed) throw new Error('pullback: it can be called only once; run the forward pass again.');
      if (dy) checkLikeValue(dy, value);
      isConsumed = true;
      try {
        return backpropagate(tape, variables, { value, dy, saved, onGradient });
      } finally {
        dispose();
      }
    },
    dispose() {
      isConsumed = true;
      dispose();
    },
  };
}

/** Runs the forward pass and returns its value and tape. */
function record<T extends tf.Tensor>(f: () => T, saved?: SavedTensors): { value: T; tape: TapeNode[] } {
  const engine = tf.engine() as unknown as Recorder;
  if (engine.state.gradientDepth !== 0) {
    throw new Error('forwardAndPullback: it was called inside another gradient; use tf.grads there.');
  }
  const tape = saved ? saved.createTape(engine) : [];
  engine.startTape();
  engine.state.activeTape = tape;
  try {
    return { value: tf.tidy(f), tape };
  } catch (error) {
    for (const node of tape) freeSaved(node, saved);
    throw error;
  } finally {
    engine.endTape();
    engine.state.activeTape = null;
  }
}

/**
 * Runs the backward pass: walks the tape in reverse and accumulates gradients. Each node's saved tensors and the gradients
 * of its outputs are freed as soon as they are used.
 */
function backpropagate(
  tape: TapeNode[],
  variables: tf.Variable[],
  {
    value,
    dy,
    saved,
    onGradient,
  }: { value: tf.Tensor; dy?: tf.Tensor; saved?: SavedTensors } & PullbackOptions,
): (tf.Tensor | null)[] {
  const trainable = variables.filter((variable) => variable.trainable);
  const dependent = findDependentTensors(tape, trainable);
  const gradients = new Map<number, tf.Tensor>();
  const completedBy = onGradient && findFirstUses(tape, trainable);
  try {
    gradients.set(value.id, dy ? tf.clone(dy) : tf.ones(value.shape));
    for (let node = tape.pop(); node; node = tape.pop()) {
      const dys = node.outputs.map(({ id }) => gradients.get(id) ?? null);
      const inputs = Object.entries(node.inputs).flatMap(([name, tensor]) =>
        tensor && dependent.has(tensor.id) ? [{ name, tensor }] : [],
      );
      try {
        if (inputs.length > 0 && dys.some((gradient) => gradient !== null)) {
          const found = inputGradients(node, dys, inputs, saved);
          inputs.forEach(({ tensor }, i) => {
            accumulate(gradients, tensor.id, found[i]);
          });
        }
      } finally {
        freeSaved(node, saved);
      }
      for (const { id } of node.outputs) {
        gradients.get(id)?.dispose();
        gradients.delete(id);
      }
      for (const variable of completedBy?.get(node) ?? []) {
        const gradient = gradients.get(variable.id);
        if (gradient) onGradient?.(variables.indexOf(variable), gradient);
      }
    }
    const trainableIds = new Set(trainable.map(({ id }) => id));
    // Only if f returned a constant is another gradient left: that of the value itself.
    for (const [id, gradient] of gradients) if (!trainableIds.has(id)) gradient.dispose();
    return variables.map(({ id }) => (trainableIds.has(id) ? (gradients.get(id) ?? null) : null));
  } catch (error) {
    tf.dispose([...gradients.values()]);
    throw error;
  }
}

/** Returns for each node the variables that it is the first to use. The backward pass completes their gradients there. */
function findFirstUses(
  tape: readonly TapeNode[],
  variables: readonly tf.Variable[],
): Map<TapeNode, tf.Variable[]> {
  const unused = new Map(variables.map((variable) => [variable.id, variable]));
  const firstUses = new Map<TapeNode, tf.Variable[]>();
  for (const node of tape) {
    for (const input of Object.values(node.inputs)) {
      const variable = input && unused.get(input.id);
      if (!variable) continue;
      unused.delete(variable.id);
      firstUses.set(node, [...(firstUses.get(node) ?? []), variable]);
    }
  }
  return firstUses;
}

/** Returns the ids of the variables and of all tensors that are computed from them. */
function findDependentTensors(tape: readonly TapeNode[], variables: readonly tf.Tensor[]): Set<number> {
  const ids = new Set(variables.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    if (Object.values(inputs).some((input) => input && ids.has(input.id))) {
      for (const { id } of outputs) ids.add(id);
    }
  }
  return ids;
}

/** Computes one node's vector-Jacobian product. @returns The gradients of the given inputs. */
function inputGradients(
  node: TapeNode,
  dys: (tf.Tensor | null)[],
  inputs: readonly { name: string; tensor: tf.Tensor }[],
  saved?: SavedTensors,
): tf.Tensor[] {
  const { kernelName, gradient: vectorJacobianProduct } = node;
  if (!vectorJacobianProduct) {
    throw new Error(
      `The operation ${kernelName} has no gradient. Import @unitsphere/core before using it, which registers the gradients of stock operations, or do not compute trained values with it.`,
    );
  }
  return tf.tidy(() => {
    saved?.unpack(node);
    const gradientOf = vectorJacobianProduct(dys);
    const seen = new Set<tf.Tensor>();
    return inputs.map(({ name, tensor: { shape } }) => {
      const gradient = gradientOf[name]?.();
      if (!gradient) throw new Error(`The gradient of ${kernelName} for its input ${name} is missing.`);
      if (gradient.dtype !== 'float32' || !tf.util.arraysEqual(gradient.shape, shape)) {
        throw new Error(
          `The gradient of ${kernelName} for its input ${name} is ${gradient.dtype} of shape [${gradient.shape}], not float32 of [${shape}].`,
        );
      }
      // Gradients are freed one by one, so a gradient that is passed through or returned twice is cloned.
      const own = dys.includes(gradient) || seen.has(gradient) ? tf.clone(gradient) : gradient;
      seen.add(own);
      return own;
    });
  });
}

/** Adds a gradient to that of the tensor `id` and takes ownership of it. */
function accumulate(gradients: Map<number, tf.Tensor>, id: number, gradient: tf.Tensor): void {
  const sum = gradients.get(id);
  gradients.set(id, sum ? tf.add(sum, gradient) : gradient);
  if (sum) tf.dispose([sum, gradient]);
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
