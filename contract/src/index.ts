export { type Check, type Difference, GROUPS, type Group, type Outcome } from './check.js';
export { trainReference } from './checks/training.js';
export { contractChecks } from './contract.js';
export { openPlaces, type Places } from './places/all.js';
export { findNodePlaces } from './places/node.js';
export type { MissingPlace, Place } from './places/place.js';
