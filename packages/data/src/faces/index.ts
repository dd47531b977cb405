export { FaceSource, type FaceSourceOptions } from './face-source.js';
