import { Random } from '@unitsphere/core/random';
import { CardSource, type CardSourceOptions } from '../cards/card-source.js';
import { DocumentSource } from '../documents/document-source.js';
import { CARD_ASPECT } from '../documents/layout.js';
import type { CanvasFactory } from '../drawing/canvas.js';
import { checkGeneratorOptions } from '../drawing/generator-options.js';
import { invertProjective, squareToQuad } from '../drawing/projective.js';
import { capture } from '../drawing/sensor.js';
import { openFolder } from '../folder/open-folder.js';
import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import { applyView } from '../views.js';
import { drawOccluder } from './occluder.js';

/** Options of `SceneSource`. */
export interface SceneSourceOptions extends Omit<CardSourceOptions, 'bare' | 'variants' | 'memory'> {
  /** Number of images per identity, the flat one included; default 9. */
  readonly samplesPerIdentity?: number;
  /** Share of the identities that are generated documents instead of cards, 0 … 1; default 0.5. */
  readonly documents?: number;
}

/** Largest angle between the card and the picture plane, in degrees. */
const TILT = 30;
/** Largest part of the card that is covered. */
const OCCLUSION = 0.2;
/** Scale at which cards are drawn, relative to the size of the pictures. */
const OVERSIZE = 1.4;

/**
 * A test set of hard photographs: cards and documents in clutter, tilted by up to 30°, with glare and shadow, and covered by
 * up to 20 %. Sample 0 of an identity is the flat card; the others are photographs of it.
 *
 * Deterministic: sample s of identity i is drawn from `new Random(seed, 'scene', i, s)`.
 */
export class SceneSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** Side of the pictures in pixels. */
  readonly size: number;

  readonly #seed: number;
  readonly #cards: CardSource;
  readonly #documents: DocumentSource;
  readonly #share: number;
  readonly #clutter: ImageSource | undefined;
  readonly #light: Float32Array;
  readonly #spare: Float32Array;

  private constructor(
    {
      identities,
      seed,
      size,
      samplesPerIdentity,
      documents,
    }: Required<Omit<SceneSourceOptions, 'photographs' | 'pictures'>>,
    sources: { cards: CardSource; documents: DocumentSource; clutter: ImageSource | undefined },
  ) {
    this.size = size;
    this.#seed = seed;
    this.#share = documents;
    this.#cards = sources.cards;
    this.#documents = sources.documents;
    this.#clutter = sources.clutter;
    this.#light = new Float32Array(size * size * 3);
    this.#spare = new Float32Array(size * size * 3);
    this.identities = Array.from({ length: identities }, (_, i) => ({
      name: `scene-${String(i).padStart(5, '0')}`,
      samples: samplesPerIdentity,
    }));
  }

  /**
   * Opens the photographs, the collections and the fonts, and creates a source.
   * @param canvases Canvases to draw on; default Skia through `@napi-rs/canvas` in Node.
   * @throws RangeError if an option is out of range.
   * @throws Error if the photographs, a collection, the canvas or a font is not available.
   */
  static async create(options: SceneSourceOptions, canvases?: CanvasFactory): Promise<SceneSource> {
    const { documents = 0.5, photographs, pictures, samplesPerIdentity = 9 } = options;
    const checked = checkGeneratorOptions('SceneSource', { ...options, samplesPerIdentity }, 160);
    if (!(documents >= 0 && documents <= 1)) {
      throw new RangeError(`SceneSource: documents must be in [0, 1], not ${documents}.`);
    }
    const { identities, seed } = checked;
    const flat = { identities, seed, size: Math.min(1024, Math.round(checked.size * OVERSIZE)) };
    return new SceneSource(
      { ...checked, documents },
      {
        cards: await CardSource.create({ ...flat, photographs, pictures, bare: 0 }, canvases),
        documents: await DocumentSource.create(flat, canvases),
        clutter:
          photographs === undefined ? undefined : await openFolder(photographs, { identityPer: 'file' }),
      },
    );
  }

  /**
   * Draws one image of an identity: size × size, RGB.
   * @throws RangeError if the identity is out of range or the sample is not a non-negative integer.
   */
  async load(identity: number, sample: number): Promise<Image> {
    if (!Number.isInteger(sample) || sample < 0) {
      throw new RangeError(`SceneSource.load: the sample must be a non-negative integer, not ${sample}.`);
    }
    const flat = await this.#flat(identity);
    if (sample === 0) return applyView(flat, 0, this.size);
    const random = new Random(this.#seed, 'scene', identity, sample);
    const clutter =
      this.#clutter && (await this.#clutter.load(random.int(this.#clutter.identities.length), 0));
    this.#expose(flat, clutter, random);
    return capture(this.#light, this.#spare, this.size, random);
  }

  #flat(identity: number): Image | Promise<Image> {
    const isDocument = new Random(this.#seed, 'scene', identity).boolean(this.#share);
    return isDocument ? this.#documents.clean(identity) : this.#cards.load(identity);
  }

  /** Writes the light on the sensor to `#light`, in units of 8-bit values, not rounded. */
  #expose(flat: Image, clutter: Image | undefined, random: Random): void {
    const { size } = this;
    const [a, b, c, d, e, f, g, h, i] = drawView(random);
    const background = drawBackground(random, clutter);
    const occluder = drawOccluder(random, random.uniform(0.05, OCCLUSION));
    const slopeX = random.uniform(-0.4, 0.4);
    const slopeY = random.uniform(-0.4, 0.4);
    const exposure = random.uniform(0.7, 1.2);
    const warmth = random.normal(0, 0.07);
    const gains = [exposure * (1 + warmth), exposure, exposure * (1 - warmth)];
    const glares = Array.from({ length: 1 + random.int(2) }, () => ({
      x: random.uniform(0.1, 0.9),
      y: random.uniform(0.1, 0.9),
      strength: random.uniform(60, 200),
      reach: random.uniform(5, 14),
      lean: random.uniform(-1.2, 1.2),
    }));
    const pixel = new Float64Array(3);
    for (let row = 0, at = 0; row < size; row++) {
      const y = (row + 0.5) / size;
      for (let column = 0; column < size; column++, at += 3) {
        const x = (column + 0.5) / size;
        const w = 1 / (g * x + h * y + i);
        const u = (a * x + b * y + c) * w;
        const v = (d * x + e * y + f) * w;
        const isOn = u >= 0 && v >= 0 && u < 1 && v < 1;
        if (occluder.covers(u, v)) pixel.set(occluder.color);
        else if (isOn) sampleImage(flat, u, v, pixel);
        else background(x, y, pixel);
        const light = 1 + slopeX * (x - 0.5) + slopeY * (y - 0.5);
        let shine = 0;
        for (const glare of isOn ? glares : []) {
          const gx = (x - glare.x) * glare.reach;
          const gy = (y - glare.y) * glare.reach;
          const across = gx + glare.lean * gy;
          shine += glare.strength / (1 + across * across + 0.3 * gy * gy) ** 2;
        }
        for (let channel = 0; channel < 3; channel++) {
          this.#light[at + channel] = pixel[channel] * light * gains[channel] + shine;
        }
      }
    }
  }
}

