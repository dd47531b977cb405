import { resolve } from 'node:path';
import { optionOverrides } from '../config/overrides.js';
import { parseConfig } from '../config/parse-config.js';
import type { IdentityIntervals } from '../evaluate/identity-intervals.js';
import { Progress } from '../progress/progress.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { say } from './console.js';
import { relativePath } from './relative-path.js';
import { resultLines } from './result-lines.js';
import type { Work } from './work.js';

/** Options of `unitsphere evaluate`. */
export interface EvaluateOptions {
  data?: string;
  identities?: 'test' | 'all';
  backend?: string;
  json?: string;
}

/** Evaluates a checkpoint, or a run's best. Gives the exit code. */
export async function evaluate(path: string, options: EvaluateOptions, work: Work): Promise<number> {
  // A mistyped backend is told before any work.
  const { backend } = parseConfig('', { overrides: optionOverrides({ backend: options.backend }) });
  const progress = new Progress({ totalSteps: 1 });
  try {
    const report = await work.runEvaluation({
      checkpoint: path,
      data: options.data && resolve(options.data),
      identities: options.identities,
      backend: options.backend === undefined ? undefined : backend,
      progress,
    });
    progress.done();
    process.stdout.write(`${relativePath(report.checkpoint)}, step ${report.step}, on ${report.backend}\n`);
    for (const line of resultLines(report)) process.stdout.write(`${line}\n`);
    if (report.overIdentities) process.stdout.write(`${overIdentitiesLine(report.overIdentities)}\n`);
    if (options.json !== undefined) {
      await writeFileAtomic(resolve(options.json), `${JSON.stringify(report, null, 2)}\n`);
      say(`Written to ${options.json}`);
    }
    return 0;
  } finally {
    progress.done();
  }
}

/** Where the figures would lie for other identities. */
function overIdentitiesLine({ auroc, tprAtFpr }: IdentityIntervals): string {
  const range = ({ low, high }: { low: number; high: number }, digits: number) =>
    `${low.toFixed(digits)}–${high.toFixed(digits)}`;
  const rates = Object.entries(tprAtFpr).map(([key, interval]) => `TPR at ${key} ${range(interval, 3)}`);
  return `For other identities, 95 %: AUROC ${[range(auroc, 4), ...rates].join(', ')}`;
}
