import { Random } from '@unitsphere/core/random';
import { fontFiles } from '../documents/fonts.js';
import { CARD_ASPECT } from '../documents/layout.js';
import { Pen } from '../documents/pen.js';
import type { CanvasFactory, Context2D, Surface } from '../drawing/canvas.js';
import { nodeCanvasFactory } from '../drawing/canvas-node.js';
import type { Rgb } from '../drawing/color.js';
import { checkGeneratorOptions, checkMemory } from '../drawing/generator-options.js';
import { IdentityCache } from '../drawing/identity-cache.js';
import { SceneCamera } from '../drawing/scene-camera.js';
import type { DecodedSource } from '../encoded/decoded-source.js';
import { openFolder } from '../folder/open-folder.js';
import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import { type Card, drawCard, paintCard, paintCorners } from './card.js';
import { paintPhotographGround } from './grounds/photograph.js';
import { isDark } from './grounds/texture.js';
import { drawHouse, type House } from './house.js';
import { drawPass, type Pass } from './pass.js';
import { openPictures, type Picture } from './pictures.js';

/** Options of `CardSource`. */
export interface CardSourceOptions {
  /** Number of identities; the first n identities of a seed do not depend on it. */
  readonly identities: number;
  /** Seed, any finite number; default 0. */
  readonly seed?: number;
  /** Side of the square pictures in pixels, 32 … 1024; default 160. */
  readonly size?: number;
  /** Folder of photographs for the grounds (Node only); every file in it and its subfolders. Default: textures only. */
  readonly photographs?: string;
  /**
   * Icon collections in Iconify's format (Node only): npm packages such as `@iconify-json/noto`, or paths of their
   * `icons.json`. Default: drawn emblems only.
   */
  readonly pictures?: readonly string[];
  /** Share of the identities that are a bare photograph or texture without print, 0 … 1; default 0.15. */
  readonly bare?: number;
  /**
   * Share of the identities that are products of a common design, 0 … 1; default 0. As the products of one issuer, they differ in
   * payment mark or tier, and in part in number, colors, word and a small picture. Half have the same ground.
   */
  readonly variants?: number;
  /**
   * Share of the identities that are passes, 0 … 1; default 0: identity cards, driving licenses, passports and business cards,
   * whose forms are common to several of them.
   */
  readonly passes?: number;
  /**
   * Share of the samples that are photographs of the card in clutter, tilted, with glare and partly covered, 0 … 1; default 0.
   * Sample 0 is always the flat picture.
   */
  readonly scenes?: number;
  /** Limit in bytes for drawn cards in memory, which are then drawn once; default 1 GiB. */
  readonly memory?: number;
}

/** Number of issuers. Identities of one issuer are hard negatives: they differ in their grounds and pictures only. */
const HOUSES = 400;
/** Number of designs that products share. */
const DESIGNS = 1500;
/** Draws the design of a product; the stream's first number. */
const designOf = (random: Random) => random.int(DESIGNS);

/** Side in pixels of the decoded photographs. */
const PHOTOGRAPH_SIDE = 192;
const DEFAULT_MEMORY = 2 ** 30;
/** Number of samples to report per identity, if some are photographs. */
const SAMPLES = 100;
/** Decoded pictures that are kept. */
const CAPACITY = 256;

/**
 * A generator of composed cards for training: a photograph or a texture, under a logo, pictures, a chip, a number and a
 * payment mark, as on real payment and membership cards. An identity is one picture; its samples are equal, or photographs of
 * it with `scenes`, so augmentation must vary them. Issuers, names and numbers are invented. Chips, numbers and marks come from
 * small pools, so that they identify no card.
 *
 * Deterministic: identity i is drawn from `new Random(seed, 'card', i)`, and the photograph of sample s from
 * `new Random(seed, 'card', i, 'scene', s)`. The same arguments, photographs and collections give the same bytes in every thread.
 */
