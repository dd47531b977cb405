import { packageConfig } from '../tsup.base.ts';

export default packageConfig({
  entry: { index: 'src/index.ts', 'native-worker': 'src/places/native-worker.ts' },
  format: ['esm'],
});
