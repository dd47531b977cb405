import type { Curve, VerificationSummary } from '../report/index.js';
import type { TrainingState } from '../step/training-state.js';
import { UserError } from '../user-error.js';
import type { StoppingState } from './early-stopping.js';

/** The verification of the network before its first step. */
export interface UntrainedFigures {
  summary: VerificationSummary;
  roc: Curve;
  rank1: number;
}

/** The contents of a checkpoint other than tensors. */
export interface Saved {
  /** Null if the network before training is unknown: the test set of a grown run has changed. */
  untrained: UntrainedFigures | null;
  /** Wall-clock seconds of training so far. */
  seconds: number;
  /** The part of `seconds` spent in steps. */
  stepSeconds: number;
  /** The part of `stepSeconds` spent in the class centers. */
  lossSeconds: number;
  replicas: number;
  preprocessing: TrainingState['preprocessing'];
  backbone: string;
  /** Present with `training.earlyStopping`. */
  earlyStopping?: StoppingState;
}

const NUMBERS = ['seconds', 'stepSeconds', 'lossSeconds', 'replicas'] as const;

/** Returns the contents of a checkpoint's state. @throws UserError if a part is missing. */
export function readSaved(state: Record<string, unknown>): Saved {
  const lacks = [
    ...NUMBERS.filter((name) => typeof state[name] !== 'number'),
    ...(['untrained', 'preprocessing'] as const).filter((name) => typeof state[name] !== 'object'),
  ];
  if (lacks.length > 0) {
    throw new UserError(`state.json of the checkpoint lacks ${lacks.join(', ')}`, {
      hint: 'Delete the folder of the checkpoint to resume from the one before.',
    });
  }
  return state as unknown as Saved;
}
