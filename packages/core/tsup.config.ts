import { packageConfig } from '../../tsup.base.ts';
import { sharedEnginePlugin } from './scripts/shared-engine-plugin.mjs';

export default packageConfig({
  entry: [
    'src/index.ts',
    'src/random.ts',
    'src/gradients.ts',
    'src/disk.ts',
    'src/half.ts',
    'src/pickle.ts',
    'src/safetensors.ts',
    'src/threads.ts',
  ],
  external: ['@unitsphere/core/gradients'],
  // Rollup's tree shaking would drop the side effects of gradients.ts.
  treeshake: false,
  esbuildPlugins: [sharedEnginePlugin()],
  // `createRequire` takes both. CommonJS has no import.meta.
  esbuildOptions(options, { format }) {
    if (format === 'cjs') options.define = { ...options.define, 'import.meta.url': '__filename' };
  },
});
