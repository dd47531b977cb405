import { follow } from './follow.js';

// The module of a replica's thread; see start-replicas.ts.
await follow();
