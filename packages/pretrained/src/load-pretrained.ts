import type { Backbone } from '@unitsphere/backbones';
import { checkFinite, type StateDict } from '@unitsphere/core';
import type { Preprocessing } from '@unitsphere/images';
import { classifierKeys } from './classifier-keys.js';
import { convertEfficientnetPytorchKeys } from './efficientnet-keys.js';
import { convertLCNetFromOnnx, isLCNet } from './lcnet-from-onnx.js';
import { findMismatch, type Mismatch, WeightsMismatchError } from './mismatch.js';
import { CheckpointError } from './readers/checkpoint-error.js';
import { removeAllPrefixes, removePrefixes } from './readers/key-prefixes.js';
import { readWeights, type Weights } from './readers/read-weights.js';
import {
  type FetchedWeights,
  fetchWeights,
  type SourceOptions,
  type WeightSource,
} from './sources/fetch-weights.js';

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

/** Tensor of a file whose dtype is not supported. */
export interface UnsupportedKey {
  key: string;
  /** Dtype by its name in the file's format, such as `F8_E4M3`, `complex64` or `uint16`. */
  dtype: string;
}

/** Result of {@link loadPretrained}. */
export interface LoadedWeights {
  /** File, URL or model that the weights come from. */
  source: string;
  format: Weights['format'];
  /** Keys of the file that were skipped on purpose: those of the classifier and of `ignore`. */
  skippedKeys: string[];
  /** Keys of the file that were skipped because their dtype is not supported; the model does not need them. */
  unsupportedKeys: UnsupportedKey[];
  /** Other differences; empty lists if `strict`. */
  mismatch: Mismatch;
  /** Whether the first convolution was adapted to the model's input channels. */
  isInputAdapted: boolean;
  /** Whether a vision transformer's position embeddings were resampled to the model's `inputSize`. */
  arePositionsResampled: boolean;
  /** Preprocessing that was stored beside the weights. */
  preprocessing?: Preprocessing;
}

/**
 * Loads published or saved weights into a backbone. The classifier's keys are skipped, and the first convolution is adapted to
 * the model's `inChannels`, and position embeddings to its `inputSize`, as in timm. On an error, the model is unchanged.
 *
 * The file is a safetensors file, a PyTorch checkpoint, or an ONNX model (with the model's keys, or a PP-LCNet); its format is
 * detected from its bytes. The keys are those of timm, insightface or efficientnet_pytorch; the prefixes `module.` and
 * `_orig_mod.` are removed. Tensors of unsupported dtypes are skipped if the model does not need them.
 * @param source Path of a file, its bytes, an http(s) URL, or a model of the Hugging Face hub such as
 *   `timm/lcnet_050.ra2_in1k`. Downloads are cached and verified.
 * @throws WeightsMismatchError with the missing, unexpected and wrongly shaped keys.
 * @throws SourceError if the source cannot be fetched.
 * @throws CheckpointError or SafetensorsError if the file cannot be read, or a required tensor has an unsupported dtype.
 * @throws NonFiniteError with the name of a tensor that contains NaN or infinity.
 */
export async function loadPretrained(
  model: Backbone,
  source: WeightSource,
  options: LoadPretrainedOptions = {},
): Promise<LoadedWeights> {
  const { fetched, weights } = await fetchAndRead(source, options);
  const { name, preprocessing } = fetched;
  const modelKeys = [...model.namedParameters(), ...model.namedBuffers()].map(([key]) => key);
  const published = withSourceName(name, () => toStateDict(model, modelKeys, weights));
  const ignored = [...published.keys()].filter((key) => options.ignore && key.search(options.ignore) >= 0);
  const kept = omitKeys(published, ignored);
  const converted = options.convert?.(kept) ?? kept;
  const classifier = classifierKeys(converted, modelKeys);
  const features = omitKeys(converted, classifier);
  const known = new Set(modelKeys);
  checkFinite(new Map([...features].filter(([key]) => known.has(key))), name);
  const adapted = adaptInput(model, features);
  const state = model.adaptPositions(adapted);
  const mismatch = findMismatch(model, state);
  const { missing, unexpected, wrongShape } = mismatch;
  const unsupportedKeys = findUnsupported(weights, modelKeys);
  checkNotRequired(
    name,
    unsupportedKeys,
    missing.map(({ key }) => key),
  );
  const unmatched = missing.length + unexpected.length;
  if (wrongShape.length || ((options.strict ?? true) && unmatched))
    throw new WeightsMismatchError(name, mismatch);
  model.loadStateDict(state, { strict: false });
  return {
    source: name,
    format: weights.format,
    skippedKeys: [...classifier, ...ignored],
    unsupportedKeys,
    mismatch,
    isInputAdapted: adapted !== features,
    arePositionsResampled: state !== adapted,
    preprocessing,
  };
}

/** Fetches and reads a weight file. A download is cached only if it could be read: it may be truncated. */
async function fetchAndRead(
  source: WeightSource,
  options: LoadPretrainedOptions,
): Promise<{ fetched: FetchedWeights; weights: Weights }> {
  let fetched = await fetchWeights(source, options);
  for (;;) {
    const { bytes, name, cachedAt, keep, refetch } = fetched;
    try {
      const label = cachedAt === undefined ? name : `${name} (cached in ${cachedAt})`;
      const weights = withSourceName(label, () => readWeights(bytes, { key: options.key }));
      await keep?.();
      return { fetched, weights };
    } catch (error) {
      if (!refetch) throw error;
      fetched = await refetch();
    }
  }
}

/** Returns the skipped tensors of a file, by the keys that the model uses. */
function findUnsupported({ tensors, unsupported }: Weights, modelKeys: string[]): UnsupportedKey[] {
  const dtypes = new Map(
    [...tensors.keys(), ...unsupported.keys()].map((key) => [key, unsupported.get(key)]),
  );
  return [...convertEfficientnetPytorchKeys(dtypes, modelKeys)].flatMap(([key, dtype]) =>
    dtype === undefined ? [] : [{ key, dtype }],
  );
}

/** @throws CheckpointError if a tensor that the model lacks was skipped because of its dtype. */
function checkNotRequired(name: string, unsupportedKeys: UnsupportedKey[], missing: string[]): void {
  const required = unsupportedKeys.find(({ key }) => missing.includes(key));
  if (!required) return;
  throw new CheckpointError(
    `${name} cannot be loaded: tensor "${required.key}" has the unsupported dtype ${required.dtype}. In Python, convert it to float32 and save the file again.`,
  );
}

function omitKeys(state: StateDict, keys: readonly string[]): StateDict {
  const omitted = new Set(keys);
  return new Map([...state].filter(([key]) => !omitted.has(key)));
}

function toStateDict(model: Backbone, modelKeys: string[], weights: Weights): StateDict {
  if (weights.format !== 'onnx') return convertEfficientnetPytorchKeys(weights.tensors, modelKeys);
  // Other constants of the graph, such as shapes, are not weights.
  const known = new Set(modelKeys);
  const named = removeAllPrefixes([...weights.tensors].filter(([key]) => known.has(removePrefixes(key))));
  if (named.size > 0) return named;
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
