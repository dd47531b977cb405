import { packageConfig, removeOldChunks } from '../../tsup.base.ts';

// Threads are a chunk of their own, which is loaded on demand.
export default packageConfig({ splitting: true, onSuccess: removeOldChunks });
