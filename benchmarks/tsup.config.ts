import { packageConfig } from '../tsup.base.ts';

// Two programs: the command, and the process that trains for it.
export default packageConfig({
  entry: { cli: 'src/cli.ts', 'train-on-demand': 'src/step/train-on-demand.ts' },
  format: ['esm'],
  splitting: true,
});
