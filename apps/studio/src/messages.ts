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

/** What the page tells the training worker. */
export type ToTraining =
  | { type: 'start'; yaml: string; settings: string[]; from?: BrowserCheckpoint }
  /** End after the step under way, with a checkpoint. */
  | { type: 'stop' };

/** What the training worker tells the page. */
export type FromTraining =
  | { type: 'config'; config: Config; yaml: string }
  | { type: 'backend'; backend: StartedBackend }
  | { type: 'phase'; words: string | null }
  | { type: 'note'; line: string }
  | { type: 'step'; report: StepReport; rates: Rates }
  | { type: 'metrics'; record: MetricsRecord }
  | { type: 'checkpoint'; step: number; files: Record<string, Uint8Array>; saved: Saved }
  | { type: 'stopped'; step: number }
  | { type: 'finished'; summary: TrainingSummary; report: ReportData }
  | { type: 'failed'; failure: Failure };

/** What computes, and why. */
export interface StartedBackend {
  name: string;
  /** What it runs on, such as the graphics card. */
  detail: string;
  /** Why it was chosen. */
  reason: string;
  /** Whether a faster one was wanted and is not there, or the processor plays the graphics card. */
  slow: boolean;
}

/** Why a training ended before its end, in words. */
export interface Failure {
  title: string;
  message: string;
  /** What to do. */
  hint?: string;
  /** A fault of the program, not of what was asked. */
  fault: boolean;
}
