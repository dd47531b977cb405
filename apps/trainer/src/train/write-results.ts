import { thumbnail } from '../evaluate/thumbnail.js';
import { drawPlotFiles, writePlotFiles } from '../plot-files/draw-plot-files.js';
import { type ReportData, renderReport, reportFigures } from '../report/index.js';
import { readMetricsFile } from '../run/metrics-log.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import { sealJson } from '../run/sealed-file.js';
import { describeMachine } from './describe-machine.js';
import { type Results, reportData, summaryOf } from './results.js';
import type { TrainingSummary } from './types.js';

/**
 * Writes summary.json, report.json, report.html and the plots.
 * @param note Called if plots are missing.
 * @param render Returns the page of report.html.
 * @returns The summary.
 */
export async function writeResults(
  run: RunDirectory,
  results: Results,
  note: (text: string) => void,
  render: (data: ReportData) => string = renderReport,
): Promise<TrainingSummary> {
  const summary = summaryOf(results);
  const { records, fingerprint } = await readMetricsFile(run.file(RUN_FILES.metrics));
  const data = await reportData(results, summary, records, { machine: describeMachine(), thumbnail });
  await run.writeFile(RUN_FILES.reportData, sealJson(data));
  await run.writeFile(RUN_FILES.report, render(data));
  const { plots, problem } = await drawPlotFiles(reportFigures(data), results.config.output.plots);
  await writePlotFiles(run.path, plots);
  if (problem) note(problem);
  // The summary is written last, so that a run with a summary is complete.
  await run.writeFile(RUN_FILES.summary, sealJson({ ...summary, metrics: fingerprint }, 2));
  return summary;
}
