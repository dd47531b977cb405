import {
  type CalibratedGallery,
  type Calibration,
  type CalibrationData,
  computeCalibration,
  countDistinct,
  pairThreshold,
} from './calibration/calibration.js';
import { type AcceptRate, measureRate } from './calibration/choose-threshold.js';
import {
  type DuplicatePolicy,
  measureOwnIdentities,
  measureStrangers,
  type OwnTemplate,
} from './calibration/measure-strangers.js';
import {
  decodeCalibration,
  encodeCalibration,
  renumberIdentities,
} from './calibration/stored-calibration.js';
import { type Decision, decide } from './decide.js';
import type { EmbedOptions, GalleryEmbedder } from './embedder.js';
import { GalleryView, type ViewedIdentity } from './gallery-view.js';
import { ExactIndex } from './search/exact-index.js';
import type { GalleryIndex } from './search/gallery-index.js';
import { cosine, norm } from './search/row-table.js';
import { CallQueue } from './store/call-queue.js';
import { GalleryStoreError } from './store/errors.js';
import type { GallerySnapshot, GalleryStore, Metadata, WriteResult } from './store/gallery-store.js';
import { MemoryStore } from './store/memory-store.js';

/** Options of {@link createGallery} and {@link openGallery}. */
export interface GalleryOptions<Image> {
  /** Computes the embeddings of images. Without it, the gallery accepts embeddings only. */
  embedder?: GalleryEmbedder<Image>;
  /** Search of the gallery. Default: an exact search, `new ExactIndex(embeddingSize)`. The gallery closes it. */
  index?: GalleryIndex;
}

/** Options of {@link createGallery}. */
export interface CreateGalleryOptions<Image> extends GalleryOptions<Image> {
  /** Where the gallery is kept. Default: in memory. A store that already has a gallery is opened. */
  store?: GalleryStore;
  /** Length of an embedding. Required without `embedder` and `store`. */
  embeddingSize?: number;
  /** Names the origin of the embeddings, if they are not from `embedder`. Default: "unknown". */
  fingerprint?: string;
}

/** An identity of a gallery. */
export interface Identity {
  readonly name: string;
  readonly metadata: Metadata;
  readonly templates: readonly { readonly id: number; readonly metadata: Metadata }[];
}

/** An identity that resembles what was to be recognized. */
export interface Match {
  readonly name: string;
  /** Cosine with the most similar template of the identity, in [-1, 1]. */
  readonly score: number;
  /** Id of that template. */
  readonly template: number;
  readonly metadata: Metadata;
}

/** Who is in an image. */
export interface Recognition {
  /**
   * - `known`: the best match reaches the threshold, and no other one is close to it.
   * - `ambiguous`: the best match reaches the threshold, and another one is within the margin of it.
   * - `unknown`: no match reaches the threshold.
   * - `undecided`: there is no threshold, because the gallery is not calibrated and no threshold was given.
   */
  readonly decision: Decision;
  /** Name of the best match if the decision is `known`, else null. */
  readonly name: string | null;
  /** The k most similar identities, best first. Equal scores are in the order of enrollment. */
  readonly matches: readonly Match[];
  /** Threshold of the decision; undefined if there is none. */
  readonly threshold: number | undefined;
  /** Margin of the decision. */
  readonly margin: number;
}

/** Options of `recognize`. */
export interface RecognizeOptions extends EmbedOptions {
  /** Number of matches. Default: 5. */
  k?: number;
  /** Used in place of the calibrated threshold. */
  threshold?: number;
  /** Used in place of the calibrated margin. Default without calibration: 0. */
  margin?: number;
}

/** Whether two images show the same identity. */
export interface Verification {
  /** Cosine of the embeddings. */
  readonly score: number;
  /** Whether the score reaches the threshold; undefined if there is none. */
  readonly isSame: boolean | undefined;
  readonly threshold: number | undefined;
}

