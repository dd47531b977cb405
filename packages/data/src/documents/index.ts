export type { CanvasFactory, Context2D, FontFile, Surface } from '../drawing/canvas.js';
export { browserCanvasFactory, type FontLocator } from '../drawing/canvas-browser.js';
export { DocumentSource, type DocumentSourceOptions } from './document-source.js';
export { fontFiles } from './fonts.js';
export { type DocumentKind, documentKinds } from './kinds/index.js';
