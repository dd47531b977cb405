import { checkName, copyMetadata, isJsonObject } from '../check-records.js';
import type { GalleryDelta, GalleryState } from '../gallery-state.js';
import type { IdentityRecord, Metadata, StoredCalibration, TemplateRecord } from '../gallery-store.js';
import { FORMAT_VERSION, type Layout } from './layout.js';

/** First line of the log. */
export interface FirstLine {
  layout: Layout;
  revision: number;
  /** Bytes of the lines after the first that belong to the state which the file began with. */
  stateBytes: number;
  nextIdentityId: number;
  nextTemplateId: number;
}

/** Number of records in a line of a rewritten log. */
const RECORDS_PER_LINE = 5000;

/** Returns the content of the log's first line. */
export function firstLineContent(layout: Layout, state: GalleryState, stateBytes: number): object {
  const { embeddingSize, embedder, logBytes, rowCapacity } = layout;
  const { revision, nextIdentityId, nextTemplateId } = state;
  const gallery = {
    version: FORMAT_VERSION,
    embeddingSize,
    embedder,
    logBytes,
    rowCapacity,
    stateBytes,
    nextIdentityId,
    nextTemplateId,
  };
  return { revision, gallery };
}

/** Parses the content of the log's first line. @returns Undefined if it is not valid. */
export function parseFirstLine({ revision, gallery }: Record<string, unknown>): FirstLine | undefined {
  if (!isJsonObject(gallery) || gallery['version'] !== FORMAT_VERSION || !isCount(revision)) return undefined;
  const { embeddingSize, embedder, logBytes, rowCapacity, stateBytes, nextIdentityId, nextTemplateId } =
    gallery;
  const counts = [embeddingSize, logBytes, rowCapacity, stateBytes, nextIdentityId, nextTemplateId];
  if (!counts.every(isCount) || typeof embedder !== 'string') return undefined;
  const [size, log, capacity, state, identityId, templateId] = counts as number[];
  if (size === 0 || size > 16_000 || log % 8 !== 0 || capacity % 2 !== 0) return undefined;
  return {
    layout: { embeddingSize: size, embedder, logBytes: log, rowCapacity: capacity },
    revision,
    stateBytes: state,
    nextIdentityId: identityId,
    nextTemplateId: templateId,
  };
}

/** Returns the contents of the lines that express a whole state, with the CRC-32 of each template's row. */
export function* stateContents(state: GalleryState, rowCrcs: Iterable<number>): Generator<object> {
  const { revision } = state;
  const identities = state.sortedIdentities();
  for (let i = 0; i < identities.length; i += RECORDS_PER_LINE) {
    yield { revision, identities: identities.slice(i, i + RECORDS_PER_LINE).map(encodeIdentity) };
  }
  const templates = state.sortedTemplates();
  const crcs = [...rowCrcs];
  for (let i = 0; i < templates.length; i += RECORDS_PER_LINE) {
    const part = templates.slice(i, i + RECORDS_PER_LINE);
    yield { revision, templates: part.map((template, k) => encodeTemplate(template, crcs[i + k])) };
  }
  if (state.calibration) yield { revision, calibration: encodeCalibration(state.calibration) };
}

/** Returns the content of a transaction's line. */
export function deltaContent(delta: GalleryDelta, revision: number, rowCrcs: readonly number[]): object {
  const { identities, templates, moved, removedTemplates, removedIdentities, calibration } = delta;
  return {
    revision,
    ...(identities.length > 0 && { identities: identities.map(encodeIdentity) }),
    ...(templates.length > 0 && { templates: templates.map((one, i) => encodeTemplate(one, rowCrcs[i])) }),
    ...(moved.length > 0 && { moved }),
    ...(removedTemplates.length > 0 && { removedTemplates }),
    ...(removedIdentities.length > 0 && { removedIdentities }),
    ...(calibration !== undefined && { calibration: calibration && encodeCalibration(calibration) }),
  };
}