/** Options of `enroll`. */
export interface EnrollOptions extends EmbedOptions {
  /** Metadata of each new template, in the order of the images, such as the name of its file. */
  templateMetadata?: readonly Metadata[];
}

/** Options of `calibrate`. */
export interface CalibrateOptions<Image> extends EmbedOptions {
  /** Rate of strangers that the whole gallery may accept, in (0, 1), such as 0.01. */
  falseAcceptRate: number;
  /**
   * Images of strangers: people, documents or products that are not in the gallery. An entry is one stranger: an image, or an
   * array of images.
   */
  images?: readonly (Image | readonly Image[])[];
  /** Embeddings of strangers, in the same form. */
  embeddings?: readonly (Float32Array | readonly Float32Array[])[];
  /**
   * Whether identities of the gallery that look like one enrolled twice are different ones, such as twins. Default: false, which
   * leaves them out (see `duplicates` of the result), so that the threshold is too low if they are different. Has no effect with
   * given strangers.
   */
  keepDuplicates?: boolean;
}

/** Creates a gallery of known identities, in memory or in a store. @throws GalleryStoreError, RangeError */
export async function createGallery<Image = never>(
  options: CreateGalleryOptions<Image>,
): Promise<Gallery<Image>> {
  const { embedder, embeddingSize = embedder?.embeddingSize, store } = options;
  if (store) return Gallery.open(store, options);
  if (embeddingSize === undefined) {
    throw new RangeError(
      'createGallery needs `embedder`, `embeddingSize` or `store`, to know the length of an embedding.',
    );
  }
  const fingerprint = embedder?.fingerprint ?? options.fingerprint ?? 'unknown';
  return Gallery.open(new MemoryStore({ embeddingSize, embedder: fingerprint }), options);
}

/**
 * Opens a gallery from a store or from the bytes of a gallery file.
 * @throws GalleryStoreError with code `WRONG_EMBEDDER` if it was made with another embedder, and others if it cannot be read.
 */
export async function openGallery<Image = never>(
  source: GalleryStore | Uint8Array,
  options: GalleryOptions<Image> = {},
): Promise<Gallery<Image>> {
  return Gallery.open(source instanceof Uint8Array ? await MemoryStore.fromBytes(source) : source, options);
}

/** Above this number of templates, a calibration is measured again only when the identities change by a tenth. */
const CHEAP_TEMPLATES = 2000;

/**
 * Known identities, each with one or more templates: embeddings of its images. Every change is in the store when its promise
 * resolves. Calls may overlap; the gallery carries them out one after another.
 *
 * `Image` is what the embedder can embed.
 */
export class Gallery<Image = never> {
  readonly #store: GalleryStore;
  readonly #embedder: GalleryEmbedder<Image> | undefined;
  readonly #queue = new CallQueue();
  #index: GalleryIndex;
  #view: GalleryView;
  #revision: number;
  #data: CalibrationData | undefined;
  /** Whether the index or the view may lack a change that is in the store. */
  #isOutOfStep = false;
  /** Whether identities have changed since the scores of `#data` were measured. */
  #isStale = false;
  #calibration: Calibration | undefined;

  private constructor(
    store: GalleryStore,
    embedder: GalleryEmbedder<Image> | undefined,
    index: GalleryIndex,
    snapshot: GallerySnapshot,
  ) {
    this.#store = store;
    this.#embedder = embedder;
    this.#index = index;
    this.#view = new GalleryView(snapshot);
    this.#revision = snapshot.revision;
    this.#takeCalibration(snapshot);
  }

