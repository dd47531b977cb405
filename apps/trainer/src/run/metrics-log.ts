import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { writeAll } from '@unitsphere/core/disk';
import { diskError } from './disk-error.js';
import type { MetricsRecord } from './metrics-record.js';
import { writeFileAtomic } from './write-file-atomic.js';

/** Size and SHA-256 of the metrics at some moment. */
export interface MetricsFingerprint {
  bytes: number;
  sha256: string;
}

/** Options of {@link MetricsLog.open}. */
export interface MetricsLogOptions {
  /** Drops lines after this step. Default: keeps all. */
  throughStep?: number;
  /** What the file began with when the checkpoint was written. */
  expected?: MetricsFingerprint;
}

/** The metrics of a run: one JSON object per line, in order of step. */
export class MetricsLog {
  readonly #path: string;
  readonly #file: FileHandle;
  #length: number;
  readonly #hash = createHash('sha256');

  private constructor(
    path: string,
    file: FileHandle,
    kept: string,
    /** False if the file does not begin as expected. */
    readonly isIntact: boolean,
  ) {
    this.#path = path;
    this.#file = file;
    this.#length = Buffer.byteLength(kept);
    this.#hash.update(kept);
  }

  /**
   * Opens or creates the file. It drops a last line torn by a kill, and lines after `throughStep`, which a resumed run writes
   * again.
   */
  static async open(
    path: string,
    { throughStep = Number.POSITIVE_INFINITY, expected }: MetricsLogOptions = {},
  ): Promise<MetricsLog> {
    const text = await readFile(path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const kept = wholeLines(text)
      .filter(({ record }) => record.step <= throughStep)
      .map(({ line }) => `${line}\n`)
      .join('');
    const isIntact = !expected || beginsWith(text, expected);
    if (kept !== text) await writeFileAtomic(path, kept);
    try {
      return new MetricsLog(path, await open(path, 'a'), kept, isIntact);
    } catch (error) {
      throw diskError(error, path, 0);
    }
  }

  /**
   * Appends a line. JSON writes non-finite numbers as null.
   * @throws UserError if the disk is full or not writable; no partial line remains.
   */
  async append(record: MetricsRecord): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      await writeAll(this.#file, line);
      this.#length += line.byteLength;
      this.#hash.update(line);
    } catch (error) {
      await this.#file.truncate(this.#length).catch(() => {});
      throw diskError(error, this.#path, line.byteLength);
    }
  }

  /** Returns the size and SHA-256 of all lines. */
  fingerprint(): MetricsFingerprint {
    return { bytes: this.#length, sha256: this.#hash.copy().digest('hex') };
  }

  /** Flushes every line to the disk; called before a checkpoint is written. */
  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw diskError(error, this.#path, 0);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Returns whether a text begins with the bytes of a fingerprint. */
export function beginsWith(text: string, { bytes, sha256 }: MetricsFingerprint): boolean {
  const beginning = Buffer.from(text).subarray(0, bytes);
  return beginning.length === bytes && createHash('sha256').update(beginning).digest('hex') === sha256;
}

/** Reads the metrics of a finished or running training, without a torn last line. */
export async function readMetrics(path: string): Promise<MetricsRecord[]> {
  return (await readMetricsFile(path)).records;
}

/** Reads the metrics as {@link readMetrics} does, with the fingerprint of the file. */
export async function readMetricsFile(
  path: string,
): Promise<{ records: MetricsRecord[]; fingerprint: MetricsFingerprint }> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const records = wholeLines(bytes.toString('utf8')).map(({ record }) => record);
  return { records, fingerprint: { bytes: bytes.length, sha256 } };
}

function wholeLines(text: string): { line: string; record: MetricsRecord }[] {
  // Text after the last line break is torn even if it parses, because a number may be cut off.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const whole: { line: string; record: MetricsRecord }[] = [];
  for (const line of lines) {
    const record = parse(line);
    if (record) whole.push({ line, record });
  }
  return whole;
}

function parse(line: string): MetricsRecord | null {
  try {
    const record = JSON.parse(line);
    return typeof record?.step === 'number' ? record : null;
  } catch {
    return null;
  }
}
