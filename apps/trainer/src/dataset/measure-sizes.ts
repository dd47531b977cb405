import type { DecodedSource } from '@unitsphere/data';

/** Size of an image's file in pixels. */
export interface ImageSize {
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

/** How widths or heights are distributed, in pixels. A percentile is the side of an image, not interpolated. */
export interface SideDistribution {
  readonly minimum: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  readonly maximum: number;
}

/** Sizes of all images. */
export interface SizeDistribution {
  /** The image of the fewest pixels, and that of the most. */
  readonly smallest: ImageSize;
  readonly largest: ImageSize;
  readonly widths: SideDistribution;
  readonly heights: SideDistribution;
}

/** Reads that wait for the disk at once. */
const READS = 8;

/**
 * Reads the size of every image.
 * @throws Error if an image cannot be read, or has changed since the source was opened.
 */
export async function measureSizes(
  source: DecodedSource,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<SizeDistribution> {
  const starts: number[] = [];
  let total = 0;
  for (const { samples } of source.identities) {
    starts.push(total);
    total += samples;
  }
  const widths = new Uint32Array(total);
  const heights = new Uint32Array(total);
  const images = imagesOf(source);
  let done = 0;
  const measure = async () => {
    for (const { identity, sample } of images) {
      const { width, height } = await source.readSize(identity, sample);
      widths[starts[identity] + sample] = width;
      heights[starts[identity] + sample] = height;
      onProgress(++done, total);
    }
  };
  await Promise.all(Array.from({ length: READS }, measure));
  let [least, most] = [0, 0];
  for (let i = 1; i < total; i++) {
    const pixels = widths[i] * heights[i];
    if (pixels < widths[least] * heights[least]) least = i;
    if (pixels > widths[most] * heights[most]) most = i;
  }
  const sizeOf = (image: number): ImageSize => {
    let identity = starts.length - 1;
    while (starts[identity] > image) identity--;
    const { file } = source.contents(identity)[image - starts[identity]];
    return { file, width: widths[image], height: heights[image] };
  };
  return {
    smallest: sizeOf(least),
    largest: sizeOf(most),
    widths: distribution(widths),
    heights: distribution(heights),
  };
}

function* imagesOf({ identities }: DecodedSource): Generator<{ identity: number; sample: number }> {
  for (const [identity, { samples }] of identities.entries()) {
    for (let sample = 0; sample < samples; sample++) yield { identity, sample };
  }
}

function distribution(sides: Uint32Array): SideDistribution {
  const sorted = sides.toSorted();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))];
  return { minimum: at(0), p5: at(0.05), median: at(0.5), p95: at(0.95), maximum: at(1) };
}
