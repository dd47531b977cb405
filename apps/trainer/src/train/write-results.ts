import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import type { Config } from '../config/config.js';
import type { EvaluationImages } from '../evaluate/evaluation-images.js';
import { heldOutRows, sampleRows } from '../evaluate/report-images.js';
import type { ModelVerification } from '../evaluate/verify-model.js';
import {
  type Curve,
  type ReportData,
  renderReport,
  type StepMetrics,
  summarizeVerification,
  type ValidationPoint,
  type VerificationSummary,
} from '../report/index.js';
import { type MetricsRecord, readMetrics } from '../run/metrics-log.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import type { Dataset } from './dataset.js';
import type { TrainingSummary } from './types.js';

/** What is kept of the network's verification before its first step. */
export interface UntrainedFigures {
  summary: VerificationSummary;
  roc: Curve;
  rank1: number;
}

/** What a finished training hands over to be written down. */
export interface Results {
  config: Config;
  dataset: Dataset;
  testImages: EvaluationImages;
  heldOut: ModelVerification;
  untrained: UntrainedFigures;
  backend: string;
  replicas: number;
  seconds: number;
  stepSeconds: number;
  lossSeconds: number;
  parameters: number;
}

/** Writes summary.json, report.json and report.html; returns the summary. */
export async function writeResults(run: RunDirectory, results: Results): Promise<TrainingSummary> {
  const { config, dataset, testImages, heldOut, untrained } = results;
  const { split, source } = dataset;
  const counts = { identities: split.test.length, images: testImages.length };
  const { summary: figures, roc, histogram } = summarizeVerification(heldOut.verification, counts);
  const imagesSeen = config.training.steps * config.training.batchSize;
  const summary: TrainingSummary = {
    heldOut: figures,
    untrained: untrained.summary,
    steps: config.training.steps,
    imagesPerSecond: imagesSeen / results.stepSeconds,
    backend: results.backend,
    replicas: results.replicas,
    seconds: results.seconds,
    imagesSeen,
    classes: split.train.length * config.data.views,
    parameters: results.parameters,
    embeddingSize: config.model.embeddingSize,
    rank1: { heldOut: heldOut.rank1, untrained: untrained.rank1 },
    splits: { train: split.train.length, validation: split.validation.length, test: split.test.length },
    skipped: dataset.skipped.length,
    lossSeconds: results.lossSeconds,
    stepSeconds: results.stepSeconds,
  };
  const records = await readMetrics(run.file(RUN_FILES.metrics));
  const images = { size: config.data.imageSize, seed: config.seed };
  const data: ReportData = {
    title: config.data.source === 'documents' ? 'Generated documents' : `Images of ${config.data.path}`,
    createdAt: new Date().toISOString(),
    subject: config.data.source === 'documents' ? { one: 'document', many: 'documents' } : undefined,
    config: config as unknown as Record<string, unknown>,
    summary,
    metrics: records.filter((record) => 'loss' in record) as unknown as StepMetrics[],
    validation: pointsOf(records, 'validation'),
    test: pointsOf(records, 'test'),
    roc: { heldOut: roc, untrained: untrained.roc },
    histogram,
    samples: await sampleRows(source, split.train, images),
    ...(await heldOutRows(source, testImages, heldOut, config.seed)),
    machine: machine(),
  };
  await run.writeFile(RUN_FILES.reportData, JSON.stringify(data));
  await run.writeFile(RUN_FILES.report, renderReport(data));
  // Last, so that a run with a summary has everything.
  await run.writeFile(RUN_FILES.summary, `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

function pointsOf(records: MetricsRecord[], name: 'validation' | 'test'): ValidationPoint[] {
  return records.flatMap((record) => {
    const point = record[name] as Omit<ValidationPoint, 'step' | 'imagesSeen'> | undefined;
    return point ? [{ step: record.step, imagesSeen: record.imagesSeen as number, ...point }] : [];
  });
}

function machine(): ReportData['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${arch()}`,
    node: process.version,
  };
}
