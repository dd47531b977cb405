import { mutate } from '@unitsphere/testing/fuzz/mutate';
import type { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { GalleryStoreError } from '../src/store/errors.js';
import { crc32 } from '../src/store/format/crc32.js';
import { encodeHeader, HEADER_BYTES } from '../src/store/format/layout.js';
import { hex } from '../src/store/format/log-line.js';
import { GalleryState } from '../src/store/gallery-state.js';
import type { GallerySnapshot } from '../src/store/gallery-store.js';
import { MemoryStore } from '../src/store/memory-store.js';

/** A gallery file, and its content after each of its transactions as JSON. */
export interface Seed {
  bytes: Uint8Array;
  states: string[];
}

/** A mutated file. */
export interface FuzzInput {
  bytes: Uint8Array;
  seed: Seed;
  /** Whether the checksums of the mutated parts are right, so that any consistent gallery is a correct result. */
  isSealed: boolean;
}

/** Outcome of opening one input. */
export interface CaseResult {
  outcome: 'read' | 'refused' | 'failed';
  milliseconds: number;
  /** Bytes of array buffers allocated, as a fraction of the limit. */
  buffers: number;
  /** What is wrong, if it failed. */
  problem?: string;
}

const MAX_MILLISECONDS = 2000;
/** The log, the embeddings and copies of both, plus allocations of the engine. */
const maxBuffers = (fileBytes: number) => 12 * fileBytes + 2 * 2 ** 20;

/** Formats a snapshot for comparison. */
export function formatSnapshot(snapshot: GallerySnapshot): string {
  return JSON.stringify(snapshot, (_, value) => (value instanceof Float32Array ? [...value] : value));
}

/** Generates input `random`. */
export function createInput(random: FuzzRandom, seeds: readonly Seed[]): FuzzInput {
  const seed = random.pick(seeds);
  const files = seeds.map(({ bytes }) => bytes);
  const kind = random.below(3);
  if (kind === 0) return { bytes: mutate(seed.bytes, random, files), seed, isSealed: false };
  if (kind === 1) return { bytes: mutateParts(seed.bytes, random, files), seed, isSealed: false };
  return { bytes: mutateLines(seed.bytes, random), seed, isSealed: true };
}

/** Mutates the parts in use, not the reserved room between them, and keeps their places. */
function mutateParts(bytes: Uint8Array, random: FuzzRandom, files: readonly Uint8Array[]): Uint8Array {
  const { logEnd, labelsAt, rowsAt } = partsOf(bytes);
  const parts: [number, number][] = [
    [0, 700],
    [HEADER_BYTES, HEADER_BYTES + logEnd],
    [HEADER_BYTES + logEnd - 150, HEADER_BYTES + logEnd + 50],
    [labelsAt, rowsAt],
    [rowsAt, bytes.length],
  ];
  const [from, to] = random.pick(parts);
  const part = mutate(bytes.slice(from, to), random, files);
  const mutated = new Uint8Array(bytes);
  mutated.set(part.subarray(0, mutated.length - from), from);
  return mutated;
}

/** Mutates the text of lines of the log, seals them, and often makes the header agree. */
function mutateLines(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const { logEnd, rowsAt, header } = partsOf(bytes);
  const lines = new TextDecoder('latin1')
    .decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + logEnd))
    .split('\n')
    .slice(0, -1)
    .map((line) => line.slice(0, -18));
  const toBytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  const toText = (part: Uint8Array) => Array.from(part, (byte) => String.fromCharCode(byte)).join('');
  const others = lines.map(toBytes);
  for (let times = random.pick([1, 1, 2]); times > 0; times--) {
    const i = random.below(lines.length);
    const edit = random.below(6);
    if (edit === 0) lines.splice(i, 1);
    else if (edit === 1) lines.splice(i, 0, lines[random.below(lines.length)] ?? '');
    else lines[i] = toText(mutate(toBytes(lines[i] ?? ''), random, others));
  }
  let log = new Uint8Array(0);
  for (const line of lines) {
    const text = toBytes(line.replaceAll('\n', ' '));
    const seal = toBytes(`,"crc":"${hex(crc32(text, log.length))}"}\n`);
    log = Uint8Array.from([...log, ...text, ...seal]);
  }
  const mutated = new Uint8Array(bytes);
  mutated.fill(0, HEADER_BYTES, HEADER_BYTES + logEnd);
  mutated.set(log.subarray(0, rowsAt - HEADER_BYTES), HEADER_BYTES);
  if (random.below(4)) {
    const layout = { ...header, logBytes: Math.max(header.logBytes, log.length) };
    const rows = random.below(8) ? header.rows : random.below(1000);
    const rowCapacity = Math.max(rows, header.rowCapacity);
    mutated.set(encodeHeader({ ...layout, rowCapacity }, new GalleryState(), { logEnd: log.length, rows }));
  }
  return mutated;
}