  /** Opens the gallery of a store, whose `close` it then owns. */
  static async open<Image>(
    store: GalleryStore,
    { embedder, index }: GalleryOptions<Image>,
  ): Promise<Gallery<Image>> {
    const { embeddingSize, embedder: fingerprint } = store.header;
    if (embedder && (embedder.fingerprint !== fingerprint || embedder.embeddingSize !== embeddingSize)) {
      throw new GalleryStoreError(
        'WRONG_EMBEDDER',
        `The gallery was made with the embedder ${fingerprint} (${embeddingSize} values), but this one is ` +
          `${embedder.fingerprint} (${embedder.embeddingSize} values). Embeddings of different embedders cannot be compared. ` +
          'Open it with its own embedder, or enroll the images in a new gallery.',
      );
    }
    const snapshot = await store.read();
    const search = index ?? new ExactIndex(embeddingSize);
    const gallery = new Gallery<Image>(store, embedder, search, snapshot);
    await gallery.#fillIndex(snapshot);
    return gallery;
  }

  /** Length of an embedding. */
  get embeddingSize(): number {
    return this.#store.header.embeddingSize;
  }

  /** Fingerprint of the embedder that the gallery is for. */
  get fingerprint(): string {
    return this.#store.header.embedder;
  }

  /** Number of identities. */
  get size(): number {
    return this.#view.byId.size;
  }

  /** The calibration for the present number of identities; undefined if the gallery was never calibrated. */
  get calibration(): Calibration | undefined {
    this.#calibration ??= this.#data && computeCalibration(this.#data, this.#calibrated);
    return this.#calibration;
  }

  get #calibrated(): CalibratedGallery {
    return {
      identities: Math.max(1, this.#view.enrolled),
      isStale: this.#isStale,
      nameOf: (id) => {
        const identity = this.#view.byId.get(id);
        return identity && identity.templates.length > 0 ? identity.name : undefined;
      },
    };
  }

  /**
   * Estimates the rate of strangers that the gallery, with its present identities, accepts at a threshold, from the scores of its
   * calibration. Returns undefined if the gallery was never calibrated.
   */
  acceptRateAt(threshold: number): AcceptRate | undefined {
    if (!this.#data) return undefined;
    return measureRate(this.#data.scores, threshold, countDistinct(this.#data, this.#calibrated));
  }

  /** Returns the identities, by name. */
  list(): Identity[] {
    return [...this.#view.byName.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, metadata, templates }) => ({
        name,
        metadata,
        templates: templates.map((template) => ({ id: template.id, metadata: template.metadata })),
      }));
  }

  /** Returns whether an identity has this name. */
  has(name: string): boolean {
    return this.#view.byName.has(name);
  }

