export * from './data.js';
export { renderReport, reportFigures } from './render-report.js';
export { summarizeVerification } from './summarize-verification.js';
