import { Random } from '@unitsphere/core/random';
import { CardSource, type CardSourceOptions } from '../cards/card-source.js';
import { PASS_KINDS } from '../cards/pass.js';
import { DocumentSource } from '../documents/document-source.js';
import { drawKind } from '../documents/identity.js';
import type { DocumentKind } from '../documents/kinds/index.js';
import type { CanvasFactory } from '../drawing/canvas.js';
import { checkGeneratorOptions } from '../drawing/generator-options.js';
import { SceneCamera } from '../drawing/scene-camera.js';
import { openFolder } from '../folder/open-folder.js';
import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import { applyView } from '../views.js';

/** Options of `SceneSource`. */
export interface SceneSourceOptions
  extends Omit<CardSourceOptions, 'bare' | 'variants' | 'passes' | 'scenes' | 'memory'> {
  /** Number of images per identity, the flat one included; default 9. */
  readonly samplesPerIdentity?: number;
  /** Share of the identities that are generated documents instead of cards, 0 … 1; default 0.5. */
  readonly documents?: number;
}

/** Kinds of document that are among the cards. */
const SEEN_KINDS: ReadonlySet<DocumentKind> = new Set([...PASS_KINDS, 'bank-card', 'membership-card']);
/** Documents to draw per identity, of which some have an unseen kind. */
const CANDIDATES = 20;
/** Scale at which cards are drawn, relative to the size of the pictures. */
const OVERSIZE = 1.4;

/**
 * A test set of hard photographs: cards and documents in clutter, tilted by up to 30°, with glare and shadow, and covered by
 * up to 20 %. Sample 0 of an identity is the flat card; the others are photographs of it. The documents are of kinds that
 * `CardSource` does not draw.
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
  readonly #camera: SceneCamera;

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
    this.#camera = new SceneCamera(size);
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
        documents: await DocumentSource.create({ ...flat, identities: identities * CANDIDATES }, canvases),
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
    return this.#camera.take(flat, clutter, random);
  }

  #flat(identity: number): Image | Promise<Image> {
    const isDocument = new Random(this.#seed, 'scene', identity).boolean(this.#share);
    return isDocument ? this.#documents.clean(this.#unseen(identity)) : this.#cards.load(identity);
  }

  /** Returns the document of an identity: the first of its candidates of an unseen kind. */
  #unseen(identity: number): number {
    const first = identity * CANDIDATES;
    for (let i = 0; i < CANDIDATES - 1; i++)
      if (!SEEN_KINDS.has(drawKind(this.#documents.seed, first + i))) return first + i;
    return first + CANDIDATES - 1;
  }
}
