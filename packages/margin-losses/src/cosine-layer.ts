import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';

/** The part of the caller's `tf` that is used: `import * as tf from '@tensorflow/tfjs'` or `'@tensorflow/tfjs-layers'`. */
export type LayersApi = Pick<typeof tfl, 'layers' | 'initializers'>;

type Initializer = ReturnType<LayersApi['initializers']['glorotNormal']>;
type LayerArgs = ConstructorParameters<LayersApi['layers']['Layer']>[0];

/** Arguments of a cosine layer: those of every layer, and its own. */
export type CosineLayerArgs = LayerArgs & {
  /** Number of classes, at least 1. */
  units: number;
  /** Initializer of the class centers. Default `glorotNormal`. */
  centersInitializer?: Initializer;
};

/** The layer class that {@link cosineLayer} returns. */
export interface CosineLayerClass {
  /** @throws RangeError unless units is an integer of at least 1. */
  new (args: CosineLayerArgs): InstanceType<LayersApi['layers']['Layer']>;
  /** The layer's class name in saved models. */
  readonly className: string;
}

/** Minimum length that a vector is divided by, so that a zero vector has cosine 0 and a finite gradient. */
const SHORTEST = 1e-6;

/**
 * Creates a layer class, in the caller's own TensorFlow.js, for the end of a classifier with a margin loss. The layer
 * computes the cosines of its input with one trained center per class: float32 [batch, width] to float32 [batch, units],
 * each value in [−1, 1]. Its only weight, `centers`, is [units, width]. Train the model with `layersLoss`; the preceding
 * layer gives the embedding.
 *
 * The class is registered for `tf.loadLayersModel`.
 * @param api The caller's `tf`.
 * @throws TypeError if api has no layers.
 */
export function cosineLayer(api: LayersApi): CosineLayerClass {
  if (!api?.layers?.Layer || !api.initializers) {
    throw new TypeError(
      'cosineLayer: its argument has no layers. Pass the tf whose layers you use: import * as tf from "@tensorflow/tfjs"; cosineLayer(tf).',
    );
  }

  class CosineLayer extends api.layers.Layer {
    static readonly className = 'CosineLayer';
    readonly #units: number;
    readonly #initializer: Initializer;
    #centers: ReturnType<CosineLayer['addWeight']> | undefined;

    constructor({ units, centersInitializer, ...args }: CosineLayerArgs) {
      super(args);
      if (!Number.isInteger(units) || units < 1) {
        throw new RangeError(`CosineLayer: units must be an integer of at least 1, but it is ${units}.`);
      }
      this.#units = units;
      this.#initializer = initializerOf(api, centersInitializer);
    }

    override build(inputShape: ShapeOrShapes): void {
      const width = this.#inputShape(inputShape)[1];
      if (width === null) {
        throw new Error(
          'CosineLayer: the width of its input is unknown; set `units` of the preceding layer.',
        );
      }
      this.#centers = this.addWeight('centers', [this.#units, width], 'float32', this.#initializer);
      super.build(inputShape);
    }

    override computeOutputShape(inputShape: ShapeOrShapes): (number | null)[] {
      return [this.#inputShape(inputShape)[0], this.#units];
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      const centers = this.#centers;
      if (!centers) throw new Error('CosineLayer: it has no centers yet; call build() or apply() first.');
      return tf.tidy(() => {
        const embeddings = Array.isArray(inputs) ? inputs[0] : inputs;
        return tf.matMul(unitRows(embeddings), unitRows(centers.read()), false, true);
      });
    }

    override getConfig(): tf.serialization.ConfigDict {
      return {
        ...super.getConfig(),
        units: this.#units,
        centersInitializer: {
          className: this.#initializer.getClassName(),
          config: this.#initializer.getConfig(),
        },
      };
    }

    #inputShape(shape: ShapeOrShapes): (number | null)[] {
      const one = (Array.isArray(shape[0]) ? shape[0] : shape) as (number | null)[];
      if (one.length === 2) return one;
      throw new Error(
        `CosineLayer: its input must be [batch, width], but it is [${one}]; add tf.layers.flatten() before it.`,
      );
    }
  }

  tf.serialization.registerClass(CosineLayer);
  return CosineLayer;
}

type ShapeOrShapes = (number | null)[] | (number | null)[][];

/** Returns the initializer, or creates the one that a saved model's config describes. */
function initializerOf(api: LayersApi, given: Initializer | undefined): Initializer {
  if (given === undefined) return api.initializers.glorotNormal({});
  if (typeof given.getClassName === 'function') return given;
  const { className, config } = given as unknown as {
    className: string;
    config: tf.serialization.ConfigDict;
  };
  const known = tf.serialization.SerializationMap.getMap().classNameMap[className];
  if (!known) {
    throw new Error(
      `CosineLayer: the initializer "${className}" is unknown; register it with tf.serialization.registerClass.`,
    );
  }
  const [make, fromConfig] = known;
  return fromConfig(make, config) as unknown as Initializer;
}

/** Divides each row by its length. */
function unitRows(x: tf.Tensor): tf.Tensor2D {
  const squares = tf.sum(tf.square(x), 1, true);
  return tf.div(x, tf.sqrt(tf.maximum(squares, SHORTEST ** 2))) as tf.Tensor2D;
}