export class CardSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** Side of the pictures in pixels. */
  readonly size: number;

  readonly #seed: number;
  readonly #scenes: number;
  readonly #camera: SceneCamera;
  readonly #photographs: DecodedSource | undefined;
  readonly #pictures: readonly Picture[];
  readonly #canvases: CanvasFactory;
  readonly #work: { surface: Surface; context: Context2D };
  readonly #cards: IdentityCache<Card | Pass>;
  readonly #drawn = new Map<number, Promise<Surface>>();
  /** Drawn cards. With a random order, keeping the first ones is as good as keeping the latest. */
  readonly #kept = new Map<number, Image>();
  readonly #keepAtMost: number;

  private constructor(
    {
      identities,
      seed,
      size,
      bare,
      variants,
      passes,
      scenes,
      memory,
    }: Omit<Required<CardSourceOptions>, 'photographs' | 'pictures'>,
    photographs: DecodedSource | undefined,
    pictures: readonly Picture[],
    canvases: CanvasFactory,
  ) {
    this.size = size;
    this.#seed = seed;
    this.#scenes = scenes;
    this.#camera = new SceneCamera(size);
    this.#photographs = photographs;
    this.#pictures = pictures;
    this.#canvases = canvases;
    this.#keepAtMost = Math.floor(memory / (size * size * 3));
    this.#work = canvases.createCanvas(size, size);
    const productOf = (identity: number) => new Random(seed, 'card', identity, 'product');
    const sortOf = (identity: number) => {
      const share = new Random(seed, 'card', identity, 'sort').uniform(0, 1);
      return share < passes
        ? 'pass'
        : variants > 0 && new Random(seed, 'card', identity, 'variant').boolean(variants)
          ? 'product'
          : 'card';
    };
    const sorts = Array.from({ length: identities }, (_, i) => sortOf(i));
    this.identities = sorts.map((sort, i) => ({
      // Each sort has names of its own, so that a run that grows takes no center of another card.
      name: `${sort}-${String(i).padStart(6, '0')}`,
      samples: scenes > 0 ? SAMPLES : 1,
    }));
    const ranks = rankProducts(
      sorts.map((sort, i) => (sort === 'product' ? designOf(productOf(i)) : undefined)),
    );
    const houses = new Map<number, House>();
    const stock = { photographs: photographs?.identities.length ?? 0, pictures: pictures.length, bare };
    this.#cards = new IdentityCache('CardSource', identities, (identity) => {
      const sort = sorts[identity];
      if (sort === 'pass') return drawPass(seed, identity);
      const own = sort === 'product' ? productOf(identity) : undefined;
      const random = own
        ? new Random(seed, 'card', 'design', designOf(own))
        : new Random(seed, 'card', identity);
      const number = random.int(HOUSES);
      let house = houses.get(number);
      if (!house) {
        house = drawHouse(new Random(seed, 'card', 'house', number), pictures.length);
        houses.set(number, house);
      }
      return drawCard(random, house, stock, own && { rank: ranks[identity], random: own });
    });
  }

  /**
   * Opens the photographs, the collections and the fonts, and creates a source.
   * @param canvases Canvases to draw on; default Skia through `@napi-rs/canvas` in Node.
   * @throws RangeError if an option is out of range.
   * @throws Error if the photographs, a collection, the canvas or a font is not available.
   */
  static async create(options: CardSourceOptions, canvases?: CanvasFactory): Promise<CardSource> {
    const { bare = 0.15, variants = 0, passes = 0, scenes = 0, memory = DEFAULT_MEMORY } = options;
    const { photographs, pictures = [] } = options;
    const { identities, seed, size } = checkGeneratorOptions('CardSource', options, 160);
    checkMemory('CardSource', memory);
    for (const [name, share] of Object.entries({ bare, variants, passes, scenes })) {
      if (!(share >= 0 && share <= 1))
        throw new RangeError(`CardSource: ${name} must be in [0, 1], not ${share}.`);
    }
    const factory = canvases ?? (await nodeCanvasFactory());
    if (pictures.length > 0 && !factory.loadSvg) {
      throw new Error(
        'CardSource: these canvases cannot draw SVG, which pictures require; leave pictures out.',
      );
    }
    await factory.loadFonts(fontFiles);
    return new CardSource(
      { identities, seed, size, bare, variants, passes, scenes, memory },
      photographs === undefined
        ? undefined
        : await openFolder(photographs, { side: PHOTOGRAPH_SIDE, identityPer: 'file' }),
      await openPictures(pictures),
      factory,
    );
  }

  /**
   * Draws a sample of an identity: size × size, RGB. The bytes may belong to the source: do not write to them.
   * @throws RangeError if the identity is out of range or the sample is not a non-negative integer.
   */
  async load(identity: number, sample = 0): Promise<Image> {
    if (!Number.isInteger(sample) || sample < 0) {
      throw new RangeError(`CardSource.load: the sample must be a non-negative integer, not ${sample}.`);
    }
    const flat = await this.#flat(identity);
    if (sample === 0 || this.#scenes === 0) return flat;
    const random = new Random(this.#seed, 'card', identity, 'scene', sample);
    if (!random.boolean(this.#scenes)) return flat;
    const all = this.#photographs;
    return this.#camera.take(flat, await all?.load(random.int(all.identities.length), 0), random);
  }

  async #flat(identity: number): Promise<Image> {
    const kept = this.#kept.get(identity);
    if (kept) return kept;
    const card = this.#cards.get(identity, 'load');
    const image = 'paint' in card ? this.#drawPass(card) : await this.#drawCard(card);
    if (this.#kept.size < this.#keepAtMost) this.#kept.set(identity, image);
    return image;
  }

  #drawPass(pass: Pass): Image {
    const { context } = this.#work;
    const pen = new Pen(context, pass.aspect, this.size);
    pen.clear();
    context.save();
    pen.setUnits();
    pass.paint(pen);
    context.restore();
    return this.#read();
  }

  async #drawCard(card: Card): Promise<Image> {
    const photo = card.ground && (await this.#photographs?.load(card.ground.photograph, 0));
    const pictures = card.bare ? new Map<number, Surface>() : await this.#drawPictures(card);
    const { context } = this.#work;
    const pen = new Pen(context, CARD_ASPECT, this.size);
    pen.clear();
    const ink = this.#paintGround(card, photo, pen);
    if (!card.bare) {
      context.save();
      pen.setUnits();
      paintCard(pen, card, { ink, pictures });
      if (card.corners) paintCorners(pen, card.corners);
      context.restore();
    }
    return this.#read();
  }

  #read(): Image {
    const { size } = this;
    const { data } = this.#work.context.getImageData(0, 0, size, size);
    return { width: size, height: size, data: dropAlpha(data) };
  }

  /** Paints the ground and returns the ink of text on it. */
  #paintGround({ ground, texture }: Card, photo: Image | undefined, pen: Pen): Rgb {
    const { size } = this;
    const { context } = pen;
    if (ground && photo) {
      const pixels = context.createImageData(size, size);
      const mean = paintPhotographGround(ground, photo, pixels.data, size);
      context.putImageData(pixels, 0, 0);
      return inkOn(mean < 0.55);
    }
    if (!texture) return inkOn(false);
    context.save();
    pen.setUnits();
    texture.paint(pen);
    context.restore();
    return inkOn(isDark(texture.base));
  }

  async #drawPictures({ placed, house }: Card): Promise<ReadonlyMap<number, Surface>> {
    const wanted = new Set(placed.map(({ picture }) => picture));
    if (house.logo !== undefined) wanted.add(house.logo);
    return new Map(
      await Promise.all([...wanted].map(async (index) => [index, await this.#drawPicture(index)] as const)),
    );
  }

  #drawPicture(index: number): Promise<Surface> {
    const kept = this.#drawn.get(index);
    if (kept) return kept;
    const loadSvg = this.#canvases.loadSvg as NonNullable<CanvasFactory['loadSvg']>;
    const drawn = loadSvg(this.#pictures[index]()).then((svg) => this.#rasterize(svg));
    if (this.#drawn.size >= CAPACITY) {
      const [oldest] = this.#drawn.keys();
      this.#drawn.delete(oldest);
    }
    this.#drawn.set(index, drawn);
    return drawn;
  }

  /** Draws an SVG once, because each use of it would draw its paths again. */
  #rasterize(svg: Surface): Surface {
    const { surface, context } = this.#canvases.createCanvas(svg.width, svg.height);
    context.drawImage(svg, 0, 0);
    return surface;
  }
}

const inkOn = (dark: boolean): Rgb => (dark ? [244, 244, 246] : [24, 26, 34]);

function dropAlpha(rgba: Uint8ClampedArray | Uint8Array): Uint8Array {
  const data = new Uint8Array((rgba.length / 4) * 3);
  for (let p = 0, q = 0; q < rgba.length; p += 3, q += 4) {
    data[p] = rgba[q];
    data[p + 1] = rgba[q + 1];
    data[p + 2] = rgba[q + 2];
  }
  return data;
}

/** Returns, for each identity with a design, how many before it have the same one. */
function rankProducts(designs: readonly (number | undefined)[]): number[] {
  const counts = new Map<number, number>();
  return designs.map((design) => {
    if (design === undefined) return 0;
    const rank = counts.get(design) ?? 0;
    counts.set(design, rank + 1);
    return rank;
  });
}
