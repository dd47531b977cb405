import {
  type CanvasFactory,
  type IdentitySplit,
  type ImageSource,
  openSource,
  type SourceSpec,
  splitIdentities,
} from '@unitsphere/data';
import type { Config, DataConfig } from '../config/config.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { UserError } from '../user-error.js';

// Images are decoded larger than the network's input if they are augmented, so that crops and rotations stay sharp.
const AUGMENTED_SCALE = 1.25;

/** An opened image source, its specification, and the split of its identities. */
export interface Dataset {
  spec: SourceSpec;
  source: ImageSource;
  split: IdentitySplit;
  /** Files that could not be read, with the reason. */
  skipped: { file: string; reason: string }[];
}

/** Returns the specification of a config's image source: plain data that workers can open too. */
export function sourceSpec(data: DataConfig, seed: number): SourceSpec {
  const size = Math.round(data.imageSize * (data.augment || data.views > 1 ? AUGMENTED_SCALE : 1));
  return data.source === 'folder'
    ? { kind: 'folder', dir: data.path, cacheSize: size, ...(data.cacheDir && { cacheDir: data.cacheDir }) }
    : { kind: data.source, identities: data.identities, seed, size };
}

/**
 * Opens a config's source and splits its identities.
 * @param handlers `canvases` draws documents and faces in a browser.
 * @throws UserError for a source that cannot be trained on.
 */
export async function openDataset(
  { data, seed }: Pick<Config, 'data' | 'seed'>,
  handlers: {
    warn(message: string): void;
    progress?(done: number, total: number): void;
    canvases?: CanvasFactory;
  },
): Promise<Dataset> {
  const spec = sourceSpec(data, seed);
  const skipped: Dataset['skipped'] = [];
  try {
    const source = await openSource(spec, {
      onSkipped: (file) => skipped.push(file),
      onWarning: handlers.warn,
      onProgress: handlers.progress,
      canvases: handlers.canvases,
    });
    const names = source.identities.map(({ name }) => name);
    const split = splitIdentities(names, { ...data.split, seed });
    for (const part of ['validation', 'test'] as const) {
      if (data.split[part] > 0 && split[part].length < 2) {
        throw new UserError(
          `the ${part} part has ${split[part].length} of ${names.length} identities, but a comparison needs at least 2`,
          {
            hint: `Use more identities, a larger share (--set data.split.${part}=…) or another --set seed=….`,
          },
        );
      }
    }
    const train = takeTrained(split.train, data.trainIdentities);
    return { spec, source, split: { ...split, train }, skipped };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError((error as Error).message, { cause: error });
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

/** Reports the unreadable files and the split. */
export function reportDataset({ skipped, split, source }: Dataset, progress: ProgressReporter): void {
  if (skipped.length) {
    const shown = skipped.slice(0, 5).map(({ file, reason }) => `  ${file}: ${reason}`);
    if (skipped.length > 5) shown.push(`  … and ${skipped.length - 5} more`);
    progress.note(`${skipped.length} image(s) could not be read and are skipped:\n${shown.join('\n')}`);
  }
  progress.note(
    `${source.identities.length} identities: ${split.train.length} to train on, ${split.validation.length} for validation, ${split.test.length} held out`,
  );
}
