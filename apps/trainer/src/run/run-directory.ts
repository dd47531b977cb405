import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createFolder, type FileLock, syncFolder } from '@unitsphere/core/disk';
import type { Config } from '../config/config.js';
import { parseConfig, stringifyConfig } from '../config/parse-config.js';
import { listNames } from '../list-names.js';
import { shellArgument } from '../shell-argument.js';
import { UserError } from '../user-error.js';
import { diskError } from './disk-error.js';
import { deleteLeftovers } from './leftovers.js';
import { takeLock } from './lock.js';
import { MetricsLog, type MetricsLogOptions } from './metrics-log.js';
import { recoverCheckpoints } from './recover-checkpoints.js';
import { checkSealedYaml, sealYaml } from './sealed-file.js';
import { writeFileAtomic } from './write-file-atomic.js';

/** Names of the files in a run's folder. */
export const RUN_FILES = {
  config: 'config.yaml',
  metrics: 'metrics.jsonl',
  checkpoints: 'checkpoints',
  centers: 'centers',
  summary: 'summary.json',
  reportData: 'report.json',
  report: 'report.html',
  plots: 'plots',
  lock: 'run.lock',
} as const;

/** Thrown if the folder of a new run exists. */
export class RunExistsError extends UserError {
  /** Stable name of the error, for programs. */
  override readonly code = 'RUN_EXISTS';
}

/** The folder of one run. A writer holds its lock until `close`. */
export class RunDirectory {
  readonly #lock: FileLock | null;

  private constructor(
    readonly path: string,
    lock: FileLock | null,
  ) {
    this.#lock = lock;
  }

  /**
   * Creates the folder of a new run.
   * @throws UserError if a run of that name exists, or the folder cannot be written.
   */
  static async create(base: string, name: string): Promise<RunDirectory> {
    const path = join(base, name);
    try {
      await createFolder(base);
      await mkdir(path);
      await syncFolder(base);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' || code === 'ENOTDIR') {
        throw await explainExisting(base, path, code === 'EEXIST');
      }
      throw diskError(error, path, 0);
    }
    let run: RunDirectory | undefined;
    try {
      run = new RunDirectory(path, takeLock(join(path, RUN_FILES.lock)));
      await mkdir(run.file(RUN_FILES.checkpoints));
      return run;
    } catch (error) {
      await run?.close();
      await rm(path, { recursive: true, force: true });
      throw diskError(error, path, 0);
    }
  }

  /**
   * Opens a run for writing, and deletes leftovers of killed writes.
   * @throws UserError if the folder is not a run, or another process writes it.
   */
  static async open(path: string): Promise<RunDirectory> {
    await checkIsRun(path);
    const run = new RunDirectory(path, takeLock(join(path, RUN_FILES.lock)));
    try {
      await mkdir(run.file(RUN_FILES.checkpoints), { recursive: true });
      await recoverCheckpoints(run.file(RUN_FILES.checkpoints));
      await deleteLeftovers(path);
      await deleteLeftovers(run.file(RUN_FILES.checkpoints));
      await deleteLeftovers(run.file(RUN_FILES.plots));
    } catch (error) {
      await run.close();
      throw diskError(error, path, 0);
    }
    return run;
  }

  /**
   * Opens a run for reading, even while another process writes it.
   * @throws UserError if the folder is not a run.
   */
  static async openForReading(path: string): Promise<RunDirectory> {
    await checkIsRun(path);
    return new RunDirectory(path, null);
  }

  /** Returns the path of a file in the run. */
  file(name: string): string {
    return join(this.path, name);
  }

  async writeConfig(config: Config): Promise<void> {
    await this.writeFile(RUN_FILES.config, sealYaml(stringifyConfig(config)));
  }

  /** Reads config.yaml. @throws UserError if it is not a valid config, or does not match its checksum. */
  async readConfig(): Promise<Config> {
    const file = this.file(RUN_FILES.config);
    const text = await readFile(file, 'utf8');
    checkSealedYaml(text, file);
    return parseConfig(text, { file });
  }

  /** Writes a file atomically. */
  async writeFile(name: string, data: string | Uint8Array): Promise<void> {
    await writeFileAtomic(this.file(name), data);
  }

  /** Opens metrics.jsonl for appending, and drops lines after a step; see `MetricsLog.open`. */
  async openMetrics(options?: MetricsLogOptions): Promise<MetricsLog> {
    return MetricsLog.open(this.file(RUN_FILES.metrics), options);
  }

  /** Deletes a closed run if it has no metrics and no checkpoint. */
  async deleteIfUnused(): Promise<void> {
    const metrics = await stat(this.file(RUN_FILES.metrics)).catch(() => null);
    const checkpoints = await readdir(this.file(RUN_FILES.checkpoints)).catch(() => []);
    if (metrics || checkpoints.length > 0) return;
    await rm(this.path, { recursive: true, force: true });
  }

  /** Releases the lock. */
  async close(): Promise<void> {
    this.#lock?.release();
  }
}

async function explainExisting(base: string, path: string, exists: boolean): Promise<UserError> {
  if (!exists || !(await isFolder(path))) {
    const file = exists ? path : base;
    return new UserError(`${file} is not a folder`, { hint: 'Choose another folder with --output DIR.' });
  }
  const isRun = await stat(join(path, RUN_FILES.config)).then(Boolean, () => false);
  const resume = `Resume it: unitsphere train --resume ${shellArgument(path)}\n`;
  return new RunExistsError(
    isRun ? `the run ${path} already exists` : `the folder ${path} already exists, and is not a run`,
    { hint: `${isRun ? `${resume}Or use` : 'Use'} another name: --set output.name=NAME` },
  );
}

async function checkIsRun(path: string): Promise<void> {
  if (!(await isFolder(path))) {
    throw new UserError(`there is no run ${path}`, { hint: 'Start one: unitsphere train' });
  }
  const config = await stat(join(path, RUN_FILES.config)).catch(() => null);
  if (!config) {
    const runs = (await readdir(path).catch(() => [])).filter((name) => !name.startsWith('.'));
    throw new UserError(`${path} is not a run: it has no ${RUN_FILES.config}`, {
      hint: runs.length > 0 ? `It contains: ${listNames(runs, 8)}` : undefined,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
