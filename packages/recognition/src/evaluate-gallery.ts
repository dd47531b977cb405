import {
  clusteredRate,
  type Interval,
  identificationRate,
  type OpenSetPoint,
  openSetIdentification,
} from '@unitsphere/verification';
import type { Calibration } from './calibration/calibration.js';
import type { EmbedOptions, GalleryEmbedder } from './embedder.js';
import { createGallery } from './gallery.js';

/** Options of {@link evaluateGallery}. */
export interface EvaluateGalleryOptions<Image> extends EmbedOptions {
  /** Computes the embeddings of images. Not required for embeddings. */
  embedder?: GalleryEmbedder<Image>;
  /** Images of each identity that are enrolled: the first ones. The others are probes. Default: 1. */
  enroll?: number;
  /**
   * Share of the identities that are held out as strangers, in (0, 1). Default: 0.5. They are spread evenly over the identities
   * in the order given.
   */
  strangers?: number;
  /** Rates of strangers that are accepted (FPIR) to report, each in (0, 1). Default: 0.1, 0.01, 0.001. */
  fpirs?: readonly number[];
  /** Ranks to report. Default: 1, 5. */
  ranks?: readonly number[];
  /** Rate that the gallery is calibrated for. Default: 0.01. */
  falseAcceptRate?: number;
}

/** A rate with its 95 % interval over identities. */
export interface EvaluatedRate {
  readonly rate: number;
  readonly interval: Interval;
}

/** How well a gallery recognizes. */
export interface GalleryEvaluation {
  /** Identities that are enrolled. */
  readonly enrolled: number;
  /** Identities that are held out. */
  readonly strangers: number;
  /** Probes of enrolled identities, and of strangers. */
  readonly probes: { readonly enrolled: number; readonly strangers: number };
  /** Rates of probes whose own identity is among the best r; empty if no enrolled identity has a probe. */
  readonly ranks: readonly (EvaluatedRate & { readonly rank: number })[];
  /** FNIR and threshold at each FPIR, both measured on these strangers; empty if no enrolled identity has a probe. */
  readonly points: readonly OpenSetPoint[];
  /** The gallery's calibration from its own identities, and the rates measured at its threshold. */
  readonly calibrated: {
    readonly calibration: Calibration;
    /** Rate of strangers that are accepted. */
    readonly fpir: EvaluatedRate;
    /** Rate of enrolled probes that are missed or taken for somebody else; undefined without such probes. */
    readonly fnir: EvaluatedRate | undefined;
  };
}

/**
 * Measures recognition on identities with one or more images each: some identities are enrolled, with their first images,
 * and their other images are probes. The others are strangers, and all their images are probes.
 *
 * - `points` have the threshold of each FPIR from these very strangers, as evaluations report it (NIST FRTE 1:N, ISO/IEC 19795-1).
 * - `calibrated` is what a user gets, who has only the gallery: the threshold of `calibrate`, and the rates that it leads to.
 *
 * @param identities Images or embeddings of each identity, by name.
 * @throws RangeError if an option is out of range, an identity has no image, fewer than 3 identities are enrolled, or there is
 *   no stranger.
 */
