import { createRequire } from 'node:module';
import { run } from './commands/program.js';

const { version } = createRequire(import.meta.url)('unitsphere/package.json');

process.exitCode = await run(process.argv.slice(2), version, {
  // Loaded when called: help and errors in a config should not wait for TensorFlow.js.
  runTraining: async (options) => (await import('./train/run-training.js')).runTraining(options),
  runEvaluation: async (options) => (await import('./evaluate/run-evaluation.js')).runEvaluation(options),
  runStudy: async (study) => (await import('./compare/run-study.js')).runStudy(study),
  collectStudy: async (...study) => (await import('./compare/study-results.js')).collectStudy(...study),
  renderStudy: async (results) => (await import('./compare/render-study.js')).renderStudy(results),
  renderReport: async (data) => (await import('./report/index.js')).renderReport(data as never),
});
