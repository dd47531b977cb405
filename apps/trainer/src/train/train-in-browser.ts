import { type UseBackendOptions, type UsedBackend, useBackend } from '@unitsphere/backends';
import { soloCommunicator } from '@unitsphere/collectives';
import type { CanvasFactory, LabeledImage } from '@unitsphere/data';
import { type Config, isFileData } from '../config/config.js';
import { checkSample, openDataset, reportDataset } from '../dataset/dataset.js';
import { checkSampler, datasetImages } from '../dataset/dataset-images.js';
import { workerCount } from '../dataset/worker-count.js';
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
import type { Saved } from './saved.js';
import { startFrom } from './start-from.js';
import { type TrainingOutput, trainingLoop } from './training-loop.js';
import type { TrainingSummary } from './types.js';

/** Options of {@link trainInBrowser}. */
export interface BrowserTrainingOptions {
  /** A config from `parseConfig`: with generated documents or faces, or with a folder whose pictures are given in `images`. */
  config: Config;
  /**
   * The pictures of a config with `source: folder`, whose path is then only a name: files that a visitor has picked
   * (`labelFiles` of `@unitsphere/data`), or Blobs.
   */
  images?: readonly LabeledImage[];
  /** Draws generated images: `browserCanvasFactory(...)` of `@unitsphere/data`. Not used with `images`. */
  canvases?: CanvasFactory;
  /** Creates a worker whose module calls `serveDataWorker` of `@unitsphere/data`. Required unless `data.workers` is 0. */
  createWorker?: () => Worker;
  /** URLs of the WebAssembly backend's files. */
  wasmPaths?: UseBackendOptions['wasmPaths'];
  progress: ProgressReporter;
  /** Called first, with the backend that was started and the reason. */
  onBackend?(backend: UsedBackend): void;
  /** Receives metrics and checkpoints. */
  output: Pick<TrainingOutput, 'metrics' | 'checkpoint'>;
  /**
   * A checkpoint is written before the first step, and after each step when the last one is this many seconds old, in addition to
   * `training.checkpointEvery`. Default: none by time.
   */
  checkpointSeconds?: number;
  /** The checkpoint to resume from. */
  from?: BrowserCheckpoint;
  /** Aborting it ends the training after the current step, with a checkpoint. */
  signal?: AbortSignal;
}

/** A checkpoint that a training in a browser can resume from: what its output received. */
export interface BrowserCheckpoint {
  step: number;
  files: CheckpointFiles;
  saved: Saved;
  /** With `training.earlyStopping`: the files of the last checkpoint that was the best. */
  best?: CheckpointFiles;
  /** The metrics up to the step. */
  metrics: readonly MetricsRecord[];
}

/** The outcome of a training in a browser. */
export interface BrowserOutcome {
  /** Number of steps done. */
  step: number;
  /** Null if the training was interrupted. */
  summary: TrainingSummary | null;
  /** The data for `renderReport`; null if the training was interrupted. */
  report: ReportData | null;
}

/**
 * Trains as configured, in this page or worker, on one replica. It runs the command line's training loop on images that the
 * browser draws or the visitor has picked, and passes results to `output`. Pictures are rotated by their EXIF orientation.
 * @throws UserError for a config that only Node can train, and for a non-finite loss; BackendUnavailableError and GpuError of
 *   `@unitsphere/backends`.
 */
