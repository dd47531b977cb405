export { CardSource, type CardSourceOptions } from './card-source.js';