export async function evaluateGallery<Image = never>(
  identities: ReadonlyMap<string, readonly (Image | Float32Array)[]>,
  options: EvaluateGalleryOptions<Image> = {},
): Promise<GalleryEvaluation> {
  const { enroll = 1, strangers = 0.5, fpirs, ranks = [1, 5], falseAcceptRate = 0.01 } = options;
  if (!Number.isInteger(enroll) || enroll < 1) {
    throw new RangeError(`enroll must be an integer of at least 1, got ${enroll}.`);
  }
  if (!(strangers > 0 && strangers < 1)) {
    throw new RangeError(`strangers must be between 0 and 1 (both excluded), got ${strangers}.`);
  }
  const groups: Float32Array[][] = [];
  for (const [name, images] of identities) {
    if (images.length === 0) throw new RangeError(`The identity ${JSON.stringify(name)} has no image.`);
    groups.push(await embedAll(images, options));
  }
  const isStranger = (n: number) => Math.floor((n + 1) * strangers) > Math.floor(n * strangers);
  const enrolled = groups.flatMap((images, label) => (isStranger(label) ? [] : [{ images, label }]));
  const heldOut = groups.flatMap((images, label) => (isStranger(label) ? [{ images, label }] : []));
  if (heldOut.length === 0) {
    throw new RangeError(
      `Of ${groups.length} identities, none is held out. Pass more, or a larger \`strangers\`.`,
    );
  }
  const take = (list: typeof enrolled, choose: (images: Float32Array[]) => Float32Array[]) =>
    list.flatMap(({ images, label }) => choose(images).map((embedding) => ({ embedding, label })));
  const templates = take(enrolled, (images) => images.slice(0, enroll));
  const mated = take(enrolled, (images) => images.slice(enroll));
  const nonMated = take(heldOut, (images) => images);
  const size = groups[0][0].length;
  const gallery = await createGallery({ embeddingSize: size });
  try {
    for (const { images, label } of enrolled) await gallery.enroll(String(label), images.slice(0, enroll));
    const calibration = await gallery.calibrate({ falseAcceptRate });
    const rateOf = async (
      probes: typeof templates,
      isCounted: (found: { name: string; isAccepted: boolean }, label: number) => boolean,
    ): Promise<EvaluatedRate> => {
      const found = await gallery.recognizeMany(
        probes.map(({ embedding }) => embedding),
        { k: 1 },
      );
      const counted = found.map(({ decision, matches: [{ name }] }, n) =>
        Number(isCounted({ name, isAccepted: decision !== 'unknown' }, probes[n].label)),
      );
      return clusteredRate(
        counted,
        probes.map(({ label }) => label),
      );
    };
    return {
      enrolled: enrolled.length,
      strangers: heldOut.length,
      probes: { enrolled: mated.length, strangers: nonMated.length },
      ...measureSets(templates, mated, nonMated, size, ranks, fpirs),
      calibrated: {
        calibration,
        fpir: await rateOf(nonMated, ({ isAccepted }) => isAccepted),
        fnir:
          mated.length > 0
            ? await rateOf(mated, ({ name, isAccepted }, label) => !isAccepted || name !== String(label))
            : undefined,
      },
    };
  } finally {
    await gallery.close();
  }
}

type Labeled = { readonly embedding: Float32Array; readonly label: number };

function measureSets(
  templates: readonly Labeled[],
  mated: readonly Labeled[],
  nonMated: readonly Labeled[],
  size: number,
  ranks: readonly number[],
  fpirs: readonly number[] | undefined,
): Pick<GalleryEvaluation, 'ranks' | 'points'> {
  if (mated.length === 0) return { ranks: [], points: [] };
  const rows = (list: readonly Labeled[]) => {
    const all = new Float32Array(list.length * size);
    list.forEach(({ embedding }, n) => {
      all.set(embedding, n * size);
    });
    return all;
  };
  const labels = (list: readonly Labeled[]) => Int32Array.from(list, ({ label }) => label);
  const [gallery, galleryLabels] = [rows(templates), labels(templates)];
  const { rankOfProbe } = identificationRate(gallery, galleryLabels, rows(mated), labels(mated), size);
  const probes = [...mated, ...nonMated];
  return {
    ranks: ranks.map((rank) => ({
      rank,
      ...clusteredRate(
        Array.from(rankOfProbe, (own) => Number(own <= rank)),
        labels(mated),
      ),
    })),
    points: openSetIdentification(gallery, galleryLabels, rows(probes), labels(probes), size, {
      ...(fpirs && { fpirs }),
    }).points,
  };
}

async function embedAll<Image>(
  images: readonly (Image | Float32Array)[],
  { embedder, signal }: EvaluateGalleryOptions<Image>,
): Promise<Float32Array[]> {
  const pictures = images.filter((image): image is Image => !(image instanceof Float32Array));
  if (pictures.length > 0 && !embedder) {
    throw new TypeError(
      'evaluateGallery needs `embedder` for images. Without it, pass embeddings (Float32Array).',
    );
  }
  const embedded =
    pictures.length > 0 && embedder ? await embedder.embed(pictures, { ...(signal && { signal }) }) : [];
  let next = 0;
  return images.map((image) => (image instanceof Float32Array ? image : embedded[next++]));
}
