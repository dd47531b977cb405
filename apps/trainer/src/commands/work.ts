import type { collectStudy } from '../compare/collect-study.js';
import type { StudyEnd, StudyWork } from '../compare/run-study.js';
import type { StudyResults } from '../compare/study-results.js';
import type { DemoOptions, DemoResult } from '../demo/run-demo.js';
import type { EmbeddedFiles, EmbedFilesOptions } from '../evaluate/embed-files.js';
import type { EvaluationOptions, EvaluationReport } from '../evaluate/run-evaluation.js';
import type { ExportResult } from '../export/export-model.js';
import type { ExportOptions } from '../export/export-options.js';
import type { OpenEmbedder } from '../gallery/with-gallery.js';
import type { PlotFiles } from '../plot-files/draw-plot-files.js';
import type { PruneOptions, PruneResult } from '../prune/prune-run.js';
import type { PushOptions, PushResult } from '../push/push-folder.js';
import type { RankGroup } from '../train/rank-group.js';
import type { TrainingOptions, TrainingOutcome } from '../train/types.js';

/** A report's page and plots. */
export interface Rendered extends PlotFiles {
  page: string;
}

/** The work of the commands, injected so that they can be tested without training. */
export interface Work {
  runTraining(options: TrainingOptions): Promise<TrainingOutcome>;
  /** Joins the group of processes of an MPI launcher; undefined if there is none. */
  connectRanks(): Promise<RankGroup | undefined>;
  /** Trains as a process of a group, other than process 0. */
  followTraining(ranks: RankGroup): Promise<void>;
  runEvaluation(options: EvaluationOptions): Promise<EvaluationReport>;
  /** Recognizes photographs of generated documents. */
  runDemo(options: DemoOptions): Promise<DemoResult>;
  exportModel(options: ExportOptions): Promise<ExportResult>;
  /** Finds training images far from the dominant sub-center of their class. */
  pruneRun(options: PruneOptions): Promise<PruneResult>;
  pushFolder(options: PushOptions): Promise<PushResult>;
  /** Embeds image files. */
  embedFiles(options: EmbedFilesOptions): Promise<EmbeddedFiles>;
  /** Opens the embedder of a model, for files. */
  openEmbedder: OpenEmbedder;
  /** Trains the missing runs of a study. */
  runStudy(work: StudyWork): Promise<StudyEnd>;
  /** Reads the results of a study's runs and compares its arms. */
  collectStudy: typeof collectStudy;
  /** Renders a study's page and plots. */
  renderStudy(results: StudyResults): Promise<Rendered>;
  /** Renders a report's page and plots from the contents of report.json. */
  renderReport(data: unknown): Promise<Rendered>;
}
