import { Random } from '@unitsphere/core/random';
import type { CanvasFactory, Context2D, Surface } from '../drawing/canvas.js';
import { nodeCanvasFactory } from '../drawing/canvas-node.js';
import { checkGeneratorOptions, checkMemory } from '../drawing/generator-options.js';
import { IdentityCache } from '../drawing/identity-cache.js';
import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import { Filler } from './filler.js';
import { fontFiles } from './fonts.js';
import { type DocumentIdentity, drawIdentity, drawKind } from './identity.js';
import { Pen } from './pen.js';
import { Photographer } from './photograph.js';

/** Options of `DocumentSource`. */
export interface DocumentSourceOptions {
  /** Number of identities; the first n identities of a seed do not depend on it. */
  readonly identities: number;
  /** Seed, any finite number; default 0. */
  readonly seed?: number;
  /** Side of the square pictures in pixels, 32 … 1024; default 160. */
  readonly size?: number;
  /** Number of samples to report per identity; `load` accepts larger sample indices too. Default 100. */
  readonly samplesPerIdentity?: number;
  /**
   * Limit in bytes for drawn templates, which cost more time than the values on them; default 256 MiB, which is enough for 2,000
   * identities of 128 pixels. Each data worker has its own.
   */
  readonly memory?: number;
}

/** A canvas and its context. */
interface Layer {
  readonly surface: Surface;
  readonly context: Context2D;
}

/** Scale at which documents are drawn, relative to the size of the pictures. */
const OVERSIZE = 1.4;
const DEFAULT_MEMORY = 256 * 2 ** 20;

/**
 * A generator of invented documents (identity cards, tickets, invoices, diplomas and others), for training and testing
 * without data. An identity is a document's design. A sample is a photograph of a copy with its own names, numbers and
 * portrait. The document is stretched to the square, because DocClassifier resizes its inputs in the same way.
 *
 * Deterministic: everything is drawn from `new Random(seed, 'document', identity)` and, for a sample,
 * `new Random(seed, 'document', identity, 'sample', sample)`. The same arguments give the same bytes in every thread
 * and on every machine with the same packages. People, places, issuers and numbers are invented.
 */
