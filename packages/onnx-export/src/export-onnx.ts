import type { Embedder } from '@unitsphere/embedder';
import { type ImageInput, stringifyPreprocessing } from '@unitsphere/images';
import { OnnxExportError } from './errors.js';
import { encodeModel } from './graph/encode-model.js';
import type { Graph } from './graph/graph.js';
import { GraphBuilder, NCHW } from './graph/graph-builder.js';
import { addImageInput, type ImageStatistics } from './image-input.js';
import { addOperation } from './operations/registry.js';
import { cleanUp } from './passes/clean-up.js';
import { collapseReshapes } from './passes/collapse-reshapes.js';
import { fixBatch } from './passes/fix-batch.js';
import { foldAffine } from './passes/fold-affine.js';
import { foldPadding } from './passes/fold-padding.js';
import { mergeSums } from './passes/merge-sums.js';
import { nameValues } from './passes/name-values.js';
import { type Calibration, calibrate } from './precision/calibrate.js';
import { prepareImages } from './precision/prepare-images.js';
import { quantizeActivations } from './precision/quantize-activations.js';
import { quantizeWeights } from './precision/quantize-weights.js';
import { convertToFloat16 } from './precision/to-float16.js';
import { type Resizing, resizeInput } from './resize-input.js';
import { type EmbeddingModules, TRACED_BATCH, traceNetwork } from './trace/trace-network.js';

/** Preprocessing of images, of which the export requires the order of channels and the normalization. */
export interface ExportPreprocessing extends ImageStatistics {
  /** Order of the channels in the network's input. Default `RGB`. */
  channelOrder?: 'RGB' | 'BGR';
}

/** Options of {@link exportOnnx}. */
export interface ExportOnnxOptions {
  /** Height and width of the images in pixels, or [height, width]. The graph accepts this size only. */
  inputSize: number | readonly [height: number, width: number];
  /** Number of channels of the images. Default 3. */
  channels?: number;
  /**
   * What the graph takes. `float32`: normalized RGB values, [batch, channels, height, width], as PyTorch and transformers.js
   * supply them. `uint8`: RGB pixels, [batch, height, width, channels], which the graph normalizes. Default `float32`.
   */
  input?: 'float32' | 'uint8';
  /**
   * Resizing and cropping in the graph, which then takes normalized images of any size, [batch, channels, height, width]. Only for
   * the input `float32`. Default: images have the size `inputSize`.
   */
  resizing?: Resizing;
  /** Number of images that the graph takes at once. Default: any, which some runtimes for phones do not support. */
  batch?: number;
  /** Order of the channels, and the normalization for `uint8`. */
  preprocessing?: ExportPreprocessing;
  /**
   * Precision of the weights, and of what runtimes compute. Input and output are float32 in every case.
   * - `float32`, the default.
   * - `float16`: half the size. Computed in float16 where the runtime supports it.
   * - `int8`: static quantization with `calibration`, about a quarter of the size. Activations are uint8 with one scale, weights
   *   int8 with one scale an output channel.
   * - `int8-weights`: weights as in `int8`, computed in float32.
   */
  precision?: ExportPrecision;
  /** Images for the precision `int8`. */
  calibration?: Calibration;
  /** Name of the input. Default `pixel_values`. */
  inputName?: string;
  /** Name of the output, float32 [batch, size]. Default `embeddings`; transformers.js requires `image_embeds`. */
  outputName?: string;
  /** Name of the graph. Default `embedder`. */
  name?: string;
  /** Description of the model. Default: none. */
  description?: string;
  /** Entries of the file's metadata, such as `license` and `fingerprint`. */
  metadata?: Readonly<Record<string, string>>;
}

/** Images on which the ranges of an embedder's activations are measured. */
export interface EmbedderCalibration extends Pick<Calibration, 'runtime'> {
  /** Images of any size, as `embed` accepts them. A hundred like those of the application are enough. */
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>;
}

