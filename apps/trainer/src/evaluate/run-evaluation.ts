import { useBackend } from '@unitsphere/backends';
import type { Embedder } from '@unitsphere/embedder';
import type { Config, EvaluationConfig } from '../config/config.js';
import { sourceOfPath } from '../config/file-sources.js';
import { type OpenedImages, openImages } from '../dataset/dataset.js';
import { type EvaluationImages, evaluationImages, evaluationOptions } from '../dataset/evaluation-images.js';
import { openingHandlers } from '../dataset/opening-handlers.js';
import { openPairFiles } from '../dataset/pair-files.js';
import { readSeen } from '../dataset/run-data.js';
import { listNames } from '../list-names.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { type PairFileSummary, summarizeVerification, type VerificationSummary } from '../report/index.js';
import { UserError } from '../user-error.js';
import { imageEmbedder } from './embed.js';
import { openEvaluatedModel } from './evaluated-model.js';
import { identityIntervals } from './identity-intervals.js';
import { measureRetrieval, type RetrievalSummary } from './measure-retrieval.js';
import { selectUnseen } from './select-unseen.js';
import { verifyModel } from './verify-model.js';
import { verifyPairs } from './verify-pairs.js';

/** Options of {@link runEvaluation}. */
export interface EvaluationOptions {
  /** The folder of a checkpoint, a run or a model, or the name of a shipped model, such as `document-small`. */
  checkpoint: string;
  /** A folder of images. Default: the data of the run. Required for a model. */
  data?: string;
  /**
   * `test`, the default: identities that the run used neither for training nor for model selection. `all`: every identity. A model
   * without a run requires `all`, because it has no record of its training data.
   */
  identities?: 'test' | 'all';
  /** Kind of pairs. Default: as in the run's config. */
  pairs?: EvaluationConfig['pairs'];
  /** Verification sets in insightface's format. Default: as in the run's config. */
  pairFiles?: readonly string[];
  backend?: Config['backend'];
  progress: ProgressReporter;
}

/** The result of an evaluation. */
export interface EvaluationReport {
  /** Folder of the checkpoint or of the model, or the name of a shipped model. */
  checkpoint: string;
  /** Step of the checkpoint; absent for a model without a run. */
  step?: number;
  backend: string;
  /** Absent if the run held out no identities, so that only verification sets are measured. */
  heldOut?: VerificationSummary;
  /** Figures on augmented copies for identities with one image, if `heldOut` has real pairs. */
  copies?: VerificationSummary;
  /** Figures of the network before training; absent for a model without a run. */
  untrained?: VerificationSummary;
  /** Absent together with `heldOut`. */
  rank1?: { heldOut: number; untrained?: number };
  /** Present if the images name queries and a gallery. Identities that the run was trained on are left out. */
  retrieval?: RetrievalSummary;
  /** Figures on verification sets, by name. */
  pairFiles?: Record<string, PairFileSummary>;
  skipped: OpenedImages['skipped'];
}

/**
 * Verifies a checkpoint and the same network before training on identities that the run has not seen, with one clean image and 8
 * others each.
 * A model without a run is verified alone.
 * @throws UserError for an unusable checkpoint, model or data.
 */
