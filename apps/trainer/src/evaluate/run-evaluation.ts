import { useBackend } from '@unitsphere/backends';
import { createEmbedder, type Embedder } from '@unitsphere/embedder';
import type { Config, EvaluationConfig } from '../config/config.js';
import { sourceOfPath } from '../config/file-sources.js';
import { type OpenedImages, openImages } from '../dataset/dataset.js';
import { type EvaluationImages, evaluationImages, evaluationOptions } from '../dataset/evaluation-images.js';
import { readSeen } from '../dataset/run-data.js';
import { listNames } from '../list-names.js';
import { describeModel } from '../model/describe-model.js';
import { loadPretrained } from '../model/load-pretrained.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { summarizeVerification, type VerificationSummary } from '../report/index.js';
import { openCheckpoint } from '../run/checkpoints.js';
import { UserError } from '../user-error.js';
import { imageEmbedder } from './embed.js';
import { identityIntervals } from './identity-intervals.js';
import { openCheckpointEmbedder } from './open-embedder.js';
import { selectUnseen } from './select-unseen.js';
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
    ? {
        ...trained,
        data: { ...data, source: sourceOfPath(options.data), path: options.data } as Config['data'],
      }
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
  let embedder: Embedder | undefined;
  try {
    const measure = async (embedder: Embedder, images: EvaluationImages) => {
      const found = await verifyModel(imageEmbedder(embedder), images);
      return { ...found, summary: summarizeVerification(found.verification, found.protocol).summary };
    };
    progress.phase('measuring the network before training');
    embedder = await createUntrained(config);
    const untrained = await measure(embedder, images);
    embedder.dispose();
    progress.phase('measuring the checkpoint');
    embedder = await openCheckpointEmbedder(checkpoint, config);
    const heldOut = await measure(embedder, images);
    const copiesSummary = copies && (await measure(embedder, copies)).summary;
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
    embedder?.dispose();
  }
}

/** Creates the network as it was before the first step. */
async function createUntrained(config: Config): Promise<Embedder> {
  const embedder = await createEmbedder(describeModel(config), { seed: config.seed });
  const { pretrained, outIndex } = config.model;
  if (pretrained && embedder.model)
    await loadPretrained(embedder.model.backbone, pretrained, outIndex !== undefined);
  return embedder;
}
