import * as tf from '@tensorflow/tfjs-core';
import type { Recorder, TapeNode } from './recorder.js';

/**
 * How the tensors are kept that a forward pass saves for its gradient, as torch.autograd.graph.saved_tensors_hooks:
 * rounded to fewer bits, say. Both are given tensors to read and return new ones, which are freed for them.
 */
export interface SavedTensorsHooks {
  /**
   * What is kept in the place of a tensor, or null to keep the tensor itself. It is asked once for the same values, however
   * many operations save them; never for parameters and other tensors from outside the forward pass, which stay anyway.
   */
  pack(saved: tf.Tensor): tf.Tensor | null;
  /** The tensor again, for one operation's gradient: of the shape and dtype that the packed one had. */
  unpack(packed: tf.Tensor, like: { shape: number[]; dtype: tf.DataType }): tf.Tensor;
}

/** What some operations saved, packed; freed with the last of them. */
interface Packed {
  tensor: tf.Tensor;
  uses: number;
}

/** A tape whose saved tensors are packed as soon as they are recorded, so that the originals can be freed. */
export class SavedTensors {
  readonly #byData = new WeakMap<object, Packed | null>();
  /** What operations on the tape gave; all else is from outside. */
  readonly #fromWithin = new WeakSet<object>();
  readonly #packedOf = new WeakMap<TapeNode, Map<number, Packed>>();

  readonly #hooks: SavedTensorsHooks;

  constructor(hooks: SavedTensorsHooks) {
    this.#hooks = hooks;
  }

  /** The tape to record on. */
  tape(engine: Recorder): TapeNode[] {
    const tape: TapeNode[] = [];
    tape.push = (...nodes) => {
      for (const node of nodes) {
        tape[tape.length] = node;
        // Packing is no part of what is differentiated.
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
      // A reshaped tensor, or the clone by which an output is saved: whose it is, its own operation tells.
      if (input && !this.#fromWithin.has(input.dataId)) outputs.delete(input.dataId);
    }
    for (const dataId of outputs) this.#fromWithin.add(dataId);
    node.saved?.forEach((saved, i) => {
      if (!this.#fromWithin.has(saved.dataId)) return;
      let packed = this.#byData.get(saved.dataId);
      if (packed === undefined) {
        const tensor = tf.tidy(() => this.#hooks.pack(saved) ?? []) as tf.Tensor | [];
        packed = Array.isArray(tensor) || tensor === saved ? null : { tensor: tf.keep(tensor), uses: 0 };
        this.#byData.set(saved.dataId, packed);
      }
      if (!packed) return;
      packed.uses++;
      const ofNode = this.#packedOf.get(node) ?? new Map<number, Packed>();
      this.#packedOf.set(node, ofNode.set(i, packed));
      saved.dispose();
    });
  }

  /** Unpacks what a node saved, in the tidy of its gradient. */
  unpack(node: TapeNode): void {
    for (const [i, { tensor }] of this.#packedOf.get(node) ?? []) {
      const { shape, dtype } = node.saved![i];
      const unpacked = this.#hooks.unpack(tensor, { shape, dtype });
      // Freed with this operation, when others may still need what is packed.
      node.saved![i] = unpacked === tensor ? tf.clone(tensor) : unpacked;
    }
  }

  /** Frees what a node saved. */
  free(node: TapeNode): void {
    for (const packed of this.#packedOf.get(node)?.values() ?? []) {
      packed.uses--;
      if (packed.uses === 0) packed.tensor.dispose();
    }
    this.#packedOf.delete(node);
  }
}
