/** JSON object that the caller attaches to an identity or a template; it is stored and returned as it is. */
export type Metadata = { readonly [key: string]: JsonValue };

/** Value that JSON can express. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** What a gallery is made for. It is fixed when the gallery is created. */
export interface GalleryHeader {
  /** Number of values of an embedding, from 1 to 16,000. */
  readonly embeddingSize: number;
  /** Fingerprint of the embedder, at most 256 characters. Embeddings of another embedder do not belong in the gallery. */
  readonly embedder: string;
}

/** A known identity. */
export interface IdentityRecord {
  /** Assigned by the store, never reused within a gallery. */
  readonly id: number;
  /** Unique within a gallery. */
  readonly name: string;
  readonly metadata: Metadata;
}

/** Description of a stored embedding. */
export interface TemplateRecord {
  /** Assigned by the store in the order of enrollment, never reused within a gallery. */
  readonly id: number;
  /** `id` of its {@link IdentityRecord}. */
  readonly identityId: number;
  readonly metadata: Metadata;
}

/** A float32 tensor, row-major. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A calibration as the store keeps it: its content is chosen by the gallery. */
export interface StoredCalibration {
  /** Thresholds, intervals, rates, and the size of the gallery that they were measured on. */
  readonly state: Metadata;
  /** Data to recalibrate from, by name, such as impostor scores or the embeddings of a cohort. */
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

/** Everything a gallery holds at one revision. The caller may keep and change the arrays. */
export interface GallerySnapshot {
  readonly header: GalleryHeader;
  /** Number of transactions so far. */
  readonly revision: number;
  /** By ascending id. */
  readonly identities: IdentityRecord[];
  /** By ascending id. */
  readonly templates: TemplateRecord[];
  /** [templates, embeddingSize]: row i is the embedding of `templates[i]`, with the same bits as when it was enrolled. */
  readonly embeddings: Float32Array;
  /** Null if the gallery was never calibrated. */
  readonly calibration: StoredCalibration | null;
}

/** An embedding to enroll. */
export interface NewTemplate {
  /** `embeddingSize` finite values. */
  readonly embedding: Float32Array;
  /** Default: {}. */
  readonly metadata?: Metadata;
}

/** One change of a gallery. Identities are referred to by name. */
export type GalleryChange =
  /** Adds templates to an identity, which is created if it is new. `metadata` replaces the identity's metadata if given. */
  | {
      readonly kind: 'enroll';
      readonly name: string;
      readonly templates: readonly NewTemplate[];
      readonly metadata?: Metadata;
    }
  /** Removes an identity with all its templates. */
  | { readonly kind: 'remove'; readonly name: string }
  /** Removes templates by id. Their identities remain, even without templates. */
  | { readonly kind: 'removeTemplates'; readonly ids: readonly number[] }
  /** Renames an identity. The new name must be free. */
  | { readonly kind: 'rename'; readonly name: string; readonly to: string }
  /** Moves all templates of `name` to the identity `into`, whose metadata remains, and removes `name`. */
  | { readonly kind: 'merge'; readonly name: string; readonly into: string }
  /** Replaces an identity's metadata. */
  | { readonly kind: 'setMetadata'; readonly name: string; readonly metadata: Metadata }
  /** Replaces the calibration; null removes it. */
  | { readonly kind: 'calibrate'; readonly calibration: StoredCalibration | null };

/** Outcome of a transaction. */
export interface WriteResult {
  /**
   * Revision after the transaction. If it is not the previous one plus 1, another writer changed the gallery in between:
   * read it again.
   */
  readonly revision: number;
  /** For each change the ids of the templates it enrolled; empty for other changes. */
  readonly templateIds: readonly (readonly number[])[];
  /** For each change the id of the identity that it enrolled, removed, renamed, merged (`into`) or described; else null. */
  readonly identityIds: readonly (number | null)[];
}

/**
 * Keeps a gallery: identities, their templates and the calibration. A store keeps no copy of the embeddings in memory unless
 * memory is where it stores them.
 *
 * Calls may overlap; a store carries them out one after another.
 */
export interface GalleryStore {
  readonly header: GalleryHeader;
  /** Whether `write` and `compact` are refused. */
  readonly isReadOnly: boolean;

  /** Reads the present gallery. @throws GalleryStoreError if the stored gallery is damaged or cannot be read. */
  read(): Promise<GallerySnapshot>;

  /** Returns the revision of the stored gallery, which other writers may have advanced. Much cheaper than `read`. */
  revision(): Promise<number>;

  /**
   * Carries out changes in their order as one transaction: all of them, or none if it rejects. When the promise resolves,
   * the transaction is durable: a crash of the process or a loss of power does not undo it.
   *
   * @throws GalleryStoreError with code `UNKNOWN_IDENTITY`, `UNKNOWN_TEMPLATE`, `NAME_TAKEN` or `INVALID_RECORD` for changes
   *   that do not fit the gallery, and other codes where the store cannot write.
   */
  write(changes: readonly GalleryChange[]): Promise<WriteResult>;

  /** Frees the space of removed records. Stores also do this by themselves where it is due. */
  compact(): Promise<void>;

  /** Waits for calls in progress and releases the store. Idempotent; other calls are refused afterward. */
  close(): Promise<void>;
}