export async function trainInBrowser(options: BrowserTrainingOptions): Promise<BrowserOutcome> {
  const { config, images: given, canvases, createWorker, wasmPaths, progress, signal } = options;
  checkForBrowser(config, given !== undefined);
  progress.phase('starting the backend');
  const backend = await useBackend(config.backend, { wasmPaths });
  options.onBackend?.(backend);
  progress.phase('opening the data');
  const dataset = await openDataset(config, {
    warn: (message) => progress.note(message),
    progress: (done, total) => progress.phase(`reading pictures: ${done} of ${total}`),
    canvases,
    images: given,
  });
  reportDataset(dataset, progress);
  const classCount = dataset.split.train.length * config.data.views;
  checkSample(config, classCount);
  checkSampler(config, dataset);
  const { from } = options;
  const records = from ? from.metrics.filter(({ step }) => step <= from.step) : [];
  let bestFiles = from?.best;
  const output: TrainingOutput = {
    open: async () => {},
    async metrics(record) {
      records.push(record);
      await options.output.metrics(record);
    },
    async checkpoint(step, files, saved, best) {
      if (best) bestFiles = files;
      await options.output.checkpoint(step, files, saved, best);
    },
    readBest: async () => bestFiles,
    close: async () => {},
  };
  const batch = SharedBatch.createAlone(config.training.batchSize, config.data.imageSize);
  const lead = new LeadReplica(config, classCount, soloCommunicator(), batch);
  try {
    if (from) await lead.restore(from.step, from.files);
    else if (config.model.pretrained) await startFrom(config.model.pretrained, config, lead, progress);
    const machine = { cores: navigator.hardwareConcurrency || 1, backend: backend.name, replicas: 1 };
    const tools = { canvases, createWorker, workers: workerCount(config, machine) };
    if (config.loss.centerInit === 'imprinted' && !from) {
      const done = await imprintCenters(lead, { config, dataset, progress, signal, tools });
      if (!done) return { step: 0, summary: null, report: null };
    }
    const images = datasetImages(config, dataset, tools);
    const figures = await trainingLoop(lead, {
      config,
      images,
      output,
      progress,
      signal,
      replicas: 1,
      saved: from?.saved,
      checkpointFirst: options.checkpointSeconds !== undefined && !from,
      checkpointSeconds: options.checkpointSeconds,
    });
    const { step } = lead.state;
    if (!figures) return { step, summary: null, report: null };
    progress.phase('writing the report');
    const results = { config, dataset, backend: backend.name, figures };
    const summary = summaryOf(results);
    const about = { machine: { browser: navigator.userAgent }, thumbnail: canvasThumbnail };
    return { step, summary, report: await reportData(results, summary, records, about) };
  } finally {
    progress.phase(null);
    lead.dispose();
  }
}

/** @throws UserError that names a setting which only Node supports. */
function checkForBrowser(
  { data, loss, training, evaluation, distillation }: Config,
  hasImages: boolean,
): void {
  const unsupported = (setting: string, why: string, hint: string) =>
    new UserError(`${setting}: ${why}`, { hint: `${hint} Or train in Node: unitsphere train.` });
  if (isFileData(data) !== hasImages) {
    throw hasImages
      ? unsupported('data.source', `images are given, but the config has ${data.source}`, 'Use folder.')
      : unsupported(
          'data.source',
          'a browser cannot read files by their path',
          'Use documents or faces, or give the pictures in images.',
        );
  }
  if (loss.partialFc.store === 'file') {
    throw unsupported(
      'loss.partialFc.store',
      'a browser cannot keep class centers in files',
      'Use memory or host.',
    );
  }
  if (distillation) {
    throw unsupported('distillation', "a browser cannot cache a teacher's features", 'Remove it.');
  }
  if (evaluation.pairFiles.length > 0) {
    throw unsupported('evaluation.pairFiles', 'a browser cannot read files by their path', 'Remove it.');
  }
  if (training.growFrom !== undefined) {
    throw unsupported('training.growFrom', 'a browser cannot read runs', 'Remove it.');
  }
  if (training.replicas !== 'auto' && training.replicas > 1) {
    throw unsupported('training.replicas', 'a browser trains on one replica', 'Use auto or 1.');
  }
  if (training.threads !== 'auto' && training.threads > 1) {
    throw unsupported('training.threads', 'a browser has no native kernels', 'Use auto or 1.');
  }
}
