import type { Embedder } from '@unitsphere/embedder';
import { type Preprocessing, stringifyPreprocessing } from '@unitsphere/images';
import { OnnxExportError } from '../errors.js';
import { TRACED_BATCH, traceNetwork } from '../trace/trace-network.js';
import { GraphDefBuilder, tfAttributes } from './graph-def.js';
import { addTfOperation } from './tf-operations.js';

const INPUT = 'pixels';
const OUTPUT = 'embeddings';
const WEIGHTS_FILE = 'weights.bin';

/**
 * Exports an embedder as a GraphModel, which `tf.loadGraphModel` of TensorFlow.js runs on its stock backends without any package of
 * unitsphere. The input `pixels` is RGB in [0, 255], float32 [batch, size, size, 3]; the output `embeddings` has unit length. The
 * same weights give the same bytes. Stock kernels are slower than those of `@unitsphere/ops`, which `loadEmbedder` uses.
 * @returns `model.json` and `weights.bin`, by their names.
 * @throws NonFiniteError if a weight is NaN or infinite.
 * @throws OnnxExportError for a model that cannot be exported.
 */
export async function exportGraphModel(embedder: Embedder): Promise<Map<string, Uint8Array>> {
  const { model, preprocessing, embeddingSize, fingerprint } = embedder;
  if (!model) {
    throw new OnnxExportError(
      'The embedder runs on ONNX Runtime. Load its model folder on TensorFlow.js to export it.',
    );
  }
  const { imageSize } = preprocessing;
  const trace = await traceNetwork(model, [TRACED_BATCH, imageSize, imageSize, 3]);
  const builder = new GraphDefBuilder(trace);
  builder.bind(trace.input, addInput(builder, preprocessing));
  for (const call of trace.calls) addTfOperation(call, builder);
  builder.nodes.push({
    name: OUTPUT,
    op: 'Identity',
    input: [builder.nameOf(trace.output)],
    attr: tfAttributes.float,
  });
  const { weights } = builder;
  const manifest = weights.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  const json = {
    format: 'graph-model',
    generatedBy: '@unitsphere/onnx-export',
    convertedBy: null,
    signature: {
      inputs: { [INPUT]: describeTensor(INPUT, [imageSize, imageSize, 3]) },
      outputs: { [OUTPUT]: describeTensor(OUTPUT, [embeddingSize]) },
    },
    userDefinedMetadata: { fingerprint, preprocessing: stringifyPreprocessing({ ...preprocessing }) },
    modelTopology: { node: builder.nodes, library: {}, versions: {} },
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: manifest }],
  };
  return new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(json))],
    [WEIGHTS_FILE, joinWeights(weights.map(({ data }) => data))],
  ]);
}

/** Adds the input and its normalization. @returns The name of the normalized images, in the network's order of channels. */
function addInput(builder: GraphDefBuilder, { imageSize, mean, std, channelOrder }: Preprocessing): string {
  const dim = [-1, imageSize, imageSize, 3].map((size) => ({ size: String(size) }));
  builder.nodes.push({
    name: INPUT,
    op: 'Placeholder',
    attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } },
  });
  const ordered = channelOrder === 'BGR' ? builder.add('ReverseV2', [INPUT, builder.integers([3])]) : INPUT;
  const perChannel = (name: string, data: number[]) => builder.floats(name, [3], Float32Array.from(data));
  // (pixel / 255 − mean) / std, as pixel · scale + shift.
  const scale = perChannel(
    'pixel_scale',
    std.map((s) => 1 / (255 * s)),
  );
  const shift = perChannel(
    'pixel_shift',
    mean.map((m, c) => -m / std[c]),
  );
  return builder.add('AddV2', [builder.add('Mul', [ordered, scale]), shift]);
}

function describeTensor(name: string, sides: readonly number[]) {
  const dim = [-1, ...sides].map((size) => ({ size: String(size) }));
  return { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: { dim } };
}

function joinWeights(parts: readonly (Float32Array | Int32Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), offset);
    offset += part.byteLength;
  }
  return bytes;
}