export async function runEvaluation(options: EvaluationOptions): Promise<EvaluationReport> {
  const { progress } = options;
  const evaluated = await openEvaluatedModel(options.checkpoint);
  const { config: trained } = evaluated;
  if (!evaluated.trained) checkModelOptions(evaluated.name, options);
  const { data } = trained;
  const config: Config = options.data
    ? {
        ...trained,
        data: { ...data, source: sourceOfPath(options.data), path: options.data } as Config['data'],
      }
    : trained;
  const backend = await useBackend(options.backend ?? config.backend);
  const pairSources = await openPairFiles(options.pairFiles ?? config.evaluation.pairFiles);
  progress.phase('reading images');
  const { source, skipped } = await openImages(config, openingHandlers(progress));
  for (const { file, reason } of skipped) progress.note(`skipped ${file}: ${reason}`);
  const run = evaluated.trained?.run;
  const seen = options.identities === 'all' || !run ? undefined : await readSeen(run, config);
  const { identities, copied } = selectUnseen(source, seen);
  if (copied.length > 0) {
    progress.note(
      `skipped ${copied.length} identities with images that the run was trained on: ${listNames(copied)}`,
    );
  }
  const isCompared = identities.length >= 2;
  // Without them, the verification sets of a run are still worth measuring.
  if (!isCompared && (options.data !== undefined || pairSources.length === 0)) {
    throw new UserError(
      `the run has not seen ${identities.length} of ${source.identities.length} identities, but a comparison needs at least 2`,
      { hint: 'Use a folder with identities that the run has not seen: --data DIR' },
    );
  }
  if (isCompared && identities.length < source.identities.length) {
    progress.note(
      `comparing the ${identities.length} of ${source.identities.length} identities that the run has not seen`,
    );
  }
  const { main: images, copies }: Partial<ReturnType<typeof evaluationImages>> = isCompared
    ? evaluationImages(source, identities, {
        ...evaluationOptions(config),
        ...(options.pairs && { pairs: options.pairs }),
      })
    : {};
  let embedder: Embedder | undefined;
  try {
    const measure = async (embedder: Embedder, images: EvaluationImages) => {
      const found = await verifyModel(imageEmbedder(embedder), images);
      return { ...found, summary: summarizeVerification(found.verification, found.protocol).summary };
    };
    // Read at once: a training that goes on deletes its older checkpoints.
    embedder = await evaluated.open();
    let untrained: Awaited<ReturnType<typeof measure>> | undefined;
    if (images && evaluated.openUntrained) {
      progress.phase('measuring the network before training');
      const before = await evaluated.openUntrained();
      try {
        untrained = await measure(before, images);
      } finally {
        before.dispose();
      }
    }
    progress.phase(evaluated.trained ? 'measuring the checkpoint' : 'measuring the model');
    const heldOut = images && (await measure(embedder, images));
    const copiesSummary = copies && (await measure(embedder, copies)).summary;
    const overIdentities = heldOut && identityIntervals(heldOut, images, progress);
    const trainedOn =
      options.identities === 'all' || !run ? undefined : await readSeen(run, config, ['train']);
    const retrieval = await measureRetrieval(
      imageEmbedder(embedder),
      source,
      selectUnseen(source, trainedOn).identities,
      {
        imageSize: config.data.imageSize,
        onProgress: (done, total) => progress.phase(`embedding queries and gallery: ${done} of ${total}`),
      },
    );
    const pairFiles: Record<string, PairFileSummary> = {};
    for (const { name, read } of pairSources) {
      pairFiles[name] = await verifyPairs(imageEmbedder(embedder), await read(), {
        name,
        imageSize: config.data.imageSize,
        onProgress: (done, total) => progress.phase(`verifying ${name}: ${done} of ${total} images`),
      });
    }
    return {
      checkpoint: evaluated.name,
      ...(evaluated.trained && { step: evaluated.trained.step }),
      backend: backend.name,
      ...(heldOut && {
        heldOut: summarizeVerification(heldOut.verification, heldOut.protocol, overIdentities).summary,
        rank1: { heldOut: heldOut.rank1, ...(untrained && { untrained: untrained.rank1 }) },
      }),
      ...(copiesSummary && { copies: copiesSummary }),
      ...(untrained && { untrained: untrained.summary }),
      ...(retrieval && { retrieval }),
      ...(pairSources.length > 0 && { pairFiles }),
      skipped,
    };
  } finally {
    progress.phase(null);
    progress.done();
    embedder?.dispose();
  }
}

/** @throws UserError if the options require a run, and the model has none. */
function checkModelOptions(name: string, { data, identities }: EvaluationOptions): void {
  if (data === undefined) {
    throw new UserError(`${name} is a model without a run, so it has no data of its own`, {
      hint: 'Name a folder of images: --data DIR',
    });
  }
  if (identities !== 'all') {
    throw new UserError(`${name} is a model without a run, which has no record of its training data`, {
      hint: 'Evaluate every identity of the folder: --identities all',
    });
  }
}
