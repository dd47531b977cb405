import type { EvaluationOptions, EvaluationReport } from '../evaluate/run-evaluation.js';
import type { TrainingOptions, TrainingOutcome } from '../train/types.js';

/** What the commands set to work; given to them, so that they can be tested without a training. */
export interface Work {
  runTraining(options: TrainingOptions): Promise<TrainingOutcome>;
  runEvaluation(options: EvaluationOptions): Promise<EvaluationReport>;
  /** The report's page, of what report.json holds. */
  renderReport(data: unknown): Promise<string>;
}
