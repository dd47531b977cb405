// The report and its parts, for Node and browsers.
export { type Axis, drawPlot, type Line, type Plot } from './report/draw-plot';
export { formatCount, formatDuration, formatNumber, formatPercent } from './report/format';
export { type Headline, headlineOf } from './report/headline';
export * from './report/index';
export { renderComparison, renderResults } from './report/render-results';
export { STYLES } from './report/styles';
export { meanPoints } from './report/thin';