/** Options of {@link exportOnnx} for an embedder, which has a size and preprocessing. */
export type ExportEmbedderOptions = Omit<
  ExportOnnxOptions,
  'inputSize' | 'channels' | 'preprocessing' | 'calibration'
> & {
  /** Images for the precision `int8`. */
  calibration?: EmbedderCalibration;
};

/** Precisions of {@link exportOnnx}. */
export type ExportPrecision = 'float32' | 'float16' | 'int8' | 'int8-weights';

/**
 * Writes an embedding network and the scaling to unit length as one ONNX graph. The network runs once on the current backend, in
 * evaluation mode, while its operations are recorded.
 *
 * Batch norms that follow a convolution or a linear layer are folded into it, equal constants are stored once, and the shape
 * of every value is stored. The same weights and options give the same bytes.
 * @param model An embedder, whose size, preprocessing and fingerprint are written, so that `loadEmbedder` of
 *   `@unitsphere/embedder` runs the file with `runtime: 'onnx'`; or the parts of a network.
 * @returns The bytes of the ONNX file.
 * @throws NonFiniteError if a weight is NaN or infinite.
 * @throws OnnxExportError if the model is in training mode, or uses an operation that cannot be exported; it has its name.
 */
export function exportOnnx(model: Embedder, options?: ExportEmbedderOptions): Promise<Uint8Array>;
export function exportOnnx(model: EmbeddingModules, options: ExportOnnxOptions): Promise<Uint8Array>;
export async function exportOnnx(
  model: EmbeddingModules | Embedder,
  given: ExportOnnxOptions | ExportEmbedderOptions = {},
): Promise<Uint8Array> {
  const { modules, options } =
    'fingerprint' in model
      ? describeEmbedder(model, given as ExportEmbedderOptions)
      : complete(model, given as Partial<ExportOnnxOptions>);
  const { name = 'embedder', description = '', metadata = {} } = options;
  const { graph, images } = await buildGraph(modules, options);
  await changePrecision(graph, images, options);
  if (options.resizing) resizeInput(graph, options.resizing);
  if (options.batch !== undefined) fixBatch(graph, options.batch);
  cleanUp(graph);
  return encodeModel(graph, { name, description, metadata });
}

/** A network and complete options. */
interface Export {
  modules: EmbeddingModules;
  options: ExportOnnxOptions;
}

function complete(modules: EmbeddingModules, { inputSize, ...options }: Partial<ExportOnnxOptions>): Export {
  if (inputSize === undefined) {
    throw new OnnxExportError(
      'exportOnnx requires inputSize, the size of the images, unless it is given an embedder.',
    );
  }
  return { modules, options: { inputSize, ...options } };
}

/** Takes size, preprocessing and metadata from an embedder. */
function describeEmbedder(embedder: Embedder, { calibration, ...options }: ExportEmbedderOptions): Export {
  const { model, preprocessing, config, fingerprint } = embedder;
  if (!model) {
    throw new OnnxExportError(
      'The embedder runs on ONNX Runtime. Load its model folder on TensorFlow.js to export it.',
    );
  }
  const { precision = 'float32', input = 'float32', batch } = options;
  const { imageSize, ...architecture } = config;
  return {
    modules: model,
    options: {
      ...options,
      preprocessing,
      ...(calibration && {
        calibration: { ...calibration, images: prepareImages(calibration.images, preprocessing, input) },
      }),
      inputSize: imageSize,
      metadata: {
        architecture: JSON.stringify(architecture),
        preprocessing: stringifyPreprocessing({ ...preprocessing }),
        fingerprint: exportedFingerprint(fingerprint, precision),
        embedding_size: String(embedder.embeddingSize),
        ...(batch !== undefined && { batch: String(batch) }),
        input,
        precision,
        ...options.metadata,
      },
    },
  };
}

/**
 * Returns the fingerprint of an exported model. Rounded weights have another one, because their embeddings are not comparable with
 * the original's at the same thresholds.
 */
