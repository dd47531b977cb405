export * from './data.js';
export { renderReport, reportFigures } from './render-report.js';
export { type IdentityIntervals, summarizeVerification } from './summarize-verification.js';
