import type { StudyWork } from '../compare/run-study.js';
import type { collectStudy, StudyResults } from '../compare/study-results.js';
import type { EvaluationOptions, EvaluationReport } from '../evaluate/run-evaluation.js';
import type { TrainingOptions, TrainingOutcome } from '../train/types.js';

/** What the commands set to work; given to them, so that they can be tested without a training. */
export interface Work {
  runTraining(options: TrainingOptions): Promise<TrainingOutcome>;
  runEvaluation(options: EvaluationOptions): Promise<EvaluationReport>;
  /** Makes the runs of a study that are not there yet; false where it was stopped. */
  runStudy(work: StudyWork): Promise<boolean>;
  /** Reads what a study's runs left, and compares its arms. */
  collectStudy: typeof collectStudy;
  /** A study's page. */
  renderStudy(results: StudyResults): Promise<string>;
  /** The report's page, of what report.json holds. */
  renderReport(data: unknown): Promise<string>;
}