export class DocumentSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** Side of the pictures in pixels. */
  readonly size: number;
  /** Seed of the generator. */
  readonly seed: number;

  readonly #flatSize: number;
  /** Canvas on which each sample is drawn. */
  readonly #work: Layer;
  readonly #photographer: Photographer;
  readonly #documents: IdentityCache<DocumentIdentity>;
  /** Drawn templates by identity. With a random order, keeping the first ones is as good as keeping the latest. */
  readonly #templates = new Map<number, Layer>();
  readonly #keepAtMost: number;
  /** The latest template that is not kept. */
  #lastTemplate: { identity: number; layer: Layer } | undefined;

  readonly #canvases: CanvasFactory;

  private constructor(options: Required<DocumentSourceOptions>, canvases: CanvasFactory) {
    this.#canvases = canvases;

    const { identities, seed, size, samplesPerIdentity, memory } = options;
    this.seed = seed;
    this.#documents = new IdentityCache('DocumentSource', identities, (identity) =>
      drawIdentity(seed, identity),
    );
    this.size = size;
    this.identities = Array.from({ length: identities }, (_, i) => ({
      name: `${drawKind(seed, i)}-${String(i).padStart(5, '0')}`,
      samples: samplesPerIdentity,
    }));
    this.#flatSize = Math.round(size * OVERSIZE);
    this.#keepAtMost = Math.floor(memory / (this.#flatSize * this.#flatSize * 4));
    this.#work = canvases.createCanvas(this.#flatSize, this.#flatSize);
    this.#photographer = new Photographer(size);
  }

  /**
   * Loads the fonts and creates a source.
   * @param canvases Canvases to draw on; default Skia through `@napi-rs/canvas` in Node. In a browser give
   * `browserCanvasFactory(...)`.
   * @throws RangeError if an option is out of range.
   * @throws Error if the canvas or a font is not available.
   */
  static async create(options: DocumentSourceOptions, canvases?: CanvasFactory): Promise<DocumentSource> {
    const { memory = DEFAULT_MEMORY } = options;
    const checked = checkGeneratorOptions('DocumentSource', options, 160);
    checkMemory('DocumentSource', memory);
    const factory = canvases ?? (await nodeCanvasFactory());
    await factory.loadFonts(fontFiles);
    return new DocumentSource({ ...checked, memory }, factory);
  }

  /**
   * Returns a photograph of a copy of an identity's document: size × size, RGB. The caller owns the bytes.
   *
   * In Node the canvas frees its pixel memory only when the event loop turns. A loop over many pictures should await
   * `setImmediate` (from `node:timers/promises`) about every hundred pictures.
   * @param sample Any non-negative integer, even above the reported number of samples.
   * @throws RangeError if the identity is out of range or the sample is not a non-negative integer.
   */
  load(identity: number, sample: number): Image {
    if (!Number.isInteger(sample) || sample < 0) {
      throw new RangeError(`DocumentSource.load: the sample must be a non-negative integer, not ${sample}.`);
    }
    const { style, layout } = this.#documents.get(identity, 'load');
    const random = new Random(this.seed, 'document', identity, 'sample', sample);
    const { context } = this.#work;
    const pen = new Pen(context, layout.aspect, this.#flatSize);
    pen.clear();
    context.drawImage(this.#template(identity).surface, 0, 0);
    this.#draw(pen, layout, () => {
      layout.paintValues(pen, new Filler(random.fork('fields'), style.language, style.dateForm));
    });
    const { data } = context.getImageData(0, 0, this.#flatSize, this.#flatSize);
    return this.#photographer.take({ size: this.#flatSize, data }, layout, random.fork('photograph'));
  }

  /**
   * Returns the flat document on white, filled in with values that no sample has: size × size, RGB.
   * @throws RangeError if the identity is out of range.
   */
  clean(identity: number): Image {
    const { style, layout } = this.#documents.get(identity, 'clean');
    const { size } = this;
    const twice = size * 2;
    const { context } = this.#canvases.createCanvas(twice, twice);
    const pen = new Pen(context, layout.aspect, twice);
    pen.clear();
    this.#draw(pen, layout, () => {
      layout.paintTemplate(pen);
      const random = new Random(this.seed, 'document', identity, 'clean');
      layout.paintValues(pen, new Filler(random, style.language, style.dateForm));
    });
    const from = context.getImageData(0, 0, twice, twice).data;
    const data = new Uint8Array(size * size * 3);
    for (let y = 0, at = 0; y < size; y++) {
      for (let x = 0; x < size; x++, at += 3) {
        const p = (y * 2 * twice + x * 2) * 4;
        const block = [p, p + 4, p + twice * 4, p + twice * 4 + 4];
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0;
          for (const q of block) sum += 255 + ((from[q + channel] - 255) * from[q + 3]) / 255;
          data[at + channel] = Math.round(sum / 4);
        }
      }
    }
    return { width: size, height: size, data };
  }

  /** Returns the drawn template of an identity, from the cache if possible. */
  #template(identity: number): Layer {
    const last = this.#lastTemplate;
    const cached = this.#templates.get(identity) ?? (last?.identity === identity ? last.layer : undefined);
    if (cached) return cached;
    const keeps = this.#templates.size < this.#keepAtMost;
    const layer = (!keeps && last?.layer) || this.#canvases.createCanvas(this.#flatSize, this.#flatSize);
    // Reset before drawing: an error while drawing leaves an incomplete layer.
    this.#lastTemplate = undefined;
    const { layout } = this.#documents.get(identity, 'load');
    const pen = new Pen(layer.context, layout.aspect, this.#flatSize);
    pen.clear();
    this.#draw(pen, layout, () => layout.paintTemplate(pen));
    if (keeps) this.#templates.set(identity, layer);
    else this.#lastTemplate = { identity, layer };
    return layer;
  }

  /** Draws clipped to the document's outline. */
  #draw(pen: Pen, { outline }: DocumentIdentity['layout'], paint: () => void): void {
    const { context } = pen;
    context.save();
    pen.setUnits();
    if (outline) {
      context.beginPath();
      outline(pen);
      context.clip();
    }
    paint();
    context.restore();
  }
}
