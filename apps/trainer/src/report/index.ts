export * from './data';
export { renderReport } from './render-report';
export { summarizeVerification } from './summarize-verification';
