import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, TEMPORARY_PREFIX } from '@unitsphere/core/disk';
import type { Config } from '../config/config.js';
import { parseConfig, stringifyConfig } from '../config/parse-config.js';
import { UserError } from '../user-error.js';
import { diskError } from './disk-error.js';
import { type Lock, takeLock } from './lock.js';
import { MetricsLog } from './metrics-log.js';
import { recoverCheckpoints } from './recover-checkpoints.js';
import { writeFileAtomic } from './write-file-atomic.js';

/** Names in a run's folder. */
export const RUN_FILES = {
  config: 'config.yaml',
  metrics: 'metrics.jsonl',
  checkpoints: 'checkpoints',
  centers: 'centers',
  summary: 'summary.json',
  reportData: 'report.json',
  report: 'report.html',
  lock: 'run.lock',
} as const;

/** The folder of one run, held by a lock until it is closed. */
export class RunDirectory {
  readonly #lock: Lock | null;

  private constructor(
    readonly path: string,
    lock: Lock | null,
  ) {
    this.#lock = lock;
  }

  /**
   * Makes the folder of a new run.
   * @throws UserError if there already is one of that name, or it cannot be written.
   */
  static async create(base: string, name: string): Promise<RunDirectory> {
    const path = join(base, name);
    try {
      await mkdir(base, { recursive: true });
      await mkdir(path);
      await syncFolder(base);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' || code === 'ENOTDIR') {
        const isRun = code === 'EEXIST' && (await isFolder(path));
        throw new UserError(isRun ? `there already is a run ${path}` : `${base} is not a folder`, {
          hint: isRun
            ? `Go on with it: unitsphere train --resume ${path}\nOr name this one: --set output.name=NAME`
            : 'Choose another with --output DIR.',
        });
      }
      throw diskError(error, path, 0);
    }
    const run = new RunDirectory(path, await takeLock(join(path, RUN_FILES.lock)));
    await mkdir(run.file(RUN_FILES.checkpoints)).catch((error) => {
      throw diskError(error, run.file(RUN_FILES.checkpoints), 0);
    });
    return run;
  }

  /**
   * Opens a run to go on with it, and deletes what writes that were killed left behind.
   * @throws UserError if it is no run, or another process writes it.
   */
  static async open(path: string): Promise<RunDirectory> {
    await checkIsRun(path);
    const run = new RunDirectory(path, await takeLock(join(path, RUN_FILES.lock)));
    try {
      await mkdir(run.file(RUN_FILES.checkpoints), { recursive: true });
      await recoverCheckpoints(run.file(RUN_FILES.checkpoints));
      await deleteLeftovers(path);
      await deleteLeftovers(run.file(RUN_FILES.checkpoints));
    } catch (error) {
      await run.close();
      throw diskError(error, path, 0);
    }
    return run;
  }

  /**
   * Opens a run to read it, also while another process writes it.
   * @throws UserError if it is no run.
   */
  static async openForReading(path: string): Promise<RunDirectory> {
    await checkIsRun(path);
    return new RunDirectory(path, null);
  }

  /** The path of a file in the run. */
  file(name: string): string {
    return join(this.path, name);
  }

  async writeConfig(config: Config): Promise<void> {
    await this.writeFile(RUN_FILES.config, stringifyConfig(config));
  }

  /** @throws UserError if it was changed to something that is not a config. */
  async readConfig(): Promise<Config> {
    const file = this.file(RUN_FILES.config);
    return parseConfig(await readFile(file, 'utf8'), { file });
  }

  /** Writes a file whole or not at all; see `writeFileAtomic`. */
  async writeFile(name: string, data: string | Uint8Array): Promise<void> {
    await writeFileAtomic(this.file(name), data);
  }

  /** Opens metrics.jsonl to add lines, dropping those after a step; see `MetricsLog.open`. */
  async openMetrics(options?: { throughStep?: number }): Promise<MetricsLog> {
    return MetricsLog.open(this.file(RUN_FILES.metrics), options);
  }

  /** Deletes the run, once it is closed, if nothing was trained: it has no metrics and no checkpoint. */
  async deleteIfUnused(): Promise<void> {
    const metrics = await stat(this.file(RUN_FILES.metrics)).catch(() => null);
    const checkpoints = await readdir(this.file(RUN_FILES.checkpoints)).catch(() => []);
    if (metrics || checkpoints.length > 0) return;
    await rm(this.path, { recursive: true, force: true });
  }

  /** Gives back the lock. */
  async close(): Promise<void> {
    await this.#lock?.release();
  }
}

async function checkIsRun(path: string): Promise<void> {
  if (!(await isFolder(path))) throw new UserError(`there is no run ${path}`);
  const config = await stat(join(path, RUN_FILES.config)).catch(() => null);
  if (!config) {
    const runs = (await readdir(path).catch(() => [])).filter((name) => !name.startsWith('.'));
    throw new UserError(`${path} is not a run: it has no ${RUN_FILES.config}`, {
      hint:
        runs.length > 0
          ? `It holds: ${runs.slice(0, 8).join(', ')}${runs.length > 8 ? ', …' : ''}`
          : undefined,
    });
  }
}

async function deleteLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(TEMPORARY_PREFIX)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
