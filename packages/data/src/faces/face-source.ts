import { Random } from '@unitsphere/core/random';
import type { CanvasFactory, Context2D } from '../drawing/canvas.js';
import { nodeCanvasFactory } from '../drawing/canvas-node.js';
import { checkGeneratorOptions } from '../drawing/generator-options.js';
import { IdentityCache } from '../drawing/identity-cache.js';
import { capture } from '../drawing/sensor.js';
import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import { type Conditions, drawConditions, PLAIN } from './conditions.js';
import { drawFace, type FaceIdentity } from './identity.js';
import { paintFace } from './paint-face.js';

/** Options of `FaceSource`. */
export interface FaceSourceOptions {
  /** Number of identities; the first n identities of a seed do not depend on it. */
  readonly identities: number;
  /** Seed, any finite number; default 0. */
  readonly seed?: number;
  /** Side of the square pictures in pixels, 32 … 1024; default 128. */
  readonly size?: number;
  /** Number of samples to report per identity; `load` accepts larger sample indices too. Default 100. */
  readonly samplesPerIdentity?: number;
}

/** Scale at which faces are painted before they are averaged to the size of the pictures. */
const OVERSIZE = 2;

/**
 * A generator of painted faces of invented people, for training and testing without photographs of people.
 * An identity is a head's geometry and colors: the shape of skull, jaw, eyes, brows, nose, mouth and ears, skin, hair,
 * beard, moles. A sample is a picture of it with its own pose, expression, gaze, light, background, clothes, glasses or
 * hat, and camera effects.
 *
 * Results show how a method handles many similar identities under such variations, not how well it recognizes people.
 *
 * Deterministic: everything is drawn from `new Random(seed, 'face', identity)` and, for a sample,
 * `new Random(seed, 'face', identity, 'sample', sample)`. The same arguments give the same bytes in every thread and on
 * every machine with the same packages.
 */
export class FaceSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** Side of the pictures in pixels. */
  readonly size: number;
  /** Seed of the generator. */
  readonly seed: number;

  readonly #context: Context2D;
  readonly #light: Float32Array;
  readonly #spare: Float32Array;
  readonly #faces: IdentityCache<FaceIdentity>;

  private constructor(options: Required<FaceSourceOptions>, canvases: CanvasFactory) {
    const { identities, seed, size, samplesPerIdentity } = options;
    this.seed = seed;
    this.#faces = new IdentityCache('FaceSource', identities, (identity) => drawFace(seed, identity));
    this.size = size;
    this.identities = Array.from({ length: identities }, (_, i) => ({
      name: `face-${String(i).padStart(5, '0')}`,
      samples: samplesPerIdentity,
    }));
    this.#context = canvases.createCanvas(size * OVERSIZE, size * OVERSIZE).context;
    this.#light = new Float32Array(size * size * 3);
    this.#spare = new Float32Array(size * size * 3);
  }

  /**
   * Creates a source.
   * @param canvases Canvases to paint on; default Skia through `@napi-rs/canvas` in Node. In a browser give
   * `browserCanvasFactory(...)`; no fonts are loaded.
   * @throws RangeError if an option is out of range.
   * @throws Error if no canvas is available.
   */
  static async create(options: FaceSourceOptions, canvases?: CanvasFactory): Promise<FaceSource> {
    return new FaceSource(
      checkGeneratorOptions('FaceSource', options, 128),
      canvases ?? (await nodeCanvasFactory()),
    );
  }

  /**
   * Returns a picture of an identity: size × size, RGB. The caller owns the bytes.
   *
   * In Node the canvas frees its pixel memory only when the event loop turns. A loop over many pictures should await
   * `setImmediate` (from `node:timers/promises`) about every hundred pictures.
   * @param sample Any non-negative integer, even above the reported number of samples.
   * @throws RangeError if the identity is out of range or the sample is not a non-negative integer.
   */
  load(identity: number, sample: number): Image {
    if (!Number.isInteger(sample) || sample < 0) {
      throw new RangeError(`FaceSource.load: the sample must be a non-negative integer, not ${sample}.`);
    }
    const face = this.#faces.get(identity, 'load');
    const random = new Random(this.seed, 'face', identity, 'sample', sample);
    const conditions = drawConditions(random);
    this.#expose(face, conditions, random);
    return capture(this.#light, this.#spare, this.size, random.fork('sensor'));
  }

  /**
   * Returns the face seen from the front, with a neutral expression, in even light: size × size, RGB.
   * @throws RangeError if the identity is out of range.
   */
  clean(identity: number): Image {
    const { size } = this;
    const light = this.#light;
    this.#expose(this.#faces.get(identity, 'clean'), PLAIN, new Random(this.seed, 'face', identity, 'clean'));
    return {
      width: size,
      height: size,
      data: Uint8Array.from(light, (v) => Math.min(255, Math.max(0, Math.round(v)))),
    };
  }

  /** Paints the face and writes its light on the sensor to `#light`. */
  #expose(face: FaceIdentity, conditions: Conditions, random: Random): void {
    const { size } = this;
    const light = this.#light;
    const side = size * OVERSIZE;
    paintFace(this.#context, side, face, conditions, random);
    const { data } = this.#context.getImageData(0, 0, side, side);
    const { exposure, contrast, gains, saturation } = conditions;
    const chroma = saturation * contrast;
    for (let y = 0, at = 0; y < size; y++) {
      for (let x = 0; x < size; x++, at += 3) {
        const p = (y * OVERSIZE * side + x * OVERSIZE) * 4;
        const q = p + side * 4;
        const r = (data[p] + data[p + 4] + data[q] + data[q + 4]) * 0.25 * exposure * gains[0];
        const g = (data[p + 1] + data[p + 5] + data[q + 1] + data[q + 5]) * 0.25 * exposure * gains[1];
        const b = (data[p + 2] + data[p + 6] + data[q + 2] + data[q + 6]) * 0.25 * exposure * gains[2];
        const luma = 0.299 * r + 0.587 * g + 0.114 * b;
        const level = (luma - 128) * contrast + 128;
        light[at] = level + (r - luma) * chroma;
        light[at + 1] = level + (g - luma) * chroma;
        light[at + 2] = level + (b - luma) * chroma;
      }
    }
  }
}
