import { inspectBackends } from './inspect-backends.js';

// The process that `inspectInChild` starts.
const backends = await inspectBackends();
process.send?.(backends, () => process.exit(0));
