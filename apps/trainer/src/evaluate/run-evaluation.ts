import { useBackend } from '@unitsphere/backends';
import { Random } from '@unitsphere/core';
import type { ImageSource } from '@unitsphere/data';
import type { Config, EvaluationConfig } from '../config/config.js';
import { type OpenedImages, openImages } from '../dataset/dataset.js';
import { type EvaluationImages, evaluationImages, evaluationOptions } from '../dataset/evaluation-images.js';
import { readSeen, type Seen } from '../dataset/run-data.js';
import { listNames } from '../list-names.js';
import { EmbeddingModel } from '../model/embedding-model.js';
import { loadPretrained } from '../model/load-pretrained.js';
import { imageNetPreprocessing, type Preprocessing } from '../model/preprocessing.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { summarizeVerification, type VerificationSummary } from '../report/index.js';
import { openCheckpoint } from '../run/checkpoints.js';
import { restoreModel } from '../step/checkpoint-files.js';
import { UserError } from '../user-error.js';
import { Embedder } from './embed.js';
import { identityIntervals } from './identity-intervals.js';
import { verifyModel } from './verify-model.js';

/** Options of {@link runEvaluation}. */
export interface EvaluationOptions {
  /** The folder of a checkpoint or of a run. */
  checkpoint: string;
  /** A folder of images. Default: the data of the run. */
  data?: string;
  /** `test`, the default: identities that the run used neither for training nor for model selection. `all`: every identity. */
  identities?: 'test' | 'all';
  /** Kind of pairs. Default: as in the run's config. */
  pairs?: EvaluationConfig['pairs'];
  backend?: Config['backend'];
  progress: ProgressReporter;
}

/** The result of an evaluation. */
export interface EvaluationReport {
  checkpoint: string;
  step: number;
  backend: string;
  heldOut: VerificationSummary;
  /** Figures on augmented copies for identities with one image, if `heldOut` has real pairs. */
  copies?: VerificationSummary;
  untrained: VerificationSummary;
  rank1: { heldOut: number; untrained: number };
  skipped: OpenedImages['skipped'];
}

/**
 * Verifies a checkpoint and the same network before training on identities that the run has not seen, with one clean image and 8
 * others each.
 * @throws UserError for an unusable checkpoint or unusable data.
 */
export async function runEvaluation(options: EvaluationOptions): Promise<EvaluationReport> {
  const { progress } = options;
  const { run, checkpoint } = await openCheckpoint(options.checkpoint);
  const trained = await run.readConfig();
  const { data } = trained;
  const config: Config = options.data
    ? { ...trained, data: { ...data, source: 'folder', path: options.data } as Config['data'] }
    : trained;
  const backend = await useBackend(options.backend ?? config.backend);
  progress.phase('reading images');
  const { source, skipped } = await openImages(config, { warn: (message) => progress.note(message) });
  for (const { file, reason } of skipped) progress.note(`skipped ${file}: ${reason}`);
  const seen = options.identities === 'all' ? undefined : await readSeen(run, config);
  const { identities, copied } = selectUnseen(source, seen);
  if (copied.length > 0) {
    progress.note(
      `skipped ${copied.length} identities with images that the run was trained on: ${listNames(copied)}`,
    );
  }
  if (identities.length < 2) {
    throw new UserError(
      `the run has not seen ${identities.length} of ${source.identities.length} identities, but a comparison needs at least 2`,
      { hint: 'Use a folder with identities that the run has not seen: --data DIR' },
    );
  }
  if (identities.length < source.identities.length) {
    progress.note(
      `comparing the ${identities.length} of ${source.identities.length} identities that the run has not seen`,
    );
  }
  const { main: images, copies } = await evaluationImages(source, identities, {
    ...evaluationOptions(config),
    ...(options.pairs && { pairs: options.pairs }),
  });
  const preprocessing =
    (checkpoint.state.preprocessing as Preprocessing | undefined) ??
    imageNetPreprocessing(config.data.imageSize);
  const model = new EmbeddingModel(
    config.model,
    config.data.imageSize,
    new Random(config.seed, 'weights'),
  ).eval();
  try {
    const embedder = new Embedder(model, preprocessing);
    const measure = async (images: EvaluationImages) => {
      const found = await verifyModel(embedder, images);
      return { ...found, summary: summarizeVerification(found.verification, found.protocol).summary };
    };
    if (config.model.pretrained) {
      const isTruncated = config.model.outIndex !== undefined;
      await loadPretrained(model.backbone, config.model.pretrained, isTruncated);
    }
    progress.phase('measuring the network before training');
    const untrained = await measure(images);
    const read = async (name: string) => [name, await checkpoint.readFile(name)] as const;
    restoreModel(
      model,
      Object.fromEntries(await Promise.all(['backbone.safetensors', 'head.safetensors'].map(read))),
    );
    progress.phase('measuring the checkpoint');
    const heldOut = await measure(images);
    const copiesSummary = copies && (await measure(copies)).summary;
    const overIdentities = identityIntervals(heldOut, images, progress);
    const rank1 = { heldOut: heldOut.rank1, untrained: untrained.rank1 };
    return {
      checkpoint: checkpoint.directory,
      step: checkpoint.step,
      backend: backend.name,
      heldOut: summarizeVerification(heldOut.verification, heldOut.protocol, overIdentities).summary,
      ...(copiesSummary && { copies: copiesSummary }),
      untrained: untrained.summary,
      rank1,
      skipped,
    };
  } finally {
    progress.phase(null);
    progress.done();
    model.dispose();
  }
}

/** Returns the identities that a run has not seen, and the names of others whose images it has seen under another name. */
function selectUnseen(
  source: ImageSource,
  seen: Seen | undefined,
): { identities: number[]; copied: string[] } {
  const identities: number[] = [];
  const copied: string[] = [];
  source.identities.forEach(({ name }, identity) => {
    if (seen?.names.has(name)) return;
    const contents = (seen && source.contents?.(identity)) ?? [];
    if (contents.some(({ sha256 }) => seen?.contents.has(sha256))) copied.push(name);
    else identities.push(identity);
  });
  return { identities, copied };
}