/** Returns the places of the parts of an intact file. */
function partsOf(bytes: Uint8Array) {
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(8, HEADER_BYTES)));
  const [, logBytes] = json['log.unused'].data_offsets;
  const [, labelsEnd] = json['labels.unused'].data_offsets;
  const [rows, embeddingSize] = json.embeddings.shape;
  return {
    logEnd: json.log.shape[0] as number,
    labelsAt: HEADER_BYTES + logBytes,
    rowsAt: HEADER_BYTES + labelsEnd,
    header: {
      logBytes: logBytes as number,
      rowCapacity: (labelsEnd - logBytes) / 4,
      rows: rows as number,
      embeddingSize: embeddingSize as number,
      embedder: json.__metadata__.embedder as string,
    },
  };
}

/** Opens an input and checks that it ends in a correct gallery or in the store's own error, within the limits. */
export async function runCase({ bytes, seed, isSealed }: FuzzInput): Promise<CaseResult> {
  const before = process.memoryUsage().arrayBuffers;
  const startedAt = performance.now();
  let outcome: CaseResult['outcome'] = 'read';
  let problem: string | undefined;
  try {
    const store = await MemoryStore.fromBytes(bytes);
    const snapshot = await store.read();
    problem = isSealed ? findInconsistency(snapshot) : findDifference(snapshot, seed);
    if (!problem) {
      const again = await (await MemoryStore.fromBytes(await store.toBytes())).read();
      if (formatSnapshot(again) !== formatSnapshot(snapshot)) problem = 'the gallery changes in a round trip';
    }
  } catch (error) {
    outcome = 'refused';
    const isOwn = error instanceof GalleryStoreError && error.message.length < 2000;
    if (!isOwn) problem = String((error as Error)?.stack ?? error);
  }
  const milliseconds = performance.now() - startedAt;
  const allocated = process.memoryUsage().arrayBuffers - before;
  const limit = maxBuffers(bytes.length);
  if (milliseconds > MAX_MILLISECONDS) problem ??= `took ${milliseconds.toFixed(0)} ms`;
  if (allocated > limit) problem ??= `allocated ${allocated} bytes of buffers for a file of ${bytes.length}`;
  return { outcome: problem ? 'failed' : outcome, milliseconds, buffers: allocated / limit, problem };
}

/** A file without the right checksums yields what was stored, or stored before, if header and end of the log are damaged. */
function findDifference(snapshot: GallerySnapshot, { states }: Seed): string | undefined {
  return states.includes(formatSnapshot(snapshot)) ? undefined : 'the gallery was never stored';
}

function findInconsistency({
  identities,
  templates,
  embeddings,
  header,
}: GallerySnapshot): string | undefined {
  const ids = new Set(identities.map(({ id }) => id));
  const names = new Set(identities.map(({ name }) => name));
  if (ids.size !== identities.length || names.size !== identities.length) return 'identities occur twice';
  if (templates.some(({ identityId }) => !ids.has(identityId))) return 'a template belongs to no identity';
  if (new Set(templates.map(({ id }) => id)).size !== templates.length) return 'templates occur twice';
  if (embeddings.length !== templates.length * header.embeddingSize) return 'embeddings are missing';
  return embeddings.every(Number.isFinite) ? undefined : 'an embedding is not finite';
}
