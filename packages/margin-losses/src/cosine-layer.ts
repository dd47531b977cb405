import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';

/** What is taken of the caller's `tf`: `import * as tf from '@tensorflow/tfjs'`, or `@tensorflow/tfjs-layers`. */
export type LayersApi = Pick<typeof tfl, 'layers' | 'initializers'>;

type Initializer = ReturnType<LayersApi['initializers']['glorotNormal']>;
type LayerArgs = ConstructorParameters<LayersApi['layers']['Layer']>[0];

/** How a cosine layer is made: what every layer takes, and its own. */
export type CosineLayerArgs = LayerArgs & {
  /** The number of classes, at least 1. */
  units: number;
  /** Of the class centers. Default `glorotNormal`. */
  centersInitializer?: Initializer;
};

/** The class of layers that {@link cosineLayer} gives. */
export interface CosineLayerClass {
  /** @throws RangeError unless units is an integer of at least 1. */
  new (args: CosineLayerArgs): InstanceType<LayersApi['layers']['Layer']>;
  /** The name under which models that are saved and loaded know it. */
  readonly className: string;
}

/** A shorter vector is divided by this: one without a direction has a cosine of 0, and its gradient is finite. */
const SHORTEST = 1e-6;

/**
 * A class of layers, of the caller's own TensorFlow.js, that ends a classifier for a margin loss: the cosines of its input
 * with one trained center a class. float32 [batch, width] to float32 [batch, units], each value in [−1, 1]; the only
 * weight, `centers`, is [units, width]. Train it with `layersLoss`; the layer before it gives the embedding.
 *
 * The class is registered for `tf.loadLayersModel`.
 * @param api The caller's `tf`.
 * @throws TypeError where api has no layers.
 */
export function cosineLayer(api: LayersApi): CosineLayerClass {
  if (!api?.layers?.Layer || !api.initializers) {
    throw new TypeError(
      'cosineLayer: give it the tf whose layers you use: import * as tf from "@tensorflow/tfjs"; cosineLayer(tf).',
    );
  }

  class CosineLayer extends api.layers.Layer {
    static readonly className = 'CosineLayer';
    readonly #units: number;
    readonly #initializer: Initializer;
    #centers!: ReturnType<CosineLayer['addWeight']>;

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
        throw new Error('CosineLayer: the width of its input must be known: give the layer before it units.');
      }
      this.#centers = this.addWeight('centers', [this.#units, width], 'float32', this.#initializer);
      super.build(inputShape);
    }

    override computeOutputShape(inputShape: ShapeOrShapes): (number | null)[] {
      return [this.#inputShape(inputShape)[0], this.#units];
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.tidy(() => {
        const embeddings = Array.isArray(inputs) ? inputs[0] : inputs;
        return tf.matMul(unitRows(embeddings), unitRows(this.#centers.read()), false, true);
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
        `CosineLayer: its input must be [batch, width], but it is [${one}]; put tf.layers.flatten() before it.`,
      );
    }
  }

  tf.serialization.registerClass(CosineLayer);
  return CosineLayer;
}

type ShapeOrShapes = (number | null)[] | (number | null)[][];

/** The initializer itself, or the one that a saved model's config describes. */
function initializerOf(api: LayersApi, given: Initializer | undefined): Initializer {
  if (given === undefined) return api.initializers.glorotNormal({});
  if (typeof given.getClassName === 'function') return given;
  const { className, config } = given as unknown as {
    className: string;
    config: tf.serialization.ConfigDict;
  };
  const known = tf.serialization.SerializationMap.getMap().classNameMap[className];
  if (!known) throw new Error(`CosineLayer: the initializer "${className}" is not known here.`);
  const [make, fromConfig] = known;
  return fromConfig(make, config) as unknown as Initializer;
}

/** Rows divided by their lengths. */
function unitRows(x: tf.Tensor): tf.Tensor2D {
  const squares = tf.sum(tf.square(x), 1, true);
  return tf.div(x, tf.sqrt(tf.maximum(squares, SHORTEST ** 2))) as tf.Tensor2D;
}
