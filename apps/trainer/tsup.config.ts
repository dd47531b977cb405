import { packageConfig } from '../../tsup.base.ts';

export default packageConfig({
  // The replica is the module that the replicas' threads run.
  entry: { cli: 'src/cli.ts', index: 'src/index.ts', replica: 'src/replicas/worker.ts' },
  format: ['esm'],
  splitting: true,
});
