import { type Config, isFileData } from '../config/config.js';
import type { Dataset } from '../dataset/dataset.js';
import { heldOutRows, sampleRows, type Thumbnail } from '../evaluate/report-images.js';
import { threadsOf } from '../replicas/threads-of.js';
import {
  type PairFilePoint,
  type ReportData,
  type StepMetrics,
  summarizeVerification,
  type ValidationPoint,
} from '../report/index.js';
import type { MetricsRecord } from '../run/metrics-record.js';
import type { TrainingFigures } from './training-loop.js';
import type { TrainingSummary } from './types.js';

/** The nouns for the identities of a source. */
const SUBJECTS = {
  documents: { one: 'document', many: 'documents' },
  cards: { one: 'card', many: 'cards' },
  faces: { one: 'face', many: 'faces' },
  folder: undefined,
  recordio: undefined,
  webdataset: undefined,
  csv: undefined,
  parquet: undefined,
} as const;

/** The results of a finished training. */
export interface Results {
  config: Config;
  dataset: Dataset;
  backend: string;
  figures: TrainingFigures;
}

/** Summarizes a finished training. */
export function summaryOf({ config, dataset, backend, figures }: Results): TrainingSummary {
  const { split } = dataset;
  const { heldOut, intervals, copies, untrained, stepSeconds } = figures;
  const imagesSeen = figures.steps * config.training.batchSize;
  return {
    ...(heldOut && {
      heldOut: summarizeVerification(heldOut.verification, heldOut.protocol, intervals).summary,
      rank1: { heldOut: heldOut.rank1, untrained: untrained?.rank1 },
    }),
    ...(copies && { copies: summarizeVerification(copies.verification, copies.protocol).summary }),
    ...(untrained && { untrained: untrained.summary }),
    ...(Object.keys(figures.pairFiles).length > 0 && { pairFiles: figures.pairFiles }),
    steps: figures.steps,
    ...(figures.earlyStopping && { earlyStopping: figures.earlyStopping }),
    imagesPerSecond: imagesSeen / stepSeconds,
    backend,
    precision: figures.precision,
    replicas: figures.replicas,
    ...(threadsOf(config) > 1 && { threads: threadsOf(config) }),
    seconds: figures.seconds,
    imagesSeen,
    classes: split.train.length * config.data.views,
    parameters: figures.parameters,
    embeddingSize: config.model.embeddingSize,
    splits: { train: split.train.length, validation: split.validation.length, test: split.test.length },
    skipped: dataset.skipped.length,
    leaks: {
      identities: dataset.leaks.identities.length,
      acrossParts: dataset.leaks.acrossParts.length,
      acrossIdentities: dataset.leaks.acrossIdentities.length,
    },
    lossSeconds: figures.lossSeconds,
    stepSeconds,
    multiplyAdds: figures.multiplyAdds,
    modelBytes: figures.modelBytes,
  };
}

/** Collects the data of a finished training's report. */
export async function reportData(
  { config, dataset, figures }: Results,
  summary: TrainingSummary,
  records: readonly MetricsRecord[],
  { machine, thumbnail }: { machine: ReportData['machine']; thumbnail: Thumbnail },
): Promise<ReportData> {
  const { split, source } = dataset;
  const { heldOut, untrained, testImages } = figures;
  const measured = heldOut && summarizeVerification(heldOut.verification);
  return {
    title: isFileData(config.data) ? `Images of ${config.data.path}` : `Generated ${config.data.source}`,
    createdAt: new Date().toISOString(),
    subject: SUBJECTS[config.data.source],
    config: config as unknown as Record<string, unknown>,
    summary,
    metrics: records.filter((record) => 'loss' in record) as unknown as StepMetrics[],
    validation: pointsOf(records, 'validation'),
    test: pointsOf(records, 'test'),
    ...(summary.pairFiles && { pairFiles: pairFilePointsOf(records) }),
    roc: { ...(measured && { heldOut: measured.roc }), ...(untrained && { untrained: untrained.roc }) },
    ...(measured && { histogram: measured.histogram }),
    samples: await sampleRows(source, split.train, config, thumbnail),
    ...(heldOut
      ? await heldOutRows(source, testImages, heldOut, config.seed, thumbnail)
      : { neighbors: [], mistakes: [] }),
    machine,
  };
}

function pairFilePointsOf(records: readonly MetricsRecord[]): PairFilePoint[] {
  return records.flatMap(({ step, imagesSeen, pairFiles }) =>
    pairFiles ? [{ step, imagesSeen: imagesSeen as number, sets: pairFiles as PairFilePoint['sets'] }] : [],
  );
}

function pointsOf(records: readonly MetricsRecord[], name: 'validation' | 'test'): ValidationPoint[] {
  return records.flatMap((record) => {
    const point = record[name] as Omit<ValidationPoint, 'step' | 'imagesSeen'> | undefined;
    return point ? [{ step: record.step, imagesSeen: record.imagesSeen as number, ...point }] : [];
  });
}
