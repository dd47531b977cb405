import type { collectStudy } from '../compare/collect-study.js';
import type { StudyWork } from '../compare/run-study.js';
import type { StudyResults } from '../compare/study-results.js';
import type { EvaluationOptions, EvaluationReport } from '../evaluate/run-evaluation.js';
import type { PlotFiles } from '../plot-files/draw-plot-files.js';
import type { TrainingOptions, TrainingOutcome } from '../train/types.js';

/** A report as files. */
export interface Rendered extends PlotFiles {
  page: string;
}

/** What the commands set to work; given to them, so that they can be tested without a training. */
export interface Work {
  runTraining(options: TrainingOptions): Promise<TrainingOutcome>;
  runEvaluation(options: EvaluationOptions): Promise<EvaluationReport>;
  /** Makes the runs of a study that are not there yet; false where it was stopped. */
  runStudy(work: StudyWork): Promise<boolean>;
  /** Reads what a study's runs left, and compares its arms. */
  collectStudy: typeof collectStudy;
  /** A study's page and plots. */
  renderStudy(results: StudyResults): Promise<Rendered>;
  /** The report's page and plots, of what report.json holds. */
  renderReport(data: unknown): Promise<Rendered>;
}
