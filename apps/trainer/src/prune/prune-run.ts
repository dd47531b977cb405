import { dirname, join, relative, resolve, sep } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import type { Config } from '../config/config.js';
import { countSubCenters } from '../config/count-sub-centers.js';
import { type Dataset, openDataset } from '../dataset/dataset.js';
import { openingHandlers } from '../dataset/opening-handlers.js';
import { readRunData } from '../dataset/run-data.js';
import { imageEmbedder } from '../evaluate/embed.js';
import { openCheckpointEmbedder } from '../evaluate/open-embedder.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { readFiles } from '../run/checkpoint.js';
import { openCheckpoint } from '../run/checkpoints.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { readCenters, widthOfCenters } from '../train/read-centers.js';
import { UserError } from '../user-error.js';
import { findClassOutliers } from './find-class-outliers.js';

/** Options of {@link pruneRun}. */
export interface PruneOptions {
  /** The folder of a run or a checkpoint that was trained with sub-centers. */
  run: string;
  /** The list to write. */
  output: string;
  /** Smallest angle of an outlier, in degrees. */
  threshold: number;
  progress: ProgressReporter;
}

/** An image that is far from the dominant sub-center of its class. */
export interface Outlier {
  /** Path relative to the folder of images. */
  file: string;
  identity: string;
  /** In degrees. */
  angle: number;
}

/** Result of {@link pruneRun}. */
export interface PruneResult {
  /** Largest angle first. */
  outliers: Outlier[];
  /** Number of training images. */
  images: number;
  /** Number of training identities, and of those that lost all images. */
  identities: { trained: number; dropped: number };
}

/**
 * Finds training images far from the dominant sub-center of their class, which are probable label errors, and writes a list of all
 * images but these. A training on the list starts from clean labels, as insightface's `drop.py` prepares it.
 * @throws UserError for a run without sub-centers, images that are not files in a folder, or data that changed since the training.
 */
export async function pruneRun({
  run: path,
  output,
  threshold,
  progress,
}: PruneOptions): Promise<PruneResult> {
  const { run, checkpoint } = await openCheckpoint(path);
  const config = await run.readConfig();
  const { data } = config;
  if (countSubCenters(config) < 2) {
    throw new UserError(`${path} was trained with one center per class, so it has no sub-centers to prune`, {
      hint: 'Train with --set loss.name=subcenter-arcface.',
    });
  }
  if (data.source !== 'folder' || data.views > 1) {
    throw new UserError('pruning requires a run on a folder of images, each of which shows one class', {
      hint: 'Train with data.source: folder and data.views: 1.',
    });
  }
  await useBackend(config.backend);
  progress.phase('reading images');
  const dataset = await openDataset(config, openingHandlers(progress));
  const identityOf = findIdentities(dataset, (await readRunData(run)).train);
  const embedder = await openCheckpointEmbedder(checkpoint, config);
  try {
    const outliers: Outlier[] = [];
    const emptied = new Set<number>();
    let images = 0;
    const width = widthOfCenters(config);
    const files = await readFiles(checkpoint);
    for await (const { classes, centers } of readCenters(run, config, identityOf.length, files)) {
      for (const [row, number] of classes.entries()) {
        const identity = identityOf[number];
        const embeddings = await embedIdentity(dataset, identity, config, imageEmbedder(embedder));
        const own = centers.subarray(row * width, (row + 1) * width);
        const { angles } = findClassOutliers(embeddings, own, config.model.embeddingSize);
        const far = [...angles.entries()].filter(([, angle]) => angle > threshold);
        for (const [sample, angle] of far) outliers.push({ ...describe(dataset, identity, sample), angle });
        if (far.length === angles.length) emptied.add(identity);
        images += angles.length;
        progress.phase(`embedding training images: ${images.toLocaleString('en')}`);
      }
    }
    outliers.sort((a, b) => b.angle - a.angle);
    const dropped = new Set(outliers.map(({ file }) => file));
    await writeFileAtomic(output, formatList(dataset, data.path, output, dropped));
    return { outliers, images, identities: { trained: identityOf.length, dropped: emptied.size } };
  } finally {
    embedder.dispose();
    progress.phase(null);
    progress.done();
  }
}

/** Returns the identity of each class. @throws UserError if the data lacks one. */
function findIdentities({ source }: Dataset, names: readonly string[]): number[] {
  const position = new Map(source.identities.map(({ name }, identity) => [name, identity]));
  return names.map((name) => {
    const identity = position.get(name);
    if (identity === undefined) {
      throw new UserError(`the data no longer contains ${name}, which the run was trained on`, {
        hint: 'Restore the images that the run was trained on.',
      });
    }
    return identity;
  });
}

async function embedIdentity(
  { source }: Dataset,
  identity: number,
  { data }: Config,
  embedder: ReturnType<typeof imageEmbedder>,
): Promise<Float32Array> {
  const { samples } = source.identities[identity];
  const pixels: Uint8Array[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const image = await source.loadResized?.(identity, sample, data.imageSize);
    if (image) pixels.push(image.data);
  }
  return (await embedder.embed(pixels)).embeddings;
}

function describe({ source }: Dataset, identity: number, sample: number) {
  const file = source.contents?.(identity)[sample]?.file ?? '';
  return { file, identity: source.identities[identity].name };
}

/** Formats a list for `data.source: csv` of all images but those that are dropped. Its paths are relative to its folder. */
function formatList(
  { source, split }: Dataset,
  folder: string,
  output: string,
  dropped: ReadonlySet<string>,
): string {
  const lines = ['path,label,split'];
  for (const part of ['train', 'validation', 'test'] as const) {
    for (const identity of split[part]) {
      const { name } = source.identities[identity];
      for (const { file } of source.contents?.(identity) ?? []) {
        if (part === 'train' && dropped.has(file)) continue;
        const path = relative(dirname(resolve(output)), join(folder, file))
          .split(sep)
          .join('/');
        lines.push([path, name, part].map(quote).join(','));
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

const quote = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
