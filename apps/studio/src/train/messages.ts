import type {
  BrowserCheckpoint,
  Config,
  MetricsRecord,
  Rates,
  Saved,
  StepReport,
  TrainingSummary,
} from 'unitsphere/browser';
import type { ReportData } from 'unitsphere/report';
import type { Failure } from '../failure.js';
import type { TrainingPlan } from './plan.js';
import type { TrainingRequest, TrainingStore } from './training-request.js';

/** A message from the page to the training worker. */
export type ToTraining =
  | ({ type: 'start'; from?: BrowserCheckpoint; store?: TrainingStore } & TrainingRequest)
  /** Stops after the current step, with a checkpoint. */
  | { type: 'stop' };

/** A message from the training worker to the page. */
export type FromTraining =
  | { type: 'config'; config: Config; plan: TrainingPlan; yaml: string }
  | { type: 'backend'; backend: StartedBackend }
  | { type: 'phase'; text: string | null }
  | { type: 'note'; line: string }
  | { type: 'step'; report: StepReport; rates: Rates }
  | { type: 'metrics'; record: MetricsRecord }
  | {
      type: 'checkpoint';
      step: number;
      files: Record<string, Uint8Array>;
      saved: Saved;
      isBest: boolean;
    }
  /** Whether the browser could store the checkpoint. */
  | { type: 'stored'; failure?: Failure }
  | { type: 'stopped'; step: number }
  | { type: 'finished'; summary: TrainingSummary; report: ReportData }
  | { type: 'failed'; failure: Failure };

/** The backend of a training. */
export interface StartedBackend {
  name: string;
  /** The device that it runs on, such as the graphics card. */
  detail: string;
  /** Reason for the choice of the backend. */
  reason: string;
  /** Whether a faster backend was requested but is not available, or WebGPU runs on the processor. */
  slow: boolean;
}
