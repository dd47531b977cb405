import { createRequire } from 'node:module';
import { surviveOutputErrors } from './commands/output-errors.js';
import { run } from './commands/program.js';
import { EXIT_CODES } from './interrupt.js';
import type { ReportData } from './report/index.js';

const { version } = createRequire(import.meta.url)('unitsphere/package.json');

const HANGUP = EXIT_CODES.SIGHUP;
surviveOutputErrors();
const exitCode = await run(process.argv.slice(2), version, {
  // Commands load on demand, so that help and config errors need not wait for TensorFlow.js.
  runTraining: async (options) => (await import('./train/run-training.js')).runTraining(options),
  connectRanks: async () => (await import('./train/rank-group.js')).connectRanks(),
  followTraining: async (ranks) => (await import('./train/follow-training.js')).followTraining(ranks),
  runEvaluation: async (options) => (await import('./evaluate/run-evaluation.js')).runEvaluation(options),
  runDemo: async (options) => (await import('./demo/run-demo.js')).runDemo(options),
  exportModel: async (options) => (await import('./export/export-model.js')).exportModel(options),
  pruneRun: async (options) => (await import('./prune/prune-run.js')).pruneRun(options),
  pushFolder: async (options) => (await import('./push/push-folder.js')).pushFolder(options),
  embedFiles: async (options) => (await import('./evaluate/embed-files.js')).embedFiles(options),
  openEmbedder: async (model) => (await import('./evaluate/open-embedder.js')).openEmbedder(model),
  runStudy: async (study) => (await import('./compare/run-study.js')).runStudy(study),
  collectStudy: async (...study) => (await import('./compare/collect-study.js')).collectStudy(...study),
  renderStudy: async (results) => {
    const { renderStudy } = await import('./compare/render-study.js');
    const { studyFigures } = await import('./compare/study-plots.js');
    const { drawPlotFiles } = await import('./plot-files/draw-plot-files.js');
    return { page: renderStudy(results), ...(await drawPlotFiles(studyFigures(results))) };
  },
  renderReport: async (data) => {
    const { renderReport, reportFigures } = await import('./report/index.js');
    const { drawPlotFiles } = await import('./plot-files/draw-plot-files.js');
    const page = renderReport(data as ReportData);
    return { page, ...(await drawPlotFiles(reportFigures(data as ReportData))) };
  },
});
process.exitCode = exitCode || process.exitCode;
if (exitCode === HANGUP) {
  // Node aborts at its exit if the terminal is gone (tcsetattr fails). Ending by the signal leaves that out.
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}
