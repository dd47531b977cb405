import {
  type CanvasFactory,
  type IdentitySplit,
  type ImageSource,
  type LabeledImage,
  openSource,
  type SourceSpec,
  type SplitFractions,
} from '@unitsphere/data';
import { type Config, type DataConfig, isFileData } from '../config/config.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { UserError } from '../user-error.js';
import { describeLeaks, findLeaks, type Leaks } from './find-leaks.js';
import { type GivenSplit, splitByFolders } from './given-split.js';

// Images are decoded larger than the network's input if they are augmented, so that crops and rotations stay sharp.
const AUGMENTED_SCALE = 1.25;

const MIB = 2 ** 20;

/** An opened image source and its specification. */
export interface OpenedImages {
  spec: SourceSpec;
  source: ImageSource;
  /** Files that could not be read, with the reason. */
  skipped: { file: string; reason: string }[];
}

/** An opened image source and the split of its identities. */
export interface Dataset extends OpenedImages {
  split: IdentitySplit;
  /** Pictures and identities in several parts of the split or several identities. */
  leaks: Leaks;
}

/** Callbacks and canvases for opening images. */
export interface OpenHandlers {
  warn(message: string): void;
  progress?(done: number, total: number): void;
  /** Called with the number of files found so far, while a folder is listed. */
  listed?(files: number): void;
  /** Draws documents and faces in a browser. */
  canvases?: CanvasFactory;
  /** The images of a source with a path, where the path cannot be read: in a page. */
  images?: readonly LabeledImage[];
}

/** Returns the specification of a config's image source: plain data that workers can open too. */
export function sourceSpec(data: DataConfig, seed: number): SourceSpec {
  const size = Math.round(data.imageSize * (data.augment || data.views > 1 ? AUGMENTED_SCALE : 1));
  if (isFileData(data)) {
    const { source, path, memory, cacheDir, cacheLimit } = data;
    const decoding = {
      side: size,
      ...(memory !== undefined && { memory: memory * MIB }),
      ...(cacheDir !== undefined && { cacheDir }),
      ...(cacheLimit !== undefined && { cacheLimit: cacheLimit * MIB }),
    };
    return source === 'folder'
      ? { kind: source, dir: path, ...decoding }
      : { kind: source, path, ...decoding };
  }
  const { identities } = data;
  if (data.source !== 'cards') return { kind: data.source, identities, seed, size };
  const { photographs, pictures, variants, passes, scenes } = data;
  return {
    kind: 'cards',
    identities,
    seed,
    size,
    ...(photographs && { photographs }),
    ...(pictures && { pictures }),
    ...(variants && { variants }),
    ...(passes && { passes }),
    ...(scenes && { scenes }),
  };
}

/** Replaces the path of a specification by images. */
function givenImages(spec: SourceSpec, images: readonly LabeledImage[]): SourceSpec {
  const { side, memory } = spec as { side?: number; memory?: number };
  return { kind: 'images', images, side, memory };
}

/**
 * Opens a config's images.
 * @throws UserError for a source that cannot be read.
 */
export async function openImages(
  { data, seed }: Pick<Config, 'data' | 'seed'>,
  { warn, progress, listed, canvases, images }: OpenHandlers,
): Promise<OpenedImages> {
  const configured = sourceSpec(data, seed);
  const spec: SourceSpec = images ? givenImages(configured, images) : configured;
  const skipped: OpenedImages['skipped'] = [];
  try {
    const source = await openSource(spec, {
      onSkipped: (file) => skipped.push(file),
      onWarning: warn,
      onProgress: progress,
      onListed: listed,
      canvases,
    });
    return { spec, source, skipped };
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}

/**
 * Opens a config's images and splits their identities.
 * @throws UserError for a source that cannot be trained on, and with `data.strict` for a picture in two places.
 */
export async function openDataset(
  config: Pick<Config, 'data' | 'seed'>,
  handlers: OpenHandlers,
): Promise<Dataset> {
  const { data, seed } = config;
  const opened = await openImages(config, handlers);
  const names = opened.source.identities.map(({ name }) => name);
  const { split, alsoTrained } = splitFor(names, { ...data.split, seed });
  const leaks = await findLeaks(opened.source, split, alsoTrained);
  const [problem, ...others] = data.strict ? describeLeaks(leaks) : [];
  if (problem !== undefined) {
    throw new UserError([problem, ...others].join('\n'), {
      hint: 'Delete the copies, or leave out --strict-data to train with a warning.',
    });
  }
  const train = takeTrained(split.train, data.trainIdentities);
  return { ...opened, split: { ...split, train }, leaks };
}

/** Splits identities. @throws UserError if there are too few. */
function splitFor(names: readonly string[], fractions: SplitFractions): GivenSplit {
  try {
    const given = splitByFolders(names, fractions);
    for (const part of ['validation', 'test'] as const) {
      const count = given.split[part].length;
      if (count === 1)
        throw new RangeError(`the ${part} part has 1 identity, but a comparison needs at least 2.`);
    }
    return given;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(error.message.replace(/^splitIdentities: /, ''), {
      hint:
        'Add identities. With only a few, train on documents (unitsphere train documents) or start from a trained model, ' +
        'and enroll yours: recognition needs one image of each.',
      cause: error,
    });
  }
}

/** Returns the first `wanted` identities of the training part. */
function takeTrained(part: IdentitySplit['train'], wanted = part.length): IdentitySplit['train'] {
  if (wanted <= part.length) return part.slice(0, wanted);
  throw new UserError(
    `data.trainIdentities is ${wanted}, but the training part has ${part.length} identities`,
    {
      hint: 'Lower data.trainIdentities, add identities, or raise data.split.train.',
    },
  );
}

/** @throws UserError if a step would sample more classes than exist. */
export function checkSample({ loss: { partialFc } }: Config, classes: number): void {
  const { sampledClasses = 0 } = partialFc;
  if (sampledClasses <= classes) return;
  throw new UserError(
    `loss.partialFc.sampledClasses is ${sampledClasses}, but only ${classes} classes exist`,
    { hint: 'Lower it, or use the full softmax: --set loss.partialFc.sampledClasses=' },
  );
}

/** Reports unreadable files, the split, and pictures in two places. */
export function reportDataset({ skipped, split, source, leaks }: Dataset, progress: ProgressReporter): void {
  if (skipped.length) {
    const shown = skipped.slice(0, 5).map(({ file, reason }) => `  ${file}: ${reason}`);
    if (skipped.length > 5) shown.push(`  … and ${skipped.length - 5} more`);
    progress.note(`${skipped.length} image(s) could not be read and are skipped:\n${shown.join('\n')}`);
  }
  progress.note(
    `${source.identities.length} identities: ${split.train.length} to train on, ${split.validation.length} for validation, ${split.test.length} held out`,
  );
  for (const line of describeLeaks(leaks)) progress.note(`warning: ${line}`);
}
