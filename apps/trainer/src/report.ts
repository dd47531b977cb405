// Renders reports of runs and studies, and their parts, in Node and browsers.
export { describeSeedsToResolve, formatSigned, POWER_METHOD } from './compare/describe-verdict.js';
export { metricLabel } from './compare/score.js';
export { comparisonFigures } from './compare/study-plots.js';
export type {
  Comparison,
  StudyImages,
  StudyResults,
  StudyRun,
  StudyRunFigures,
} from './compare/study-results.js';
export { armRows, comparisonTitle } from './compare/study-rows.js';
export { type Axis, drawPlot, type Line, type Plot } from './report/draw-plot.js';
export { formatCount, formatDuration, formatNumber, formatPercent } from './report/format-values.js';
export { createHeadline, type Headline } from './report/headline.js';
export * from './report/index.js';
export { plotSvg } from './report/plot-file.js';
export type { Figure } from './report/plots.js';
export { renderComparison, renderResults } from './report/render-results.js';
export { STYLES } from './report/styles.js';
export { meanPoints } from './report/thin.js';
