import { Random } from '@unitsphere/core/random';
import type { CanvasFactory, Context2D, Surface } from '../drawing/canvas.js';
import { nodeCanvasFactory } from '../drawing/canvas-node.js';
import { checkGeneratorOptions } from '../drawing/generator-options.js';
import { SettledIdentities } from '../drawing/settled-identities.js';
import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import { Filler } from './filler.js';
import { fontFiles } from './fonts.js';
import { type DocumentIdentity, drawIdentity, drawKind } from './identity.js';
import { Pen } from './pen.js';
import { Photographer } from './photograph.js';

/** Which documents a `DocumentSource` makes. */
export interface DocumentSourceOptions {
  /** How many identities there are; the first n of a seed are the same however many there are. */
  readonly identities: number;
  /** The seed of everything, any finite number; 0 if not given. */
  readonly seed?: number;
  /** The side of the square pictures in pixels, 32 … 1024; 160 if not given. */
  readonly size?: number;
  /** How many samples of an identity to report; `load` makes any sample all the same. 100 if not given. */
  readonly samplesPerIdentity?: number;
}

interface Drawn {
  readonly surface: Surface;
  readonly context: Context2D;
}

/** Documents are drawn this much larger than they are photographed. */
const OVERSIZE = 1.4;
/** Drawn documents, without what is filled in, are kept if all the identities fit in so many bytes. */
const LAYER_BYTES = 48 * 2 ** 20;

/**
 * An endless supply of made-up documents (identity cards, tickets, invoices, diplomas and others), for training and
 * testing without any data. An identity is a document's design; a sample is another copy, filled in with other names,
 * numbers and faces and photographed anew. The document fills the square, whatever its aspect ratio, as the reference
 * system squeezes its inputs.
 *
 * Everything is drawn from `new Random(seed, 'document', identity)` and, for a sample,
 * `new Random(seed, 'document', identity, 'sample', sample)`: the same numbers give the same bytes in every thread and
 * on every machine with the same packages. People, places, issuers and numbers are invented.
 */
export class DocumentSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** The side of the pictures in pixels. */
  readonly size: number;
  /** The seed everything is drawn from. */
  readonly seed: number;

  readonly #flatSize: number;
  readonly #work: Drawn;
  readonly #photographer: Photographer;
  readonly #settled: SettledIdentities<DocumentIdentity>;
  readonly #layers = new Map<number, Drawn>();
  #last: { identity: number; drawn: Drawn } | undefined;
  readonly #keepsLayers: boolean;

  readonly #canvases: CanvasFactory;

  private constructor(options: Required<DocumentSourceOptions>, canvases: CanvasFactory) {
    this.#canvases = canvases;

    const { identities, seed, size, samplesPerIdentity } = options;
    this.seed = seed;
    this.#settled = new SettledIdentities('DocumentSource', identities, (identity) =>
      drawIdentity(seed, identity),
    );
    this.size = size;
    this.identities = Array.from({ length: identities }, (_, i) => ({
      name: `${drawKind(seed, i)}-${String(i).padStart(5, '0')}`,
      samples: samplesPerIdentity,
    }));
    this.#flatSize = Math.round(size * OVERSIZE);
    // In a random order a cache that does not hold them all would hardly ever be hit, but by one that comes twice in a row.
    this.#keepsLayers = identities * this.#flatSize * this.#flatSize * 4 <= LAYER_BYTES;
    this.#work = canvases.createCanvas(this.#flatSize, this.#flatSize);
    this.#photographer = new Photographer(size);
  }

  /**
   * Loads the fonts and makes a source.
   * @param canvases Where to draw; in Node, Skia through `@napi-rs/canvas` if not given. In a browser or a browser's
   * worker give `browserCanvasFactory(...)`.
   * @throws RangeError if an option is out of its range; Error if the canvas or a font is not there.
   */
  static async create(options: DocumentSourceOptions, canvases?: CanvasFactory): Promise<DocumentSource> {
    const checked = checkGeneratorOptions('DocumentSource', options, 160);
    const factory = canvases ?? (await nodeCanvasFactory());
    await factory.loadFonts(fontFiles);
    return new DocumentSource(checked, factory);
  }

  /**
   * A photograph of a copy of an identity's document: size × size, RGB. The bytes are the caller's own.
   *
   * In Node the canvas gives the memory of its pixels back when the event loop turns: a loop over very many pictures
   * should await `setImmediate` (from `node:timers/promises`) every hundred or so.
   * @param sample Any integer from 0; it need not be below the reported number of samples.
   * @throws RangeError if there is no such identity or the sample is not an integer from 0.
   */
  load(identity: number, sample: number): Image {
    if (!Number.isInteger(sample) || sample < 0) {
      throw new RangeError(`DocumentSource.load: the sample must be an integer from 0, not ${sample}.`);
    }
    const { style, layout } = this.#settled.get(identity, 'load');
    const random = new Random(this.seed, 'document', identity, 'sample', sample);
    const { context } = this.#work;
    const pen = new Pen(context, layout.aspect, this.#flatSize);
    pen.begin();
    context.drawImage(this.#fixedLayer(identity).surface, 0, 0);
    this.#draw(pen, layout, () => {
      layout.filled(pen, new Filler(random.fork('fields'), style.language, style.dateForm));
    });
    const { data } = context.getImageData(0, 0, this.#flatSize, this.#flatSize);
    return this.#photographer.take({ size: this.#flatSize, data }, layout, random.fork('photograph'));
  }

  /**
   * The document itself, flat, on white, filled in with values of its own that no sample has: size × size, RGB.
   * @throws RangeError if there is no such identity.
   */
  clean(identity: number): Image {
    const { style, layout } = this.#settled.get(identity, 'clean');
    const { size } = this;
    const twice = size * 2;
    const { context } = this.#canvases.createCanvas(twice, twice);
    const pen = new Pen(context, layout.aspect, twice);
    pen.begin();
    this.#draw(pen, layout, () => {
      layout.fixed(pen);
      const random = new Random(this.seed, 'document', identity, 'clean');
      layout.filled(pen, new Filler(random, style.language, style.dateForm));
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

  /** What every copy of the identity has, drawn once, or once as long as it is asked for again and again. */
  #fixedLayer(identity: number): Drawn {
    const last = this.#last;
    const known = this.#layers.get(identity) ?? (last?.identity === identity ? last.drawn : undefined);
    if (known) return known;
    const drawn = last?.drawn ?? this.#canvases.createCanvas(this.#flatSize, this.#flatSize);
    // Forgotten first: where drawing fails half-way, what is there is of nobody.
    this.#last = undefined;
    const { layout } = this.#settled.get(identity, 'load');
    const pen = new Pen(drawn.context, layout.aspect, this.#flatSize);
    pen.begin();
    this.#draw(pen, layout, () => layout.fixed(pen));
    if (this.#keepsLayers) this.#layers.set(identity, drawn);
    else this.#last = { identity, drawn };
    return drawn;
  }

  /** Draws within the document's edge. */
  #draw(pen: Pen, { outline }: DocumentIdentity['layout'], paint: () => void): void {
    const { context } = pen;
    context.save();
    pen.place();
    if (outline) {
      context.beginPath();
      outline(pen);
      context.clip();
    }
    paint();
    context.restore();
  }
}
