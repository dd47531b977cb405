import type { Backbone } from '@unitsphere/backbones';
import type { StateDict } from '@unitsphere/core';
import { classifierKeys } from './classifier-keys.js';
import { fromEfficientnetPytorch } from './efficientnet-keys.js';
import { isLCNet, lcnetFromOnnx } from './lcnet-from-onnx.js';
import { findMismatch, type Mismatch, WeightsMismatchError } from './mismatch.js';
import type { Preprocessing } from './preprocess/preprocessing.js';
import { readWeights, type Weights } from './readers/read-weights.js';
import { fetchWeights, type SourceOptions, type WeightSource } from './sources/fetch-weights.js';

/** How pretrained weights are loaded. */
export interface LoadPretrainedOptions extends SourceOptions {
  /**
   * Whether every key of the model must be there and every key of the file be used, but for the classifier's and `ignore`'s.
   * Default true. A wrong shape is an error in any case.
   */
  strict?: boolean;
  /** Further keys that are left out: those of stages that the model was made without (`outIndices`), for instance. */
  ignore?: RegExp;
  /**
   * Gives the file's values the model's keys, for files that name or cut them otherwise; called with what `ignore` leaves.
   * Default: they are taken as they are.
   */
  convert?(state: StateDict): StateDict;
  /** Of a PyTorch checkpoint: the key of its state dict. Default: as timm looks for it. */
  key?: string;
}

/** What was loaded. */
export interface LoadedWeights {
  /** The file, address or model. */
  source: string;
  format: Weights['format'];
  /** Keys of the file's classifier (and those that `ignore` names), left out on purpose. */
  leftOut: string[];
  /** What else differs; empty lists when strict. */
  mismatch: Mismatch;
  /** Whether the first convolution was adapted to the model's channels. */
  adaptedInput: boolean;
  /** The preprocessing that lay beside the weights. */
  preprocessing?: Preprocessing;
}

/**
 * Puts published or saved weights into a backbone. The classifier's keys are left out; the first convolution is adapted to the
 * model's `inChannels` as timm does. Nothing is changed unless everything fits.
 *
 * The file is safetensors, a PyTorch checkpoint, or an ONNX model (whose initializers have the model's keys, or which is a
 * PP-LCNet), told by its bytes. The keys are timm's or insightface's; efficientnet_pytorch's are known too.
 * @param source The path of a file, the bytes, an http(s) address, or a model of the Hugging Face hub such as
 * `timm/lcnet_050.ra2_in1k`; downloads are cached and checked.
 * @throws WeightsMismatchError with the missing, unexpected and wrongly shaped keys; SourceError when the source cannot be had;
 * CheckpointError or SafetensorsError when the file cannot be read.
 */
export async function loadPretrained(
  model: Backbone,
  source: WeightSource,
  options: LoadPretrainedOptions = {},
): Promise<LoadedWeights> {
  const { bytes, name, preprocessing } = await fetchWeights(source, options);
  const weights = named(name, () => readWeights(bytes, { key: options.key }));
  const modelKeys = [...model.namedParameters(), ...model.namedBuffers()].map(([key]) => key);
  const published = named(name, () => stateOf(model, modelKeys, weights));
  const ignored = [...published.keys()].filter((key) => options.ignore && key.search(options.ignore) >= 0);
  const wanted = without(published, ignored);
  const converted = options.convert?.(wanted) ?? wanted;
  const classifier = classifierKeys(converted, modelKeys);
  const features = without(converted, classifier);
  const state = adapted(model, features);
  const mismatch = findMismatch(model, state);
  const { missing, unexpected, wrongShape } = mismatch;
  const unmatched = missing.length + unexpected.length;
  if (wrongShape.length || ((options.strict ?? true) && unmatched))
    throw new WeightsMismatchError(name, mismatch);
  model.loadStateDict(state, { strict: false });
  return {
    source: name,
    format: weights.format,
    leftOut: [...classifier, ...ignored],
    mismatch,
    adaptedInput: state !== features,
    preprocessing,
  };
}

function without(state: StateDict, keys: readonly string[]): StateDict {
  const gone = new Set(keys);
  return new Map([...state].filter(([key]) => !gone.has(key)));
}

function stateOf(model: Backbone, modelKeys: string[], weights: Weights): StateDict {
  if (weights.format !== 'onnx') return fromEfficientnetPytorch(weights.tensors, modelKeys);
  const namesFit = modelKeys.some((key) => weights.tensors.has(key));
  // Other constants of the graph, such as shapes, are no weights.
  if (namesFit) return new Map([...weights.tensors].filter(([key]) => modelKeys.includes(key)));
  return isLCNet(model) ? lcnetFromOnnx(model, weights.graph) : weights.tensors;
}

/** The state dict for the model's input channels, or itself where it fits or has no such kernel. */
function adapted(model: Backbone, state: StateDict): StateDict {
  const first = model.namedParameters().find(([, { layout }]) => layout !== 'plain');
  const kernel = first && state.get(first[0]);
  if (kernel?.shape.length !== 4 || kernel.shape[1] === 0) return state;
  return model.adaptInput(state);
}

/** Says in an error which file it was. */
function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error) error.message = `${name} cannot be read: ${error.message}`;
    throw error;
  }
}
