import * as tf from '@tensorflow/tfjs-core';
import { equalParts } from '@unitsphere/collectives';
import { DropPath, forwardAndPullback, type Pullback, type PullbackOptions, Random } from '@unitsphere/core';
import { toInput } from '@unitsphere/embedder';
import { bfloat16SavedTensors, withFloat32MatmulPrecision } from '@unitsphere/mixed-precision';
import type { Config } from '../config/config.js';
import { keepRunningStatistics } from './running-statistics.js';
import type { TrainingState } from './training-state.js';

/** The images of a step on one replica. */
export interface StepImages {
  /** Counts from 0. */
  step: number;
  /** uint8, N × size × size × 3. */
  images: Uint8Array;
  /** The unaugmented version of each image, if the student sees both. */
  clean?: Uint8Array;
  /** N. */
  count: number;
  /** Images of the batch on all replicas. */
  total: number;
}

/** The forward pass of a step on one replica. */
export interface BatchForward {
  /** float32 [N, width]; with clean images [2N, width], those of the clean images last. Disposed by `dispose`. */
  readonly embeddings: tf.Tensor2D;
  /**
   * Returns the gradients of the trained parameters; the caller disposes of them. It can be called once.
   * @param onGradient Called for each gradient when it is complete, if the images pass the network in one part.
   */
  pullback(embeddingGradient: tf.Tensor2D, onGradient?: PullbackOptions['onGradient']): (tf.Tensor | null)[];
  dispose(): void;
}

/**
 * Creates the function that embeds a replica's images of a step. With `training.accumulate`, the images pass the network in several
 * parts, one after the other, so that only one part's activations are in memory (GradCache). Every part is embedded first, and the
 * losses see all embeddings at once. Then each part but the last is embedded again for its backward pass.
 * @see Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", 2021.
 */
export function createBatchForward(
  config: Config,
  { model, frozen, preprocessing, communicator }: TrainingState,
): (images: StepImages) => BatchForward {
  const parameters = frozen.trained().map(([, parameter]) => parameter);
  const savedTensorsHooks = config.precision.activations === 'bfloat16' ? bfloat16SavedTensors() : undefined;
  const dropPaths = model
    .namedModules()
    .filter((entry): entry is [string, DropPath] => entry[1] instanceof DropPath);
  const { accumulate } = config.training;
  const imageBytes = config.data.imageSize ** 2 * 3;

  return ({ step, images, clean, count, total }) => {
    const ranges = divide(count, accumulate, Math.floor(total / communicator.size));
    const inputOf = ([from, to]: Range) => {
      const own = images.subarray(from * imageBytes, to * imageBytes);
      const pixels = clean ? joined(own, clean.subarray(from * imageBytes, to * imageBytes)) : own;
      return toInput(pixels, preprocessing);
    };
    /** Embeds a part. Each step and part has its own stream, so that both passes and a resumed run draw the same numbers. */
    const embed = (input: tf.Tensor4D, part: number): tf.Tensor2D => {
      for (const [name, dropPath] of dropPaths) {
        const key = part === 0 ? [] : [part];
        dropPath.drawFrom(new Random(config.seed, 'drop-path', name, step, communicator.rank, ...key));
      }
      // The class centers' products lie outside: they are always float32.
      return withFloat32MatmulPrecision(config.precision.matmul, () => model.forward(input));
    };
    const record = (part: number) => {
      const input = inputOf(ranges[part]);
      try {
        const forward = withFloat32MatmulPrecision(config.precision.matmul, () =>
          forwardAndPullback(() => embed(input, part), parameters, { savedTensorsHooks }),
        );
        return { input, forward };
      } catch (error) {
        input.dispose();
        throw error;
      }
    };
    const last = ranges.length - 1;
    const values = ranges.slice(0, last).map((range, part) => tf.tidy(() => embed(inputOf(range), part)));
    let open: { input: tf.Tensor4D; forward: Pullback<tf.Tensor2D> } | undefined = record(last);
    const close = () => {
      open?.forward.dispose();
      tf.dispose(open ? [open.input, open.forward.value] : []);
      open = undefined;
    };
    values.push(tf.keep(tf.clone(open.forward.value)));
    const embeddings = joinParts(values, clean !== undefined);
    tf.dispose(values);
    return {
      embeddings,
      pullback(embeddingGradient, onGradient) {
        // The second passes see the same images, and must not count them twice.
        const restore = ranges.length > 1 ? keepRunningStatistics(model, frozen) : () => {};
        let sums: (tf.Tensor | null)[] | undefined;
        for (let part = last; part >= 0; part--) {
          open ??= record(part);
          const own = rowsOf(embeddingGradient, ranges[part], clean ? count : undefined);
          const gradients = open.forward.pullback(own, ranges.length === 1 ? { onGradient } : {});
          if (own !== embeddingGradient) own.dispose();
          close();
          sums = sums ? addAll(sums, gradients) : gradients;
        }
        restore();
        return sums ?? [];
      },
      dispose() {
        close();
        embeddings.dispose();
      },
    };
  };
}

type Range = readonly [from: number, to: number];

/**
 * Divides rows into at most `parts` parts that differ by at most one row, of two rows or more: batch norm requires a variance.
 * @param fewest Rows of the replica with the fewest: all replicas have as many parts, because batch norm may synchronize them.
 */
function divide(count: number, parts: number, fewest: number): Range[] {
  const sizes = equalParts(count, Math.max(1, Math.min(parts, Math.floor(fewest / 2))));
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return [from - size, from];
  });
}

function joined(images: Uint8Array, clean: Uint8Array): Uint8Array {
  const both = new Uint8Array(images.length + clean.length);
  both.set(images);
  both.set(clean, images.length);
  return both;
}

/** Joins the embeddings of the parts. With clean images, each part has the rows of its images, then those of its clean images. */
function joinParts(values: readonly tf.Tensor2D[], hasClean: boolean): tf.Tensor2D {
  if (values.length === 1) return tf.clone(values[0]);
  return tf.tidy(() => {
    if (!hasClean) return tf.concat2d([...values], 0);
    const halves = [0, 1].flatMap((half) =>
      values.map((value) => {
        const rows = value.shape[0] / 2;
        return tf.slice(value, [half * rows, 0], [rows, -1]) as tf.Tensor2D;
      }),
    );
    return tf.concat2d(halves, 0);
  });
}

/** Returns the rows of a part. @param cleanFrom First row of the clean images, if there are any. */
function rowsOf(all: tf.Tensor2D, [from, to]: Range, cleanFrom: number | undefined): tf.Tensor2D {
  const rows = to - from;
  if (rows === (cleanFrom ?? all.shape[0])) return all;
  return tf.tidy(() => {
    const own = tf.slice(all, [from, 0], [rows, -1]) as tf.Tensor2D;
    if (cleanFrom === undefined) return own;
    return tf.concat2d([own, tf.slice(all, [cleanFrom + from, 0], [rows, -1]) as tf.Tensor2D], 0);
  });
}

/** Adds gradients and disposes of both operands. */
function addAll(sums: (tf.Tensor | null)[], more: readonly (tf.Tensor | null)[]): (tf.Tensor | null)[] {
  return sums.map((sum, i) => {
    const other = more[i];
    if (!sum || !other) return sum ?? other;
    const total = tf.add(sum, other);
    tf.dispose([sum, other]);
    return total;
  });
}