/** Parses the content of a line after the first. @returns Undefined if it is not valid. */
export function parseDelta(
  content: Record<string, unknown>,
): { delta: GalleryDelta; revision: number; rowCrcs: number[] } | undefined {
  const { revision, calibration } = content;
  const [identities, templates, moved, removedTemplates, removedIdentities] = [
    'identities',
    'templates',
    'moved',
    'removedTemplates',
    'removedIdentities',
  ].map((name) => content[name] ?? []);
  if (!isCount(revision)) return undefined;
  if (!isListOf(identities, isIdentity) || !isListOf(templates, isTemplate)) return undefined;
  if (!isListOf(moved, isPair)) return undefined;
  if (!isListOf(removedTemplates, isCount) || !isListOf(removedIdentities, isCount)) return undefined;
  const parsed = calibration && parseCalibration(calibration);
  if (calibration && !parsed) return undefined;
  return {
    revision,
    rowCrcs: templates.map(([, , crc]) => crc),
    delta: {
      identities: identities.map(([id, name, metadata = {}]) => ({ id, name, metadata })),
      templates: templates.map(([id, identityId, , metadata = {}]) => ({ id, identityId, metadata })),
      moved,
      removedTemplates,
      removedIdentities,
      ...(calibration !== undefined && { calibration: (parsed ?? null) as StoredCalibration | null }),
    },
  };
}

type IdentityTuple = [id: number, name: string, metadata?: Metadata];
type TemplateTuple = [id: number, identityId: number, crc: number, metadata?: Metadata];

const encodeIdentity = ({ id, name, metadata }: IdentityRecord): IdentityTuple =>
  isEmpty(metadata) ? [id, name] : [id, name, metadata];

const encodeTemplate = ({ id, identityId, metadata }: TemplateRecord, crc: number): TemplateTuple =>
  isEmpty(metadata) ? [id, identityId, crc] : [id, identityId, crc, metadata];

function isEmpty(metadata: Metadata): boolean {
  for (const _ in metadata) return false;
  return true;
}

function encodeCalibration({ state, tensors }: StoredCalibration): object {
  const encoded = Object.entries(tensors).map(([name, { shape, data }]) => [
    name,
    { shape, float32: toBase64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) },
  ]);
  return { state, tensors: Object.fromEntries(encoded) };
}

function parseCalibration(value: unknown): StoredCalibration | undefined {
  if (
    !isJsonObject(value) ||
    !isJsonObject(value['state']) ||
    !isMetadata(value['state']) ||
    !isJsonObject(value['tensors'])
  )
    return undefined;
  const tensors: StoredCalibration['tensors'] = Object.fromEntries(
    Object.entries(value['tensors']).flatMap(([name, tensor]) => {
      if (!isJsonObject(tensor) || typeof tensor['float32'] !== 'string') return [];
      const { shape } = tensor;
      const bytes = fromBase64(tensor['float32']);
      if (!isListOf(shape, isCount) || bytes?.length !== 4 * shape.reduce((a, b) => a * b, 1)) return [];
      return [[name, { shape, data: new Float32Array(bytes.buffer) }]];
    }),
  );
  if (Object.keys(tensors).length !== Object.keys(value['tensors']).length) return undefined;
  return { state: value['state'] as Metadata, tensors };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isIdentity(value: unknown): value is IdentityTuple {
  return Array.isArray(value) && isId(value[0]) && isName(value[1]) && isMetadata(value[2]);
}

function isTemplate(value: unknown): value is TemplateTuple {
  return (
    Array.isArray(value) && isId(value[0]) && isId(value[1]) && isCount(value[2]) && isMetadata(value[3])
  );
}

function isPair(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}

// Labels are int32.
const isId = (value: unknown) => isCount(value) && value > 0 && value < 2 ** 31;

const isName = (value: unknown) => passes(() => checkName(value));

const isMetadata = (value: unknown) =>
  value === undefined || passes(() => copyMetadata(value as Metadata, 'a record'));

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 0x6000) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(i, i + 0x6000))));
  }
  return parts.join('');
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
