import { type DecodedSource, findDuplicates, openSource, type SkippedFile } from '@unitsphere/data';
import { UserError } from '../user-error.js';
import type { OpenHandlers } from './dataset.js';
import { measureSizes, type SizeDistribution } from './measure-sizes.js';
import { specOfPath } from './pack-data.js';

/** What images contain. */
export interface DataInspection {
  readonly identities: number;
  readonly images: number;
  /** Size of the encoded images. */
  readonly bytes: number;
  /** Numbers of identities by their numbers of images, in ranges that double. */
  readonly perIdentity: readonly {
    readonly from: number;
    readonly to: number;
    readonly identities: number;
  }[];
  /** Pixels of the images. */
  readonly sizes: SizeDistribution;
  /** Files that are not used, with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** Pictures of several identities. */
  readonly duplicates: readonly { readonly files: readonly string[]; readonly kind: string }[];
  /** Settings that suit the images, as `--set` takes them. */
  readonly settings: readonly string[];
}

// The side of the decoded images; the same as the default of a training, so that both share their cache.
const SIDE = 160;

/** Reads and checks every image at a path. @throws UserError if they cannot be trained on. */
export async function inspectData(
  path: string,
  {
    warn,
    progress,
    listed,
    measured,
  }: Pick<OpenHandlers, 'warn' | 'progress' | 'listed'> & { measured?(done: number, total: number): void },
): Promise<DataInspection> {
  let source: DecodedSource;
  try {
    source = (await openSource(
      { ...specOfPath(path), side: SIDE },
      { onWarning: warn, onProgress: progress, onListed: listed },
    )) as DecodedSource;
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
  const counts = source.identities.map(({ samples }) => samples);
  let bytes = 0;
  for (const identity of counts.keys()) {
    for (const image of source.contents(identity)) bytes += image.bytes;
  }
  const sizes = await readSizes(source, measured);
  const groups = await findDuplicates(source, { withinIdentity: false });
  const duplicates = groups.filter(({ images }) => new Set(images.map(({ identity }) => identity)).size > 1);
  return {
    identities: counts.length,
    images: counts.reduce((sum, samples) => sum + samples, 0),
    bytes,
    perIdentity: histogram(counts),
    sizes,
    skipped: source.skipped,
    duplicates: duplicates.map(({ images, kind }) => ({ files: images.map(({ file }) => file), kind })),
    settings: suggestSettings(counts),
  };
}

/** Reads the sizes of all images. @throws UserError if one has changed since the opening. */
async function readSizes(
  source: DecodedSource,
  measured?: (done: number, total: number) => void,
): Promise<SizeDistribution> {
  try {
    return await measureSizes(source, measured);
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  } finally {
    source.close();
  }
}

/** Counts identities by their numbers of images: 1, 2, 3 to 4, 5 to 8, … */
function histogram(counts: readonly number[]): DataInspection['perIdentity'] {
  const ranges: { from: number; to: number; identities: number }[] = [];
  const most = maximum(counts);
  for (let from = 1, to = 1; from <= most; from = to + 1, to *= 2) {
    const identities = counts.filter((count) => count >= from && count <= to).length;
    if (identities > 0) ranges.push({ from, to, identities });
  }
  return ranges;
}

const maximum = (counts: readonly number[]) => counts.reduce((most, count) => Math.max(most, count), 0);

function suggestSettings(counts: readonly number[]): string[] {
  const settings: string[] = [];
  // One image of an identity has no real pair, so its views become classes that the network must tell apart.
  if (maximum(counts) === 1) settings.push('data.views=24');
  // Beyond some ten thousand classes, a softmax over all of them takes longer than the network.
  if (counts.length > 50_000) settings.push('loss.partialFc.sampleRate=0.1');
  return settings;
}