/** Draws the map from picture to card positions (both 0 … 1): a tilted card that about fills the picture. */
function drawView(random: Random): readonly number[] {
  const tilt = (random.uniform(0.3, 1) * TILT * Math.PI) / 180;
  const axis = random.uniform(0, 2 * Math.PI);
  const turn = random.normal(0, 0.12);
  const distance = random.uniform(2, 4);
  const corners = (
    [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ] as const
  ).map(([sx, sy]) => {
    const [px, py] = [(sx * CARD_ASPECT) / 2, sy / 2];
    const [x, y] = [px * Math.cos(turn) - py * Math.sin(turn), px * Math.sin(turn) + py * Math.cos(turn)];
    // Rotation by `tilt` about an axis in the picture plane; only the part across the axis is foreshortened.
    const across = -x * Math.sin(axis) + y * Math.cos(axis);
    const along = x * Math.cos(axis) + y * Math.sin(axis);
    const scale = distance / (distance + across * Math.sin(tilt));
    const flat = across * Math.cos(tilt);
    return [
      (along * Math.cos(axis) - flat * Math.sin(axis)) * scale,
      (along * Math.sin(axis) + flat * Math.cos(axis)) * scale,
    ] as const;
  });
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const margins = Array.from({ length: 4 }, () => random.uniform(0, 0.1));
  const fit = (value: number, all: readonly number[], before: number, after: number) => {
    const low = Math.min(...all);
    return before + ((value - low) / (Math.max(...all) - low)) * (1 - before - after);
  };
  const quad = corners.map(
    ([x, y]) => [fit(x, xs, margins[0], margins[1]), fit(y, ys, margins[2], margins[3])] as const,
  );
  return invertProjective(squareToQuad(quad));
}

/** Draws the surroundings of a card: part of a photograph, or a plain color. */
function drawBackground(random: Random, clutter: Image | undefined) {
  const plain = [random.uniform(20, 230), random.uniform(20, 230), random.uniform(20, 230)];
  const side = random.uniform(0.4, 1);
  const [left, top] = [random.uniform(0, 1 - side), random.uniform(0, 1 - side)];
  return (x: number, y: number, pixel: Float64Array) => {
    if (clutter) sampleImage(clutter, left + x * side, top + y * side, pixel);
    else pixel.set(plain);
  };
}

/** Samples an image with bilinear interpolation at a position in [0, 1)². */
function sampleImage({ width, height, data }: Image, u: number, v: number, pixel: Float64Array): void {
  const px = Math.min(Math.max(u * width - 0.5, 0), width - 1);
  const py = Math.min(Math.max(v * height - 0.5, 0), height - 1);
  const x0 = Math.floor(px);
  const y0 = Math.floor(py);
  const [fx, fy] = [px - x0, py - y0];
  const p00 = (y0 * width + x0) * 3;
  const p01 = x0 + 1 < width ? p00 + 3 : p00;
  const down = y0 + 1 < height ? width * 3 : 0;
  for (let channel = 0; channel < 3; channel++) {
    const above = data[p00 + channel] * (1 - fx) + data[p01 + channel] * fx;
    const below = data[p00 + down + channel] * (1 - fx) + data[p01 + down + channel] * fx;
    pixel[channel] = above * (1 - fy) + below * fy;
  }
}
