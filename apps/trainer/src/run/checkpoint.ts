import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TEMPORARY_PREFIX } from '@unitsphere/core/disk';

/** The file that names a checkpoint's other files; its presence and their checksums make a checkpoint whole. */
export const STATE_FILE = 'state.json';

/** What state.json holds. */
export interface CheckpointState {
  version: 1;
  /** Steps that were done. */
  step: number;
  files: Record<string, { bytes: number; sha256: string }>;
  /** Why it was the best so far when it was written; absent if it was not. */
  best?: Record<string, unknown>;
  /** What the trainer saved beside its files. */
  state: Record<string, unknown>;
}

/** A checkpoint on the disk that was read once and found whole. */
export interface Checkpoint {
  directory: string;
  step: number;
  state: Record<string, unknown>;
  /** File names, as they were given to `writeCheckpoint`. */
  files: readonly string[];
  /**
   * The bytes of a file.
   * @throws Error if the file changed since, or the checkpoint has none of that name.
   */
  readFile(name: string): Promise<Uint8Array>;
}

/** The checkpoint cannot be used; the message says why, without its path. */
export class DamagedCheckpointError extends Error {
  override readonly name = 'DamagedCheckpointError';
}

/**
 * Reads a checkpoint and checks every file's size and checksum.
 * @throws DamagedCheckpointError that says what is missing or wrong.
 */
export async function readCheckpoint(directory: string): Promise<Checkpoint> {
  const saved = await readState(directory);
  for (const name of Object.keys(saved.files)) await readChecked(directory, name, saved);
  return {
    directory,
    step: saved.step,
    state: saved.state,
    files: Object.keys(saved.files),
    readFile: (name) => readChecked(directory, name, saved),
  };
}

/** All files of a checkpoint, by name. @throws as {@link Checkpoint.readFile}. */
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

/** The size and SHA-256 of a file's bytes, as state.json keeps them. */
export function fingerprint(bytes: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** "step-00001234", so that names sort as numbers do. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** The step of a checkpoint's folder, or nothing if the name is not one. */
export function checkpointStep(path: string): number | undefined {
  const match = /^step-(\d{8,})$/.exec(basename(path));
  return match ? Number(match[1]) : undefined;
}

/** The step of a checkpoint that was not renamed to its own name. */
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
    throw new DamagedCheckpointError(`${name} has ${bytes.byteLength} bytes, and had ${expected.bytes}`);
  }
  if (fingerprint(bytes).sha256 !== expected.sha256) {
    throw new DamagedCheckpointError(`${name} does not have the bytes that were written`);
  }
  return bytes;
}

function parseState(text: string): CheckpointState {
  let state: CheckpointState;
  try {
    state = JSON.parse(text);
  } catch {
    throw new DamagedCheckpointError(`${STATE_FILE} is not whole`);
  }
  if (state?.version !== 1) {
    throw new DamagedCheckpointError(
      `${STATE_FILE} is of version ${state?.version}, and this program reads version 1`,
    );
  }
  return state;
}
