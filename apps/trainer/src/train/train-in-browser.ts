import { type UseBackendOptions, type UsedBackend, useBackend } from '@unitsphere/backends';
import { soloCommunicator } from '@unitsphere/collectives';
import type { CanvasFactory } from '@unitsphere/data';
import type { Config } from '../config/config.js';
import { checkSample, openDataset, reportDataset } from '../dataset/dataset.js';
import { datasetImages } from '../dataset/dataset-images.js';
import { canvasThumbnail } from '../evaluate/canvas-thumbnail.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { LeadReplica } from '../replicas/lead-replica.js';
import { SharedBatch } from '../replicas/shared-batch.js';
import type { ReportData } from '../report/index.js';
import type { MetricsRecord } from '../run/metrics-record.js';
import type { CheckpointFiles } from '../step/checkpoint-files.js';
import { UserError } from '../user-error.js';
import { imprintCenters } from './imprint-centers.js';
import { reportData, summaryOf } from './results.js';
import { type Saved, type TrainingOutput, trainingLoop } from './training-loop.js';
import type { TrainingSummary } from './types.js';

/** What a training in a page or a page's worker needs. */
export interface BrowserTrainingOptions {
  /** As `parseConfig` gives it; its data are documents or faces. */
  config: Config;
  /** Where they are drawn: `browserCanvasFactory(...)` of `@unitsphere/data`. */
  canvases: CanvasFactory;
  /** Makes a worker whose module calls `serveDataWorker` of `@unitsphere/data`; wanted where `data.workers` is not 0. */
  createWorker?: () => Worker;
  /** Where the WebAssembly backend's files lie. */
  wasmPaths?: UseBackendOptions['wasmPaths'];
  progress: ProgressReporter;
  /** Told which backend was started, and why, before anything else. */
  onBackend?(backend: UsedBackend): void;
  /** Where metrics and checkpoints go. */
  output: Pick<TrainingOutput, 'metrics' | 'checkpoint'>;
  /** Go on from here instead of beginning. */
  from?: BrowserCheckpoint;
  /** Aborting it ends the training after the step under way, with a checkpoint. */
  signal?: AbortSignal;
}

/** What a training in a browser can go on from: what its output was given. */
export interface BrowserCheckpoint {
  step: number;
  files: CheckpointFiles;
  saved: Saved;
  /** The metrics, those up to the step. */
  metrics: readonly MetricsRecord[];
}

/** How a training in a browser ended. */
export interface BrowserOutcome {
  /** Steps done. */
  step: number;
  /** Null when it was interrupted. */
  summary: TrainingSummary | null;
  /** What `renderReport` makes a page of; null when it was interrupted. */
  report: ReportData | null;
}

/**
 * Trains as a config says, in this page or worker, on one replica: the same loop as the command line's, with images drawn
 * by the browser and results that go where the page wants them.
 * @throws UserError for a config that only Node can train, and for a loss that is not finite; BackendUnavailableError and
 *   GpuError of `@unitsphere/backends`.
 */
export async function trainInBrowser(options: BrowserTrainingOptions): Promise<BrowserOutcome> {
  const { config, canvases, createWorker, wasmPaths, progress, signal } = options;
  checkForBrowser(config);
  progress.phase('starting the backend');
  const backend = await useBackend(config.backend, { wasmPaths });
  options.onBackend?.(backend);
  progress.phase('opening the data');
  const dataset = await openDataset(config, { warn: (message) => progress.note(message), canvases });
  reportDataset(dataset, progress);
  const classCount = dataset.split.train.length * config.data.views;
  checkSample(config, classCount);
  const { from } = options;
  const records = from ? from.metrics.filter(({ step }) => step <= from.step) : [];
  const output: TrainingOutput = {
    open: async () => {},
    async metrics(record) {
      records.push(record);
      await options.output.metrics(record);
    },
    checkpoint: (step, files, saved) => options.output.checkpoint(step, files, saved),
    close: async () => {},
  };
  const batch = SharedBatch.createAlone(config.training.batchSize, config.data.imageSize);
  const lead = new LeadReplica(config, classCount, soloCommunicator(), batch);
  try {
    if (from) await lead.restore(from.step, from.files);
    else if (config.model.pretrained) {
      const warning = await lead.loadPretrained();
      if (warning) progress.note(warning);
    }
    const means = { canvases, createWorker };
    if (config.loss.centerInit === 'imprinted' && !from) {
      const done = await imprintCenters(lead, { config, dataset, progress, signal, means });
      if (!done) return { step: 0, summary: null, report: null };
    }
    const images = datasetImages(config, dataset, means);
    const figures = await trainingLoop(lead, {
      config,
      images,
      output,
      progress,
      signal,
      replicas: 1,
      saved: from?.saved,
    });
    const { step } = lead.state;
    if (!figures) return { step, summary: null, report: null };
    progress.phase('making the report');
    const results = { config, dataset, backend: backend.name, figures };
    const summary = summaryOf(results);
    const about = { machine: { browser: navigator.userAgent }, thumbnail: canvasThumbnail };
    return { step, summary, report: await reportData(results, summary, records, about) };
  } finally {
    progress.phase(null);
    lead.dispose();
  }
}

/** @throws UserError naming the setting that only Node can have. */
function checkForBrowser({ data, loss, training, distillation }: Config): void {
  const wants = (setting: string, why: string, hint: string) =>
    new UserError(`${setting}: ${why}`, { hint: `${hint} Or train in Node: unitsphere train.` });
  if (data.source === 'folder') {
    throw wants('data.source', 'a browser reads no folders', 'Use documents or faces.');
  }
  if (loss.partialFc.store === 'file') {
    throw wants('loss.partialFc.store', 'a browser keeps no class centers in files', 'Use memory or host.');
  }
  if (distillation) {
    throw wants('distillation', "a browser keeps no teacher's features", 'Leave it out.');
  }
  if (training.growFrom !== undefined) {
    throw wants('training.growFrom', 'a browser has no runs to grow from', 'Leave it out.');
  }
  if (training.replicas !== 'auto' && training.replicas > 1) {
    throw wants('training.replicas', 'a browser trains on one replica', 'Use auto or 1.');
  }
}
