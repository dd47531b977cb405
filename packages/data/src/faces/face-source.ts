import { Random } from '@unitsphere/core/random';
import type { CanvasFactory, Context2D } from '../drawing/canvas.js';
import { nodeCanvasFactory } from '../drawing/canvas-node.js';
import { checkGeneratorOptions } from '../drawing/generator-options.js';
import { capture } from '../drawing/sensor.js';
import { SettledIdentities } from '../drawing/settled-identities.js';
import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import { type Conditions, drawConditions, PLAIN } from './conditions.js';
import { drawFace, type FaceIdentity } from './identity.js';
import { paintFace } from './paint-face.js';

/** Which faces a `FaceSource` makes. */
export interface FaceSourceOptions {
  /** How many identities there are; the first n of a seed are the same however many there are. */
  readonly identities: number;
  /** The seed of everything, any finite number; 0 if not given. */
  readonly seed?: number;
  /** The side of the square pictures in pixels, 32 … 1024; 128 if not given. */
  readonly size?: number;
  /** How many samples of an identity to report; `load` makes any sample all the same. 100 if not given. */
  readonly samplesPerIdentity?: number;
}

/** Faces are painted this much larger than their pictures. */
const OVERSIZE = 2;

/**
 * An endless supply of painted faces of nobody, for training and testing what is said of faces without any picture of a person.
 * An identity is a head's geometry and colors: the shape of skull, jaw, eyes, brows, nose, mouth and ears, skin, hair,
 * beard, moles. A sample is another picture of it: pose, expression, gaze, light, background, clothes, glasses or a hat, and
 * what a camera adds.
 *
 * They are paintings: what a network learns of them says how a method copes with many near identities under nuisances of this
 * kind, not how well it would recognize people.
 *
 * Everything is drawn from `new Random(seed, 'face', identity)` and, for a sample,
 * `new Random(seed, 'face', identity, 'sample', sample)`: the same numbers give the same bytes in every thread and on every
 * machine with the same packages.
 */
export class FaceSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** The side of the pictures in pixels. */
  readonly size: number;
  /** The seed everything is drawn from. */
  readonly seed: number;

  readonly #context: Context2D;
  readonly #light: Float32Array;
  readonly #spare: Float32Array;
  readonly #settled: SettledIdentities<FaceIdentity>;

  private constructor(options: Required<FaceSourceOptions>, canvases: CanvasFactory) {
    const { identities, seed, size, samplesPerIdentity } = options;
    this.seed = seed;
    this.#settled = new SettledIdentities('FaceSource', identities, (identity) => drawFace(seed, identity));
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
   * Makes a source.
   * @param canvases Where to paint; in Node, Skia through `@napi-rs/canvas` if not given. In a browser or a browser's worker
   * give `browserCanvasFactory(...)`; no font is asked for.
   * @throws RangeError if an option is out of its range; Error if the canvas is not there.
   */
  static async create(options: FaceSourceOptions, canvases?: CanvasFactory): Promise<FaceSource> {
    return new FaceSource(
      checkGeneratorOptions('FaceSource', options, 128),
      canvases ?? (await nodeCanvasFactory()),
    );
  }

  /**
   * A picture of an identity: size × size, RGB. The bytes are the caller's own.
   *
   * In Node the canvas gives the memory of its pixels back when the event loop turns: a loop over very many pictures
   * should await `setImmediate` (from `node:timers/promises`) every hundred or so.
   * @param sample Any integer from 0; it need not be below the reported number of samples.
   * @throws RangeError if there is no such identity or the sample is not an integer from 0.
   */
  load(identity: number, sample: number): Image {
    if (!Number.isInteger(sample) || sample < 0) {
      throw new RangeError(`FaceSource.load: the sample must be an integer from 0, not ${sample}.`);
    }
    const face = this.#settled.get(identity, 'load');
    const random = new Random(this.seed, 'face', identity, 'sample', sample);
    const conditions = drawConditions(random);
    this.#expose(face, conditions, random);
    return capture(this.#light, this.#spare, this.size, random.fork('sensor'));
  }

  /**
   * The face straight on, at rest and in even light: size × size, RGB.
   * @throws RangeError if there is no such identity.
   */
  clean(identity: number): Image {
    const { size } = this;
    const light = this.#light;
    this.#expose(
      this.#settled.get(identity, 'clean'),
      PLAIN,
      new Random(this.seed, 'face', identity, 'clean'),
    );
    return {
      width: size,
      height: size,
      data: Uint8Array.from(light, (v) => Math.min(255, Math.max(0, Math.round(v)))),
    };
  }

  /** Paints the face, and lets its light fall on the sensor. */
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
