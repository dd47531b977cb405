export { documentBase } from './document-base.js';
export { documentSmall } from './document-small.js';
