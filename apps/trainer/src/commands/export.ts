import { join, resolve } from 'node:path';
import { optionOverrides } from '../config/overrides.js';
import { parseConfig } from '../config/parse-config.js';
import type { ExportInput, ExportPrecision, ExportTarget } from '../export/export-options.js';
import { formatCheck } from '../export/format-check.js';
import { formatBytes } from '../format-bytes.js';
import { Progress } from '../progress/progress.js';
import { say } from './console.js';
import { relativePath } from './relative-path.js';
import type { Work } from './work.js';

/** Options of `unitsphere export`. */
export interface ExportCommandOptions {
  to: ExportTarget;
  precision?: ExportPrecision;
  input?: ExportInput;
  batch?: number;
  output?: string;
  data?: string;
  license?: string;
  backend?: string;
}

/** Exports a run's best checkpoint, a checkpoint or a model folder. Returns the exit code. */
export async function exportCommand(
  model: string,
  options: ExportCommandOptions,
  work: Work,
): Promise<number> {
  const { to, precision, input, batch, license } = options;
  const { backend } = parseConfig('', { overrides: optionOverrides({ backend: options.backend }) });
  const name = precision === undefined || precision === 'float32' ? to : `${to}-${precision}`;
  const progress = new Progress({ totalSteps: 1 });
  try {
    const { folder, fingerprint, sizes, checks } = await work.exportModel({
      model,
      to,
      precision,
      input,
      batch,
      license,
      output: resolve(options.output ?? join(model, 'export', name)),
      data: options.data && resolve(options.data),
      backend: options.backend === undefined ? undefined : backend,
      progress,
    });
    progress.done();
    // The fingerprint of an int8 model has a suffix.
    say(`fingerprint ${fingerprint.replace(/^(.{12})[0-9a-f]+/, '$1')}`);
    if (license === undefined) say('The model card states no license; set one with --license NAME.');
    const lines = [
      relativePath(folder),
      ...[...sizes].map(([path, bytes]) => `  ${path}: ${formatBytes(bytes)}`),
      ...[...checks].flatMap(([path, check]) => formatCheck(path, check)),
    ];
    for (const line of lines) process.stdout.write(`${line}\n`);
    return 0;
  } finally {
    progress.done();
  }
}