  /**
   * Adds images of an identity, which is created if its name is new. Each image becomes a template.
   * @param images An image or an embedding, or several.
   * @param metadata Replaces the identity's metadata if given.
   * @returns The ids of the new templates.
   * @throws GalleryStoreError if a value cannot be stored, and what the embedder throws for an unreadable image. Then nothing
   *   has been added.
   */
  async enroll(
    name: string,
    images: Image | Float32Array | readonly (Image | Float32Array)[],
    metadata?: Metadata,
    options: EnrollOptions = {},
  ): Promise<number[]> {
    const list = Array.isArray(images) ? (images as (Image | Float32Array)[]) : [images as Image];
    if (list.length === 0) {
      throw new RangeError(`enroll: there is no image of ${JSON.stringify(name)}. Pass at least one.`);
    }
    const embeddings = await this.#embed(list, options);
    return this.#run(async () => {
      // An index that cannot grow is noticed before anything is stored.
      await this.#index.reserve?.(this.#index.size + embeddings.length);
      const templates = embeddings.map((embedding, n) => ({
        embedding,
        metadata: options.templateMetadata?.[n] ?? {},
      }));
      const change = { kind: 'enroll', name, templates, ...(metadata && { metadata }) } as const;
      const result = await this.#store.write([change]);
      const ids = [...result.templateIds[0]];
      const id = result.identityIds[0];
      await this.#follow(result, async () => {
        if (id === null) return;
        const identity =
          this.#view.byName.get(name) ?? this.#view.addIdentity({ id, name, metadata: metadata ?? {} });
        if (metadata) identity.metadata = metadata;
        ids.forEach((id, n) => {
          this.#view.addTemplate({ id, identityId: identity.id, metadata: templates[n].metadata });
        });
        await this.#index.add(
          ids.map((template, n) => ({ template, identity: identity.id, embedding: embeddings[n] })),
        );
        this.#markStale();
      });
      return ids;
    });
  }

  /**
   * Finds the identities that an image resembles most, and decides whether it is one of them.
   *
   * The decision needs a threshold: that of `calibrate`, or one given. There is no default.
   *
   * A changed gallery is calibrated again, from its own identities or the strangers it was calibrated with. With up to 2,000
   * templates, this happens after each change. Larger galleries wait until the number of identities has changed by a tenth.
   * Until then, they convert the threshold to the new number. Only `calibrate` leaves identities out as duplicates; those that
   * look like it since are the `newDuplicates` of `calibration`.
   * @param image An image or an embedding.
   */
  async recognize(image: Image | Float32Array, options: RecognizeOptions = {}): Promise<Recognition> {
    const [recognition] = await this.recognizeMany([image], options);
    return recognition;
  }

  /** Recognizes several images, in less time than one by one. */
  async recognizeMany(
    images: readonly (Image | Float32Array)[],
    options: RecognizeOptions = {},
  ): Promise<Recognition[]> {
    const { k = 5 } = options;
    if (!Number.isInteger(k) || k < 1) throw new RangeError(`k must be an integer of at least 1, got ${k}.`);
    const embeddings = await this.#embed(images, options);
    return this.#run(async () => {
      if (options.threshold === undefined) await this.#recalibrateIfDue();
      const threshold = options.threshold ?? this.calibration?.threshold;
      const margin = options.margin ?? this.calibration?.margin ?? 0;
      // The second best identity is needed for the decision.
      const found = await this.#index.search(embeddings, Math.max(k, 2));
      return found.map((matches) => {
        const decision = decide(
          matches.map(({ score }) => score),
          threshold,
          margin,
        );
        const named = matches.slice(0, k).map(({ identity, template, score }): Match => {
          const { name, metadata } = this.#identity(identity);
          return { name, score, template, metadata };
        });
        return {
          decision,
          name: decision === 'known' ? named[0].name : null,
          matches: named,
          threshold,
          margin,
        };
      });
    });
  }

  /**
   * Compares two images. The threshold is that at which one identity accepts strangers at the calibrated rate; it is lower than
   * that of the gallery, where each identity adds to the rate.
   */
  async verify(
    a: Image | Float32Array,
    b: Image | Float32Array,
    options: EmbedOptions & { threshold?: number } = {},
  ): Promise<Verification> {
    const [one, other] = await this.#embed([a, b], options);
    const threshold = options.threshold ?? (this.#data && pairThreshold(this.#data));
    const score = cosine(one, 1 / norm(one), other, 1 / norm(other));
    return { score, threshold, isSame: threshold === undefined ? undefined : score >= threshold };
  }

  /** Removes an identity with its templates. @throws GalleryStoreError if there is none of this name. */
  async remove(name: string): Promise<void> {
    return this.#run(async () => {
      const result = await this.#store.write([{ kind: 'remove', name }]);
      await this.#follow(result, async () => {
        const identity = this.#named(name);
        // First, because the view has to know every template of the index.
        await this.#index.remove(identity.templates.map(({ id }) => id));
        this.#view.remove(identity);
        this.#markStale();
      });
    });
  }

  /** Renames an identity. @throws GalleryStoreError if there is none of this name, or the new one is taken. */
  async rename(name: string, to: string): Promise<void> {
    return this.#run(async () => {
      const result = await this.#store.write([{ kind: 'rename', name, to }]);
      await this.#follow(result, async () => {
        this.#view.rename(this.#named(name), to);
      });
    });
  }

  /** Moves the templates of `name` to `into`, whose metadata remains, and removes `name`. @throws GalleryStoreError */
  async merge(name: string, into: string): Promise<void> {
    return this.#run(async () => {
      const result = await this.#store.write([{ kind: 'merge', name, into }]);
      await this.#follow(result, async () => {
        const identity = this.#named(name);
        const target = this.#named(into);
        this.#view.merge(identity, target);
        await this.#index.assign(
          identity.templates.map(({ id }) => id),
          target.id,
        );
        this.#markStale();
      });
    });
  }

  /**
   * Chooses the threshold at which the gallery, with its present number of identities, accepts strangers at a rate. Stores
   * the scores that it follows from.
   *
   * Strangers are given as images or embeddings. Without them, each identity of the gallery is compared with all others, as a
   * stranger would be, except for pairs that look like one identity enrolled twice. The interval in the result is honest about
   * how many there are: ten identities cannot show a rate of 1 %.
   * @throws RangeError if the rate is not in (0, 1), both or empty strangers are given, or the gallery has fewer than 3
   *   identities (with strangers: none).
   */
  async calibrate(options: CalibrateOptions<Image>): Promise<Calibration> {
    const { falseAcceptRate, images, embeddings, keepDuplicates = false } = options;
    if (!(falseAcceptRate > 0 && falseAcceptRate < 1)) {
      throw new RangeError(
        `falseAcceptRate must be between 0 and 1 (both excluded), got ${falseAcceptRate}.`,
      );
    }
    const given = images ?? embeddings;
    if ((images && embeddings) || given?.length === 0) {
      throw new RangeError('calibrate: pass `images` or `embeddings` of at least one stranger, or neither.');
    }
    const groups = given?.map((entry) => (Array.isArray(entry) ? entry : [entry])) as
      | (Image | Float32Array)[][]
      | undefined;
    const cohort = groups && (await this.#embed(groups.flat(), options));
    const strangers = groups?.flatMap((group, n) => group.map(() => n));
    return this.#run(async () => {
      const rows = cohort && concatenate(cohort, this.embeddingSize);
      const data = await this.#measure(
        falseAcceptRate,
        rows && strangers ? { rows, strangers } : { accepted: [], others: keepDuplicates ? 'keep' : 'join' },
      );
      const calibration = encodeCalibration(data, this.embeddingSize);
      const result = await this.#store.write([{ kind: 'calibrate', calibration }]);
      await this.#follow(result, async () => this.#setData(data));
      return this.calibration as Calibration;
    });
  }

  /** Reads the gallery again if another process or machine has changed it. */
  async refresh(): Promise<void> {
    return this.#run(async () => {
      if ((await this.#store.revision()) !== this.#revision) await this.#reload();
    });
  }

  /** Copies the gallery to another store, which must be empty. @throws GalleryStoreError, RangeError */
  async save(store: GalleryStore): Promise<void> {
    return this.#run(async () => {
      const there = await store.read();
      const { embeddingSize, embedder } = this.#store.header;
      if (there.identities.length > 0) {
        throw new RangeError('save: the store already has a gallery. Open it, or choose an empty store.');
      }
      if (store.header.embedder !== embedder || store.header.embeddingSize !== embeddingSize) {
        throw new GalleryStoreError('WRONG_EMBEDDER', 'save: the store was created for another embedder.');
      }
      const snapshot = await this.#store.read();
      const rows = new Map(snapshot.templates.map(({ id }, row) => [id, row]));
      const changes = snapshot.identities.map(({ id, name, metadata }) => ({
        kind: 'enroll' as const,
        name,
        metadata,
        templates: (this.#view.byId.get(id)?.templates ?? []).map((template) => {
          const from = (rows.get(template.id) ?? 0) * embeddingSize;
          const embedding = snapshot.embeddings.slice(from, from + embeddingSize);
          return { embedding, metadata: template.metadata };
        }),
      }));
      const { identityIds } = await store.write(changes);
      const data = snapshot.calibration && decodeCalibration(snapshot.calibration, embeddingSize);
      if (!data) return;
      const ids = new Map(snapshot.identities.map(({ id }, n) => [id, identityIds[n]]));
      const copied = renumberIdentities(data, (id) => ids.get(id) ?? undefined);
      await store.write([{ kind: 'calibrate', calibration: encodeCalibration(copied, embeddingSize) }]);
    });
  }

  /** Returns the gallery as the bytes of a gallery file, which `openGallery` and `openGalleryFile` open. */
  async toBytes(): Promise<Uint8Array> {
    if (this.#store instanceof MemoryStore) return this.#store.toBytes();
    const copy = new MemoryStore(this.#store.header);
    await this.save(copy);
    return copy.toBytes();
  }

  /** Waits for calls in progress and releases the store and the index. The embedder remains the caller's. */
  async close(): Promise<void> {
    return this.#queue.close(async () => {
      await this.#index.close();
      await this.#store.close();
    });
  }

  async #embed(images: readonly (Image | Float32Array)[], options: EmbedOptions): Promise<Float32Array[]> {
    const pictures = images.filter((image): image is Image => !(image instanceof Float32Array));
    if (pictures.length > 0 && !this.#embedder) {
      throw new TypeError(
        'The gallery has no embedder, so it takes embeddings (Float32Array) only. Pass `embedder` to createGallery or openGallery.',
      );
    }
    const embedded =
      pictures.length > 0 && this.#embedder
        ? await this.#embedder.embed(pictures, { ...(options.signal && { signal: options.signal }) })
        : [];
    let next = 0;
    const embeddings = images.map((image) => (image instanceof Float32Array ? image : embedded[next++]));
    for (const embedding of embeddings) checkEmbedding(embedding, this.embeddingSize);
    return embeddings;
  }

  /** Runs a call after those before it, on an index and a view that have everything in the store. */
  #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      if (this.#isOutOfStep) await this.#reload();
      return work();
    });
  }

  /**
   * Applies a write to what is in memory. Reads everything again if another writer came between, or if the index fails: the write is
   * in the store, and the index has to follow.
   */
  async #follow({ revision }: WriteResult, apply: () => Promise<void>): Promise<void> {
    this.#isOutOfStep = true;
    if (revision !== this.#revision + 1) return this.#reload();
    try {
      await apply();
    } catch {
      return this.#reload();
    }
    this.#revision = revision;
    this.#calibration = undefined;
    this.#isOutOfStep = false;
  }

  async #reload(): Promise<void> {
    this.#isOutOfStep = true;
    const snapshot = await this.#store.read();
    await this.#index.remove(
      [...this.#view.byId.values()].flatMap(({ templates }) => templates.map(({ id }) => id)),
    );
    this.#view = new GalleryView(snapshot);
    this.#revision = snapshot.revision;
    this.#takeCalibration(snapshot);
    await this.#fillIndex(snapshot);
    this.#isOutOfStep = false;
  }

  async #fillIndex({ templates, embeddings, header: { embeddingSize } }: GallerySnapshot): Promise<void> {
    await this.#index.add(
      templates.map(({ id, identityId }, row) => ({
        template: id,
        identity: identityId,
        embedding: embeddings.subarray(row * embeddingSize, (row + 1) * embeddingSize),
      })),
    );
  }

  #takeCalibration({ calibration }: GallerySnapshot): void {
    this.#data = calibration ? decodeCalibration(calibration, this.embeddingSize) : undefined;
    // The identities may have changed after the calibration was stored.
    this.#isStale = this.#data !== undefined;
    this.#calibration = undefined;
  }

  #markStale(): void {
    this.#isStale = this.#data !== undefined;
  }

  async #recalibrateIfDue(): Promise<void> {
    const data = this.#data;
    if (!data || !this.#isStale) return;
    const enrolled = this.#view.enrolled;
    if (enrolled < (data.source === 'gallery' ? 3 : 1)) return;
    const measured = data.own ? (data.own.allScores ?? data.scores).compared + 1 : data.scores.compared;
    if (this.#view.templates > CHEAP_TEMPLATES && Math.abs(enrolled - measured) < measured / 10) return;
    const { cohort, own } = data;
    this.#setData(
      await this.#measure(
        data.falseAcceptRate,
        cohort
          ? { rows: cohort, strangers: Array.from(data.scores.stranger) }
          : { accepted: own?.duplicates ?? [], others: own?.keepDuplicates ? 'keep' : 'report' },
      ),
    );
  }

  /** Measures strangers, or the gallery's own identities. */
  async #measure(
    falseAcceptRate: number,
    who: { rows: Float32Array; strangers: readonly number[] } | DuplicatePolicy,
  ): Promise<CalibrationData> {
    const enrolled = this.#view.enrolled;
    if ('rows' in who) {
      if (enrolled === 0) throw new RangeError('calibrate: the gallery has no identity. Enroll some first.');
      const { rows: cohort, strangers } = who;
      const rows = strangers.map((_, n) =>
        cohort.subarray(n * this.embeddingSize, (n + 1) * this.embeddingSize),
      );
      const measured = await measureStrangers(this.#index, rows, strangers, enrolled);
      const { scores, enrolled: enrolledStrangers } = measured;
      return { falseAcceptRate, source: 'strangers', scores, cohort, enrolledStrangers };
    }
    if (enrolled < 3) {
      throw new RangeError(
        `calibrate: the gallery has ${enrolled} identities with templates. Enroll at least 3, or pass \`images\` of strangers.`,
      );
    }
    const { scores, closest, duplicates, newDuplicates, allScores } = await measureOwnIdentities(
      this.#index,
      await this.#readTemplates(),
      who,
    );
    return {
      falseAcceptRate,
      source: 'gallery',
      scores,
      own: {
        ...(closest && { closest }),
        duplicates,
        newDuplicates,
        ...(allScores && { allScores }),
        keepDuplicates: who.others === 'keep',
      },
    };
  }

  #setData(data: CalibrationData): void {
    this.#data = data;
    this.#isStale = false;
    this.#calibration = undefined;
  }

  /** Reads the templates of each identity that has some. */
  async #readTemplates(): Promise<OwnTemplate[][]> {
    const { templates, embeddings } = await this.#store.read();
    const size = this.embeddingSize;
    const groups = new Map<number, OwnTemplate[]>();
    templates.forEach(({ identityId }, row) => {
      const group = groups.get(identityId) ?? [];
      group.push({ identity: identityId, embedding: embeddings.subarray(row * size, (row + 1) * size) });
      groups.set(identityId, group);
    });
    return [...groups.values()];
  }

  #named(name: string): ViewedIdentity {
    const identity = this.#view.byName.get(name);
    if (!identity)
      throw new GalleryStoreError('UNKNOWN_IDENTITY', `There is no identity ${JSON.stringify(name)}.`);
    return identity;
  }

  #identity(id: number): ViewedIdentity {
    const identity = this.#view.byId.get(id);
    if (!identity) throw new Error(`The index has identity ${id}, which the gallery does not have.`);
    return identity;
  }
}

/** @throws RangeError if an embedding has another length, a value that is not finite, or length zero. */
function checkEmbedding(embedding: Float32Array, size: number): void {
  if (embedding.length !== size) {
    throw new RangeError(
      `An embedding has ${embedding.length} values, but those of the gallery have ${size}.`,
    );
  }
  const length = norm(embedding);
  if (!(length > 0 && Number.isFinite(length))) {
    throw new RangeError(
      length === 0
        ? 'An embedding is zero, so its cosine is undefined. Check whether the model has collapsed.'
        : 'An embedding has a NaN or an infinite value. Every value must be finite.',
    );
  }
}

function concatenate(rows: readonly Float32Array[], size: number): Float32Array {
  const all = new Float32Array(rows.length * size);
  rows.forEach((row, n) => {
    all.set(row, n * size);
  });
  return all;
}
