import { float32, readSafetensors, type StateDict, StateDictError, writeSafetensors } from '@unitsphere/core';
import { UserError } from '../user-error.js';
import type { TrainingState } from './training-state.js';

/**
 * The files of a checkpoint. `backbone.safetensors` has timm's own keys, so it opens in timm as it is; `head.safetensors`
 * has `neck.*` and `head.*`; with a moving average these two hold the averaged weights and `raw.safetensors` the trained
 * ones, since the averaged are what is evaluated and shipped.
 */
export type CheckpointFiles = Record<string, Uint8Array>;

const CENTERS_KEY = 'weight';

/** All of a run's state as files. */
export async function checkpointFiles(state: TrainingState): Promise<CheckpointFiles> {
  const { model, classCenters, optimizer, ema } = state;
  const files: CheckpointFiles = {};
  if (ema) {
    files['raw.safetensors'] = writeSafetensors(await model.stateDict());
    files['ema.safetensors'] = writeSafetensors(optimizerTensors((await ema.stateDict()).tensors));
  }
  await state.withEvaluatedWeights(async () => {
    files['backbone.safetensors'] = writeSafetensors(await model.backbone.stateDict());
    files['head.safetensors'] = writeSafetensors(
      new Map([...(await model.neck.stateDict('neck.')), ...(await model.head.stateDict('head.'))]),
    );
  });
  files['classes.safetensors'] = writeSafetensors(new Map([[CENTERS_KEY, await classCenters.toHost()]]));
  const { step, tensors } = await optimizer.stateDict();
  files['optimizer.safetensors'] = writeSafetensors(optimizerTensors(tensors), { step: String(step) });
  return files;
}

/** Puts a run's state back. @throws UserError when the files are of another model or number of classes. */
export function restoreState(state: TrainingState, files: CheckpointFiles): void {
  try {
    const raw = files['raw.safetensors'];
    if (raw) state.model.loadStateDict(readSafetensors(raw).tensors);
    else restoreModel(state.model, files);
    state.classCenters.fromHost(read(files, 'classes.safetensors').tensors.get(CENTERS_KEY)!);
    const { tensors, metadata } = read(files, 'optimizer.safetensors');
    state.optimizer.loadStateDict({ step: Number(metadata.step), tensors: fromStateDict(tensors) });
    if (state.ema) state.ema.loadStateDict({ tensors: fromStateDict(read(files, 'ema.safetensors').tensors) });
  } catch (error) {
    throw misfit(error);
  }
}

/** Puts only the weights that are evaluated and shipped into a model. */
export function restoreModel(model: TrainingState['model'], files: CheckpointFiles): void {
  try {
    model.backbone.loadStateDict(read(files, 'backbone.safetensors').tensors);
    const head = read(files, 'head.safetensors').tensors;
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

function misfit(error: unknown): unknown {
  if (!(error instanceof StateDictError)) return error;
  return new UserError(`the checkpoint does not fit the config: ${error.message}`, { cause: error });
}

type HostTensors = Record<string, { shape: number[]; data: Float32Array }>;

function optimizerTensors(tensors: HostTensors): StateDict {
  return new Map(Object.entries(tensors).map(([name, { shape, data }]) => [name, float32(shape, data)]));
}

function fromStateDict(state: StateDict): HostTensors {
  return Object.fromEntries(
    [...state].map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }]),
  );
}
