export { documentSmall } from './document-small.js';
