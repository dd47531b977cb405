export * from './data';
export { renderReport, reportFigures } from './render-report';
export { summarizeVerification } from './summarize-verification';