export function exportedFingerprint(fingerprint: string, precision: ExportPrecision = 'float32'): string {
  const isQuantized = precision === 'int8' || precision === 'int8-weights';
  return isQuantized ? `${fingerprint}-${precision}` : fingerprint;
}

async function changePrecision(
  graph: Graph,
  images: string,
  { precision = 'float32', calibration }: ExportOnnxOptions,
): Promise<void> {
  if (precision === 'float32') return;
  if (precision === 'float16') convertToFloat16(graph, images);
  else if (precision === 'int8-weights') quantizeWeights(graph);
  else if (precision === 'int8') {
    if (!calibration) {
      throw new OnnxExportError(
        "The precision 'int8' requires calibration images. Give `calibration`, or use the precision 'int8-weights'.",
      );
    }
    quantizeActivations(graph, await calibrate(graph, calibration));
  } else {
    throw new OnnxExportError(
      `The precision must be float32, float16, int8 or int8-weights, not ${String(precision)}.`,
    );
  }
}

/** Returns the graph in float32, and the name of the normalized images in it. */
async function buildGraph(
  model: EmbeddingModules,
  options: ExportOnnxOptions,
): Promise<{ graph: Graph; images: string }> {
  const shape = imageShape(options);
  const trace = await traceNetwork(model, shape);
  const builder = new GraphBuilder(trace);
  const { input = 'float32', inputName = 'pixel_values', outputName = 'embeddings' } = options;
  const { channelOrder = 'RGB', ...statistics } = options.preprocessing ?? { mean: [], std: [] };
  const images = addImageInput(builder, input, inputName, shape, statistics, channelOrder === 'BGR');
  builder.bind(trace.input, images, NCHW);
  for (const call of trace.calls) addOperation(call, builder);
  const { graph } = builder;
  graph.outputs.push(builder.nameOf(trace.output, [0, 1]));
  optimize(graph);
  renameOutput(graph, outputName);
  const names = nameValues(graph);
  return { graph, images: names.get(images) ?? images };
}

function optimize(graph: Graph): void {
  collapseReshapes(graph);
  foldPadding(graph);
  foldAffine(graph);
  mergeSums(graph);
  cleanUp(graph);
}

function imageShape(options: ExportOnnxOptions): [number, number, number, number] {
  const { inputSize, channels = 3, input = 'float32', preprocessing } = options;
  const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize;
  if (![height, width, channels].every((side) => Number.isInteger(side) && side > 0)) {
    throw new OnnxExportError(
      `inputSize and channels must be positive integers, not ${height}x${width} with ${channels} channels.`,
    );
  }
  if (preprocessing?.channelOrder === 'BGR' && channels !== 3) {
    throw new OnnxExportError(`channelOrder 'BGR' requires 3 channels, but the images have ${channels}.`);
  }
  const { resizing, batch = 1 } = options;
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new OnnxExportError(`batch must be a positive integer, not ${batch}.`);
  }
  if (resizing && (input === 'uint8' || height !== width || resizing.imageSize !== height)) {
    throw new OnnxExportError(
      `resizing requires the input 'float32' and a square inputSize of resizing.imageSize (${resizing.imageSize}).`,
    );
  }
  if (input === 'uint8') {
    const { mean, std } = preprocessing ?? {};
    const isComplete = mean?.length === channels && std?.length === channels && std.every((s) => s > 0);
    if (!isComplete || !mean.every(Number.isFinite)) {
      throw new OnnxExportError(
        `input 'uint8' requires preprocessing with ${channels} values each of mean and std; every std must be positive.`,
      );
    }
  }
  return [TRACED_BATCH, height, width, channels];
}

function renameOutput(graph: Graph, name: string): void {
  const [output] = graph.outputs;
  const node = graph.producers().get(output);
  if (!node) throw new OnnxExportError('The embedding does not depend on the images.');
  graph.values.set(name, graph.typeOf(output));
  graph.redirect(output, name);
  node.outputs = node.outputs.map((other) => (other === output ? name : other));
  graph.values.delete(output);
}
