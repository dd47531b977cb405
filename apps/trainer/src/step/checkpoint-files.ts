import {
  checkFinite,
  float32,
  NonFiniteError,
  readSafetensors,
  type SafetensorsFile,
  type StateDict,
  StateDictError,
  toFloat32,
  writeSafetensors,
} from '@unitsphere/core';
import { configFiles } from '@unitsphere/embedder';
import type { StateDict as OptimizerState } from '@unitsphere/optimizers';
import {
  CenterStoreError,
  gatherCentersState,
  type PartialFC,
  restoreCentersState,
} from '@unitsphere/partial-fc';
import { UserError } from '../user-error.js';
import type { TrainingState } from './training-state.js';

/**
 * The files of a checkpoint by name.
 * - `config.json` and `preprocessor_config.json` describe the model, so `loadEmbedder` loads a checkpoint.
 * - `backbone.safetensors` has timm's keys, so timm loads it unchanged.
 * - `head.safetensors` has `neck.*` and `head.*`.
 * - With a moving average, these two hold the averaged weights, which are evaluated and shipped. `raw.safetensors` holds the
 *   trained weights and `ema.safetensors` the state of the average.
 * - `classes.safetensors` has the class centers. Centers in a file are not copied: `optimizer.safetensors` names their generation.
 * - `optimizer.safetensors` has the state of both optimizers and the loss's statistics.
 * - `pairs.safetensors` has the proxies and the memory of the pair loss.
 * - `distillation.safetensors` has the projection to the teacher's width, which only training needs.
 */
export type CheckpointFiles = Record<string, Uint8Array>;

// timm and transformers require this entry in a safetensors file.
const WEIGHTS_METADATA = { format: 'pt' };

/** File of the state of both optimizers, the loss's statistics, and the generations of center files. */
export const OPTIMIZER_FILE = 'optimizer.safetensors';
const PROJECTION_FILE = 'distillation.safetensors';
const PAIRS_FILE = 'pairs.safetensors';
const CENTERS_KEY = 'weight';
// `optimizer.safetensors` holds two optimizers' states; the class centers' keys have this prefix.
const CENTERS_PREFIX = 'centers.';

/**
 * Returns the whole training state as files, independent of the number of replicas. Collective: all ranks call it, and all but
 * rank 0 get undefined.
 */
export async function checkpointFiles(state: TrainingState): Promise<CheckpointFiles | undefined> {
  const { model, optimizer, ema, distiller } = state;
  const centers = state.margin ? await gatherCentersState(state.margin.centers) : new Map();
  if (!centers || state.communicator.rank > 0) return undefined;
  const files: CheckpointFiles = configFiles(state.description, model.embeddingSize);
  if (ema) {
    files['raw.safetensors'] = writeSafetensors(await model.stateDict(), WEIGHTS_METADATA);
    files['ema.safetensors'] = fromOptimizerState(await ema.stateDict());
  }
  await state.withEvaluatedWeights(async () => {
    files['backbone.safetensors'] = writeSafetensors(await model.backbone.stateDict(), WEIGHTS_METADATA);
    files['head.safetensors'] = writeSafetensors(
      new Map([...(await model.neck.stateDict('neck.')), ...(await model.head.stateDict('head.'))]),
      WEIGHTS_METADATA,
    );
  });
  if (distiller?.projection)
    files[PROJECTION_FILE] = writeSafetensors(
      await distiller.projection.stateDict('projection.'),
      WEIGHTS_METADATA,
    );
  const pairs = await state.pairs?.file();
  if (pairs) files[PAIRS_FILE] = pairs;
  const weight = centers.get(CENTERS_KEY);
  if (weight)
    files['classes.safetensors'] = writeSafetensors(new Map([[CENTERS_KEY, weight]]), WEIGHTS_METADATA);
  centers.delete(CENTERS_KEY);
  files[OPTIMIZER_FILE] = fromOptimizerState(await optimizer.stateDict(), centers);
  return files;
}

/**
 * Restores a training state; each rank takes its range of the classes.
 * @throws UserError if the files are of another model or number of classes, or contain NaN or infinity.
 */
