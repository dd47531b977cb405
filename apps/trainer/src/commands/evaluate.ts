import { resolve } from 'node:path';
import type { EvaluationConfig } from '../config/config.js';
import { isAddress } from '../config/file-sources.js';
import { optionOverrides } from '../config/overrides.js';
import { parseConfig } from '../config/parse-config.js';
import { Progress } from '../progress/progress.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { outputWidth, say } from './console.js';
import { formatResults } from './format-results.js';
import { nextSteps } from './next-steps.js';
import { relativePath } from './relative-path.js';
import type { Work } from './work.js';

/** Options of `unitsphere evaluate`. */
export interface EvaluateOptions {
  data?: string;
  identities?: 'test' | 'all';
  pairs?: EvaluationConfig['pairs'];
  pairFiles?: string[];
  backend?: string;
  json?: string;
}

/** Evaluates a checkpoint, a run's best checkpoint, or a model. Returns the exit code. */
export async function evaluate(path: string, options: EvaluateOptions, work: Work): Promise<number> {
  // Reports a mistyped backend before any work.
  const { backend } = parseConfig('', { overrides: optionOverrides({ backend: options.backend }) });
  const progress = new Progress({ totalSteps: 1 });
  try {
    const report = await work.runEvaluation({
      checkpoint: path,
      data: options.data && (isAddress(options.data) ? options.data : resolve(options.data)),
      identities: options.identities,
      pairs: options.pairs,
      pairFiles: options.pairFiles?.map((file) => resolve(file)),
      backend: options.backend === undefined ? undefined : backend,
      progress,
    });
    progress.done();
    const step = report.step === undefined ? '' : `, step ${report.step}`;
    process.stdout.write(`${relativePath(report.checkpoint)}${step}, on ${report.backend}\n`);
    const lines = [...formatResults(report, outputWidth()), '', ...nextSteps(path, 'enroll', 'export')];
    for (const line of lines) process.stdout.write(`${line}\n`);
    if (options.json !== undefined) {
      await writeFileAtomic(resolve(options.json), `${JSON.stringify(report, null, 2)}\n`);
      say(`Result: ${options.json}`);
    }
    return 0;
  } finally {
    progress.done();
  }
}
