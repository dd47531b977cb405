import { OnnxExportError } from '../errors.js';
import { encodeModel } from '../graph/encode-model.js';
import type { Graph, Node } from '../graph/graph.js';
import { type Activation, ActivationRange, type Effect } from './activation-range.js';
import { ChannelMeans } from './channel-means.js';
import { listQuantizedValues } from './quantize-activations.js';

/** The part of onnxruntime-node or onnxruntime-web that calibration uses. */
export interface CalibrationRuntime {
  InferenceSession: {
    create(
      model: Uint8Array,
      options?: object,
    ): Promise<{
      run(feeds: Record<string, unknown>): Promise<Record<string, { readonly data: unknown }>>;
      release(): Promise<void>;
    }>;
  };
  Tensor: new (type: 'float32' | 'uint8', data: never, dims: readonly number[]) => unknown;
}

/** Images on which the ranges of activations are measured, for the precision `int8`. */
export interface Calibration {
  /** The imported module `onnxruntime-node` or `onnxruntime-web`. */
  runtime: CalibrationRuntime;
  /**
   * Images in the form of the graph's input: with `float32`, normalized values [channels, height, width]; with `uint8`,
   * pixels [height, width, channels]. A hundred images like those of the application are enough.
   */
  images: Iterable<Float32Array | Uint8Array> | AsyncIterable<Float32Array | Uint8Array>;
}

/**
 * Runs the graph on images and returns the range of every value that will be quantized, and the means of its channels.
 * @throws OnnxExportError if there are no images, one has another size than the input, or a value is not finite.
 */
export async function calibrate(
  graph: Graph,
  { runtime, images }: Calibration,
): Promise<Map<string, Activation>> {
  const names = listQuantizedValues(graph);
  const consumers = graph.consumers();
  const measured = new Map(
    names.map((name) => {
      const range = new ActivationRange(effectOf(consumers.get(name)));
      return [name, { range, means: new ChannelMeans(graph.typeOf(name).shape) }] as const;
    }),
  );
  const [input] = graph.inputs;
  const { type, shape } = graph.typeOf(input);
  const sides = shape.slice(1) as number[];
  const size = sides.reduce((a, b) => a * b, 1);
  const session = await runtime.InferenceSession.create(encodeWithOutputs(graph, names), {
    // Fused operators would not compute the values between them.
    graphOptimizationLevel: 'disabled',
  });
  let count = 0;
  try {
    for await (const image of images) {
      const isOfType = type === 'uint8' ? image instanceof Uint8Array : image instanceof Float32Array;
      if (!isOfType || image.length !== size) {
        throw new OnnxExportError(
          `Calibration image ${count} must be ${size} values of ${type}, [${sides}], not ${image.length} values in a ${image.constructor.name}.`,
        );
      }
      const tensor = new runtime.Tensor(type as 'float32', image as never, [1, ...sides]);
      const results = { ...(await session.run({ [input]: tensor })), [input]: { data: image } };
      for (const [name, { range, means }] of measured) {
        const values = results[name].data as Float32Array;
        means.add(values);
        if (range.add(values)) continue;
        throw new OnnxExportError(
          `The value "${name}" is NaN on calibration image ${count}; check the model's weights.`,
        );
      }
      count++;
    }
  } finally {
    await session.release();
  }
  if (count === 0) throw new OnnxExportError('Calibration requires at least one image.');
  return new Map(
    [...measured].map(([name, { range, means }]) => [name, { range: range.find(), means: means.find() }]),
  );
}

function encodeWithOutputs(graph: Graph, names: readonly string[]): Uint8Array {
  const outputs = graph.outputs.splice(0);
  graph.outputs.push(...new Set([...names.filter((name) => !graph.inputs.includes(name)), ...outputs]));
  try {
    return encodeModel(graph, { name: 'calibration', description: '', metadata: {} });
  } finally {
    graph.outputs.splice(0, graph.outputs.length, ...outputs);
  }
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const hardSigmoid = (x: number) => Math.min(1, Math.max(0, x / 6 + 0.5));

/** Functions that flatten their input, by the operators that read it. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  HardSigmoid: hardSigmoid,
  HardSwish: (x) => x * hardSigmoid(x),
  Sigmoid: sigmoid,
  'Mul,Sigmoid': (x) => x * sigmoid(x),
};

/** Returns the function of a value that its readers compute; undefined if they read the value itself. */
function effectOf(readers: readonly (Node | undefined)[] = []): Effect | undefined {
  const key = String(readers.map((node) => node?.op).sort());
  return Object.hasOwn(EFFECTS, key) ? EFFECTS[key] : undefined;
}
