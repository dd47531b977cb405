import { type FileHandle, open, readFile } from 'node:fs/promises';
import { writeAll } from '@unitsphere/core/disk';
import { diskError } from './disk-error.js';
import type { MetricsRecord } from './metrics-record.js';
import { writeFileAtomic } from './write-file-atomic.js';

/** The metrics of a run: one JSON object per line, in order of step. */
export class MetricsLog {
  readonly #path: string;
  readonly #file: FileHandle;
  #length: number;

  private constructor(path: string, file: FileHandle, length: number) {
    this.#path = path;
    this.#file = file;
    this.#length = length;
  }

  /**
   * Opens or creates the file. It drops a last line torn by a kill, and lines after `throughStep`, which a resumed run writes
   * again.
   */
  static async open(path: string, { throughStep = Number.POSITIVE_INFINITY } = {}): Promise<MetricsLog> {
    const text = await readFile(path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const kept = wholeLines(text)
      .filter(({ record }) => record.step <= throughStep)
      .map(({ line }) => `${line}\n`)
      .join('');
    if (kept !== text) await writeFileAtomic(path, kept);
    try {
      return new MetricsLog(path, await open(path, 'a'), Buffer.byteLength(kept));
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
    } catch (error) {
      await this.#file.truncate(this.#length).catch(() => {});
      throw diskError(error, this.#path, line.byteLength);
    }
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

/** Reads the metrics of a finished or running training, without a torn last line. */
export async function readMetrics(path: string): Promise<MetricsRecord[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return wholeLines(text).map(({ record }) => record);
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