export async function restoreState(state: TrainingState, files: CheckpointFiles): Promise<void> {
  try {
    if (files['raw.safetensors']) state.model.loadStateDict(readWeights(files, 'raw.safetensors'));
    else restoreModel(state.model, files);
    const projection = state.distiller?.projection;
    if (projection) projection.loadStateDict(readWeights(files, PROJECTION_FILE), { prefix: 'projection.' });
    const optimizer = readFinite(files, OPTIMIZER_FILE);
    state.optimizer.loadStateDict(toOptimizerState(optimizer));
    if (state.margin) await restoreCenters(state.margin.centers, centersStateOf(files));
    state.pairs?.restore(files[PAIRS_FILE]);
    state.ema?.loadStateDict(toOptimizerState(readFinite(files, 'ema.safetensors')));
  } catch (error) {
    throw misfit(error);
  }
}

/**
 * Loads the weights that are evaluated and shipped into a model.
 * @throws UserError if the files are of another model, or contain NaN or infinity.
 */
export function restoreModel(model: TrainingState['model'], files: CheckpointFiles): void {
  try {
    const backbone = readWeights(files, 'backbone.safetensors');
    // A run that grows may have images of another size.
    model.backbone.loadStateDict(model.backbone.adaptPositions(backbone));
    const head = readWeights(files, 'head.safetensors');
    model.neck.loadStateDict(head, { prefix: 'neck.' });
    model.head.loadStateDict(head, { prefix: 'head.' });
  } catch (error) {
    throw misfit(error);
  }
}

function read(files: CheckpointFiles, name: string) {
  const bytes = files[name];
  if (!bytes) throw new UserError(`the checkpoint has no ${name}`);
  return readSafetensors(bytes);
}

/** Reads a file of tensors. @throws UserError if they contain NaN or infinity. */
function readFinite(files: CheckpointFiles, name: string): SafetensorsFile {
  const file = read(files, name);
  try {
    checkFinite(file.tensors, `the checkpoint's ${name}`);
  } catch (error) {
    throw misfit(error);
  }
  return file;
}

const readWeights = (files: CheckpointFiles, name: string): StateDict => readFinite(files, name).tensors;

/**
 * Returns the class centers' whole state: their rows, or the generations of their files.
 * @throws UserError if the rows contain NaN or infinity.
 */
export function centersStateOf(files: CheckpointFiles): StateDict {
  const state: StateDict = new Map();
  if (files['classes.safetensors']) {
    for (const [name, tensor] of readWeights(files, 'classes.safetensors')) state.set(name, tensor);
  }
  for (const [name, tensor] of readWeights(files, OPTIMIZER_FILE)) {
    if (name.startsWith(CENTERS_PREFIX)) state.set(name.slice(CENTERS_PREFIX.length), tensor);
  }
  return state;
}

async function restoreCenters(centers: PartialFC, whole: StateDict): Promise<void> {
  try {
    await restoreCentersState(centers, whole);
  } catch (error) {
    if (error instanceof CenterStoreError) throw error;
    throw new StateDictError((error as Error).message, { cause: error });
  }
}

function misfit(error: unknown): unknown {
  if (error instanceof NonFiniteError) return new UserError(error.message, { cause: error });
  if (!(error instanceof StateDictError)) return error;
  return new UserError(`the checkpoint does not fit the config: ${error.message}`, { cause: error });
}

function fromOptimizerState({ step, tensors }: OptimizerState, centers: StateDict = new Map()): Uint8Array {
  const entries = [
    ...Object.entries(tensors).map(([name, { shape, data }]) => [name, float32(shape, data)] as const),
    ...[...centers].map(([name, tensor]) => [CENTERS_PREFIX + name, tensor] as const),
  ];
  return writeSafetensors(new Map(entries), { ...WEIGHTS_METADATA, step: String(step) });
}

function toOptimizerState({ tensors, metadata }: SafetensorsFile): OptimizerState {
  const entries = [...tensors]
    .filter(([name]) => !name.startsWith(CENTERS_PREFIX))
    .map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]);
  return { step: Number(metadata.step), tensors: Object.fromEntries(entries) };
}
