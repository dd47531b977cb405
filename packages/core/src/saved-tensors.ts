import * as tf from '@tensorflow/tfjs-core';
import type { Recorder, TapeNode } from './recorder.js';

/**
 * Hooks that decide how tensors saved for the backward pass are stored, such as rounded to fewer bits; see
 * `torch.autograd.graph.saved_tensors_hooks`. Both hooks only read their tensor and return a new one, which the tape owns.
 */
export interface SavedTensorsHooks {
  /**
   * Returns the tensor to store instead of a saved one, or null to store the saved one. Called once for the same values,
   * however many operations save them. Never called for parameters and other tensors from outside the forward pass.
   */
  pack(saved: tf.Tensor): tf.Tensor | null;
  /** Restores a packed tensor for the gradient of one operation, with the shape and dtype that it had when it was saved. */
  unpack(packed: tf.Tensor, like: { shape: number[]; dtype: tf.DataType }): tf.Tensor;
}

/** A packed tensor and the number of operations that still require it. */
interface Packed {
  tensor: tf.Tensor;
  uses: number;
}

/** The packed saved tensors of one tape. They are packed while the tape is recorded, so that the originals can be freed. */
export class SavedTensors {
  readonly #byData = new WeakMap<object, Packed | null>();
  /** Data that operations on the tape computed. All other data comes from outside the forward pass. */
  readonly #computedData = new WeakSet<object>();
  /** Packed tensors of each node, by their index in `saved`. */
  readonly #byNode = new WeakMap<TapeNode, Map<number, Packed>>();

  readonly #hooks: SavedTensorsHooks;

  constructor(hooks: SavedTensorsHooks) {
    this.#hooks = hooks;
  }

  /** Returns an empty tape that packs the saved tensors of each node pushed to it. */
  createTape(engine: Recorder): TapeNode[] {
    const tape: TapeNode[] = [];
    tape.push = (...nodes) => {
      for (const node of nodes) {
        tape[tape.length] = node;
        // At depth 0 nothing is recorded: the operations of `pack` do not belong on the tape.
        const { gradientDepth } = engine.state;
        engine.state.gradientDepth = 0;
        try {
          this.#pack(node);
        } finally {
          engine.state.gradientDepth = gradientDepth;
        }
      }
      return tape.length;
    };
    return tape;
  }

  #pack(node: TapeNode): void {
    const outputs = new Set<object>(node.outputs.map(({ dataId }) => dataId));
    for (const input of Object.values(node.inputs)) {
      // A reshape or clone shares its input's data. Where that data comes from is known from the node that made it.
      if (input && !this.#computedData.has(input.dataId)) outputs.delete(input.dataId);
    }
    for (const dataId of outputs) this.#computedData.add(dataId);
    node.saved?.forEach((saved, i) => {
      if (!this.#computedData.has(saved.dataId)) return;
      let packed = this.#byData.get(saved.dataId);
      if (packed === undefined) {
        const tensor = tf.tidy(() => this.#hooks.pack(saved) ?? []) as tf.Tensor | [];
        packed = Array.isArray(tensor) || tensor === saved ? null : { tensor: tf.keep(tensor), uses: 0 };
        this.#byData.set(saved.dataId, packed);
      }
      if (!packed) return;
      packed.uses++;
      const ofNode = this.#byNode.get(node) ?? new Map<number, Packed>();
      this.#byNode.set(node, ofNode.set(i, packed));
      saved.dispose();
    });
  }

  /** Restores a node's saved tensors in `node.saved`. Call it in the `tf.tidy` of the node's gradient, which frees them. */
  unpack(node: TapeNode): void {
    const { saved } = node;
    if (!saved) return;
    for (const [i, { tensor }] of this.#byNode.get(node) ?? []) {
      const { shape, dtype } = saved[i];
      const unpacked = this.#hooks.unpack(tensor, { shape, dtype });
      // A clone, because the tidy must not free a packed tensor that other operations still require.
      saved[i] = unpacked === tensor ? tf.clone(tensor) : unpacked;
    }
  }

  /** Releases a node's packed tensors. A packed tensor is freed with the last node that uses it. */
  free(node: TapeNode): void {
    for (const packed of this.#byNode.get(node)?.values() ?? []) {
      packed.uses--;
      if (packed.uses === 0) packed.tensor.dispose();
    }
    this.#byNode.delete(node);
  }
}
