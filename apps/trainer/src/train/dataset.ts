import {
  type IdentitySplit,
  type ImageSource,
  openSource,
  type SourceSpec,
  splitIdentities,
} from '@unitsphere/data';
import type { Config, DataConfig } from '../config/config.js';
import { UserError } from '../user-error.js';

// Images to be augmented are a little larger than the network's input, so that crops and rotations stay sharp.
const AUGMENTED_SCALE = 1.25;

/** An opened source, what it was opened from, and who is in which part. */
export interface Dataset {
  spec: SourceSpec;
  source: ImageSource;
  split: IdentitySplit;
  /** Files that could not be read. */
  skipped: { file: string; reason: string }[];
}

/** What a config's images come from, as plain data that workers can open too. */
export function sourceSpec(data: DataConfig, seed: number): SourceSpec {
  const size = Math.round(data.imageSize * (data.augment || data.views > 1 ? AUGMENTED_SCALE : 1));
  return data.source === 'documents'
    ? { kind: 'documents', identities: data.identities, seed, size }
    : { kind: 'folder', dir: data.path, cacheSize: size, ...(data.cacheDir && { cacheDir: data.cacheDir }) };
}

/** Opens a config's source and splits its identities. @throws UserError for a source that cannot be trained on. */
export async function openDataset(
  { data, seed }: Pick<Config, 'data' | 'seed'>,
  handlers: { warn(message: string): void; progress?(done: number, total: number): void },
): Promise<Dataset> {
  const spec = sourceSpec(data, seed);
  const skipped: Dataset['skipped'] = [];
  try {
    const source = await openSource(spec, {
      onSkipped: (file) => skipped.push(file),
      onWarning: handlers.warn,
      onProgress: handlers.progress,
    });
    const names = source.identities.map(({ name }) => name);
    const split = splitIdentities(names, { ...data.split, seed });
    for (const part of ['validation', 'test'] as const) {
      if (data.split[part] > 0 && split[part].length < 2) {
        throw new UserError(
          `the ${part} part has ${split[part].length} of ${names.length} identities; at least 2 are needed to compare`,
          { hint: `Use more images, a larger data.split.${part}, or another seed.` },
        );
      }
    }
    return { spec, source, split, skipped };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError((error as Error).message, { cause: error });
  }
}
