import type { Backbone } from '@unitsphere/backbones';
import type { StateDict } from '@unitsphere/core';
import { classifierKeys } from './classifier-keys.js';
import { convertEfficientnetPytorchKeys } from './efficientnet-keys.js';
import { convertLCNetFromOnnx, isLCNet } from './lcnet-from-onnx.js';
import { findMismatch, type Mismatch, WeightsMismatchError } from './mismatch.js';
import type { Preprocessing } from './preprocess/preprocessing.js';
import { readWeights, type Weights } from './readers/read-weights.js';
import { fetchWeights, type SourceOptions, type WeightSource } from './sources/fetch-weights.js';

/** Options of {@link loadPretrained}. */
export interface LoadPretrainedOptions extends SourceOptions {
  /**
   * Whether missing and unexpected keys are errors, except for those of the classifier and of `ignore`. Default: true. A wrong
   * shape is always an error.
   */
  strict?: boolean;
  /** Further keys to skip, such as those of stages that the model was created without (`outIndices`). */
  ignore?: RegExp;
  /**
   * Converts the file's state dict, without the keys in `ignore`, to the model's keys and shapes. Default: unchanged.
   */
  convert?(state: StateDict): StateDict;
  /** Key of the state dict in a PyTorch checkpoint. Default: the first that exists of those that timm knows. */
  key?: string;
}

/** Result of {@link loadPretrained}. */
export interface LoadedWeights {
  /** File, URL or model that the weights come from. */
  source: string;
  format: Weights['format'];
  /** Keys of the file that were skipped on purpose: those of the classifier and of `ignore`. */
  skippedKeys: string[];
  /** Other differences; empty lists if `strict`. */
  mismatch: Mismatch;
  /** Whether the first convolution was adapted to the model's input channels. */
  isInputAdapted: boolean;
  /** Preprocessing that was stored beside the weights. */
  preprocessing?: Preprocessing;
}

/**
 * Loads published or saved weights into a backbone. The classifier's keys are skipped, and the first convolution is adapted to
 * the model's `inChannels` as in timm. On an error, the model is unchanged.
 *
 * The file is a safetensors file, a PyTorch checkpoint, or an ONNX model (with the model's keys, or a PP-LCNet); its format is
 * detected from its bytes. The keys are those of timm, insightface or efficientnet_pytorch.
 * @param source Path of a file, its bytes, an http(s) URL, or a model of the Hugging Face hub such as
 *   `timm/lcnet_050.ra2_in1k`. Downloads are cached and verified.
 * @throws WeightsMismatchError with the missing, unexpected and wrongly shaped keys; SourceError if the source cannot be
 *   fetched; CheckpointError or SafetensorsError if the file cannot be read.
 */
export async function loadPretrained(
  model: Backbone,
  source: WeightSource,
  options: LoadPretrainedOptions = {},
): Promise<LoadedWeights> {
  const { bytes, name, preprocessing } = await fetchWeights(source, options);
  const weights = withSourceName(name, () => readWeights(bytes, { key: options.key }));
  const modelKeys = [...model.namedParameters(), ...model.namedBuffers()].map(([key]) => key);
  const published = withSourceName(name, () => toStateDict(model, modelKeys, weights));
  const ignored = [...published.keys()].filter((key) => options.ignore && key.search(options.ignore) >= 0);
  const kept = omitKeys(published, ignored);
  const converted = options.convert?.(kept) ?? kept;
  const classifier = classifierKeys(converted, modelKeys);
  const features = omitKeys(converted, classifier);
  const state = adaptInput(model, features);
  const mismatch = findMismatch(model, state);
  const { missing, unexpected, wrongShape } = mismatch;
  const unmatched = missing.length + unexpected.length;
  if (wrongShape.length || ((options.strict ?? true) && unmatched))
    throw new WeightsMismatchError(name, mismatch);
  model.loadStateDict(state, { strict: false });
  return {
    source: name,
    format: weights.format,
    skippedKeys: [...classifier, ...ignored],
    mismatch,
    isInputAdapted: state !== features,
    preprocessing,
  };
}

function omitKeys(state: StateDict, keys: readonly string[]): StateDict {
  const omitted = new Set(keys);
  return new Map([...state].filter(([key]) => !omitted.has(key)));
}

function toStateDict(model: Backbone, modelKeys: string[], weights: Weights): StateDict {
  if (weights.format !== 'onnx') return convertEfficientnetPytorchKeys(weights.tensors, modelKeys);
  const hasModelKeys = modelKeys.some((key) => weights.tensors.has(key));
  // Other constants of the graph, such as shapes, are not weights.
  if (hasModelKeys) return new Map([...weights.tensors].filter(([key]) => modelKeys.includes(key)));
  return isLCNet(model) ? convertLCNetFromOnnx(model, weights.graph) : weights.tensors;
}

/** Adapts the first convolution to the model's input channels. @returns The given state dict if that is not necessary. */
function adaptInput(model: Backbone, state: StateDict): StateDict {
  const first = model.namedParameters().find(([, { layout }]) => layout !== 'plain');
  const kernel = first && state.get(first[0]);
  if (kernel?.shape.length !== 4 || kernel.shape[1] === 0) return state;
  return model.adaptInput(state);
}

/** Prepends the name of the source to the message of an error. */
function withSourceName<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error) error.message = `${name} cannot be read: ${error.message}`;
    throw error;
  }
}
