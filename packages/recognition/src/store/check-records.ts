import { GalleryStoreError } from './errors.js';
import type { GalleryHeader, JsonValue, Metadata, StoredCalibration } from './gallery-store.js';

const MAX_EMBEDDING_SIZE = 16_000;
const MAX_EMBEDDER_LENGTH = 256;
const MAX_NAME_LENGTH = 1000;
// Deeper values overflow the stack of JSON.stringify in some engines.
const MAX_DEPTH = 100;
const LONE_SURROGATE = /\p{Surrogate}/u;

const invalid = (message: string) => new GalleryStoreError('INVALID_RECORD', message);

/** Checks what a new gallery is made for. @throws GalleryStoreError with code `INVALID_RECORD`. */
export function checkHeader({ embeddingSize, embedder }: GalleryHeader): void {
  if (!Number.isInteger(embeddingSize) || embeddingSize < 1 || embeddingSize > MAX_EMBEDDING_SIZE) {
    throw invalid(
      `embeddingSize must be an integer from 1 to ${MAX_EMBEDDING_SIZE}, but it is ${embeddingSize}.`,
    );
  }
  if (typeof embedder !== 'string' || embedder === '' || embedder.length > MAX_EMBEDDER_LENGTH) {
    throw invalid(
      `embedder must be a text of 1 to ${MAX_EMBEDDER_LENGTH} characters: the fingerprint of the embedder.`,
    );
  }
}

/** Checks the name of an identity. @throws GalleryStoreError with code `INVALID_RECORD`. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH) {
    throw invalid(`the name of an identity must be a text of 1 to ${MAX_NAME_LENGTH} characters.`);
  }
  // PostgreSQL stores neither, and two lone surrogates would become equal in UTF-8.
  if (name.includes('\0') || LONE_SURROGATE.test(name)) {
    throw invalid(
      `the name ${JSON.stringify(name)} contains a zero character or half a surrogate pair. Remove it.`,
    );
  }
}

/** Checks an embedding. @throws GalleryStoreError with code `INVALID_RECORD`. */
export function checkEmbedding(embedding: unknown, embeddingSize: number, name: string): void {
  if (!(embedding instanceof Float32Array) || embedding.length !== embeddingSize) {
    const found =
      embedding instanceof Float32Array ? `it has ${embedding.length} values` : 'it is no Float32Array';
    throw invalid(
      `an embedding of ${JSON.stringify(name)} must be a Float32Array of ${embeddingSize} values, but ${found}.`,
    );
  }
  for (const value of embedding) {
    if (!Number.isFinite(value)) {
      throw invalid(`an embedding of ${JSON.stringify(name)} holds ${value}. Enroll only finite embeddings.`);
    }
  }
}

/** Checks metadata and returns a copy, so that later changes of the caller's object change nothing stored. */
export function copyMetadata(metadata: Metadata | undefined, owner: string): Metadata {
  if (metadata === undefined) return {};
  if (!isJsonObject(metadata)) throw invalid(`the metadata of ${owner} must be an object of JSON values.`);
  return copyJson(metadata, owner, 0) as Metadata;
}

/** Checks a calibration and returns a copy. @throws GalleryStoreError with code `INVALID_RECORD`. */
export function copyCalibration(calibration: StoredCalibration | null): StoredCalibration | null {
  if (calibration === null) return null;
  if (!isJsonObject(calibration) || !isJsonObject(calibration.tensors)) {
    throw invalid('a calibration must be an object with `state` and `tensors`.');
  }
  const tensors = Object.entries(calibration.tensors).map(([name, { shape, data }]) => {
    if (!(data instanceof Float32Array) || shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw invalid(
        `the calibration's tensor ${JSON.stringify(name)} must be a Float32Array whose length is the product of its shape [${shape}].`,
      );
    }
    return [name, { shape: [...shape], data: data.slice() }] as const;
  });
  return {
    state: copyMetadata(calibration.state, 'the calibration'),
    tensors: Object.fromEntries(tensors),
  };
}

/** Returns whether a value is an object other than an array. */
export function isJsonObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function copyJson(value: unknown, owner: string, depth: number): JsonValue {
  if (depth > MAX_DEPTH) throw invalid(`the metadata of ${owner} is nested deeper than ${MAX_DEPTH} levels.`);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (!value.includes('\0') && !LONE_SURROGATE.test(value)) return value;
    throw invalid(`a text in the metadata of ${owner} contains a zero character or half a surrogate pair.`);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw invalid(`the metadata of ${owner} holds ${value}, which JSON cannot express.`);
    // JSON has no negative zero.
    return value + 0;
  }
  if (Array.isArray(value)) return value.map((item) => copyJson(item, owner, depth + 1));
  const prototype = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    throw invalid(`the metadata of ${owner} holds a value that JSON cannot express: ${String(value)}.`);
  }
  return Object.fromEntries(
    Object.entries(value as object)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => {
        copyJson(key, owner, depth);
        return [key, copyJson(item, owner, depth + 1)];
      }),
  );
}
