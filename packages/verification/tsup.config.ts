import { packageConfig } from '../../tsup.base.ts';

export default packageConfig({
  entry: ['src/index.ts', 'src/clusters.ts', 'src/statistics.ts'],
  esbuildOptions: (options) => {
    // The bundled entries of @unitsphere/core import chunks that have no side effects.
    options.logOverride = { 'ignored-bare-import': 'silent' };
  },
});
