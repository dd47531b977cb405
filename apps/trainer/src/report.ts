// Reports of runs and of studies, and their parts, for Node and browsers.
export { metricLabel } from './compare/score';
export { comparisonFigures } from './compare/study-plots';
export type {
  Comparison,
  StudyImages,
  StudyResults,
  StudyRun,
  StudyRunFigures,
} from './compare/study-results';
export { armRows, comparisonTitle } from './compare/study-rows';
export { POWER_METHOD, resolveWords, signed } from './compare/verdict-sentence';
export { type Axis, drawPlot, type Line, type Plot } from './report/draw-plot';
export { formatCount, formatDuration, formatNumber, formatPercent } from './report/format';
export { type Headline, headlineOf } from './report/headline';
export * from './report/index';
export { plotSvg } from './report/plot-file';
export type { Figure } from './report/plots';
export { renderComparison, renderResults } from './report/render-results';
export { STYLES } from './report/styles';
export { meanPoints } from './report/thin';
