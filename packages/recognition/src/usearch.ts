export { createUsearchIndex, type UsearchIndexOptions } from './search/usearch-index.js';
