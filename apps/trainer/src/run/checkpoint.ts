import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TEMPORARY_PREFIX } from '@unitsphere/core/disk';

/** The file that lists a checkpoint's other files with their checksums. A checkpoint is complete if all of them match. */
export const STATE_FILE = 'state.json';

/** The contents of state.json. */
export interface CheckpointState {
  /** Version 1 has no checksum of this file; it is still read. */
  version: 1 | 2;
  /** Number of steps done. */
  step: number;
  files: Record<string, { bytes: number; sha256: string }>;
  /** The figures by which it was the best so far when it was written; absent if it was not. */
  best?: Record<string, unknown>;
  /** Further state of the trainer. */
  state: Record<string, unknown>;
}

/** A checkpoint on the disk whose files were complete when it was read. */
export interface Checkpoint {
  directory: string;
  step: number;
  state: Record<string, unknown>;
  /** File names, as passed to `writeCheckpoint`. */
  files: readonly string[];
  /**
   * Reads a file.
   * @throws DamagedCheckpointError if the file has changed, or the checkpoint has no such file.
   */
  readFile(name: string): Promise<Uint8Array>;
}

/** The checkpoint is unusable; the message gives the reason without the path. */
export class DamagedCheckpointError extends Error {
  override readonly name = 'DamagedCheckpointError';
  /** Stable name of the error, for programs. */
  readonly code = 'CHECKPOINT_DAMAGED';
}

/**
 * Reads a checkpoint and verifies every file's size and checksum.
 * @throws DamagedCheckpointError that names what is missing or wrong.
 */
export async function readCheckpoint(directory: string): Promise<Checkpoint> {
  const saved = await readState(directory);
  const named = checkpointStep(directory) ?? temporaryStep(basename(directory));
  if (named !== saved.step) {
    throw new DamagedCheckpointError(
      `${STATE_FILE} is of step ${saved.step}, but the folder is of step ${named}`,
    );
  }
  for (const name of Object.keys(saved.files)) await readChecked(directory, name, saved);
  return {
    directory,
    step: saved.step,
    state: saved.state,
    files: Object.keys(saved.files),
    readFile: (name) => readChecked(directory, name, saved),
  };
}

/** Reads all files of a checkpoint, by name. @throws DamagedCheckpointError as {@link Checkpoint.readFile} does. */
export async function readFiles({ files, readFile }: Checkpoint): Promise<Record<string, Uint8Array>> {
  return Object.fromEntries(
    await Promise.all(files.map(async (name) => [name, await readFile(name)] as const)),
  );
}

/** Reads only state.json. @throws DamagedCheckpointError if it is missing or cannot be read. */
export async function readState(directory: string): Promise<CheckpointState> {
  const text = await readFile(join(directory, STATE_FILE), 'utf8').catch(() => {
    throw new DamagedCheckpointError(`${STATE_FILE} is missing`);
  });
  return parseState(text);
}

/** Returns the size and SHA-256 of a file's bytes, as stored in state.json. */
export function fingerprint(bytes: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Returns a name such as "step-00001234", zero-padded so that names sort numerically. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** Returns the step of a checkpoint's folder, or undefined for other names. */
export function checkpointStep(path: string): number | undefined {
  const match = /^step-(\d{8,})$/.exec(basename(path));
  return match ? Number(match[1]) : undefined;
}

/** Returns the step of a checkpoint's temporary folder, or undefined for other names. */
export function temporaryStep(name: string): number | undefined {
  const match = /^(step-\d{8,})-[0-9a-f-]+$/.exec(
    name.startsWith(TEMPORARY_PREFIX) ? name.slice(TEMPORARY_PREFIX.length) : '',
  );
  return match ? checkpointStep(match[1]) : undefined;
}

async function readChecked(directory: string, name: string, saved: CheckpointState): Promise<Uint8Array> {
  const expected = Object.hasOwn(saved.files, name) ? saved.files[name] : undefined;
  if (!expected) throw new DamagedCheckpointError(`it has no file ${name}`);
  const bytes = await readFile(join(directory, name)).catch((error) => {
    throw new DamagedCheckpointError(
      error.code === 'ENOENT' ? `${name} is missing` : `${name}: ${error.message}`,
    );
  });
  if (bytes.byteLength !== expected.bytes) {
    throw new DamagedCheckpointError(`${name} has ${bytes.byteLength} bytes instead of ${expected.bytes}`);
  }
  if (fingerprint(bytes).sha256 !== expected.sha256) {
    throw new DamagedCheckpointError(`${name} does not match its checksum`);
  }
  return bytes;
}

function parseState(text: string): CheckpointState {
  let parsed: (CheckpointState & { sha256?: string }) | null;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new DamagedCheckpointError(`${STATE_FILE} is not valid JSON`);
  }
  const { sha256, ...state } = parsed ?? ({} as Partial<CheckpointState> & { sha256?: string });
  if (state.version !== 1 && state.version !== 2) {
    throw new DamagedCheckpointError(
      `${STATE_FILE} has version ${state.version}, but this program reads versions 1 and 2`,
    );
  }
  if (state.version === 2 && sha256 !== checksum(state)) {
    throw new DamagedCheckpointError(`${STATE_FILE} does not match its checksum`);
  }
  const { step, files } = state;
  if (
    !Number.isSafeInteger(step) ||
    typeof files !== 'object' ||
    files === null ||
    typeof state.state !== 'object'
  ) {
    throw new DamagedCheckpointError(`${STATE_FILE} lacks the step, the files or the state`);
  }
  return state as CheckpointState;
}

/** Returns the text of state.json: the state with a checksum of itself. */
export function formatState(state: CheckpointState): string {
  return `${JSON.stringify({ ...state, sha256: checksum(state) }, null, 2)}\n`;
}

/** Returns the SHA-256 of a state's JSON, which parsing and formatting do not change. */
function checksum(state: object): string {
  return createHash('sha256').update(JSON.stringify(state)).digest('hex');
}
