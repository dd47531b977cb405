import { packageConfig } from '../tsup.base.ts';

// The command, and the programs of its contenders.
export default packageConfig({
  entry: {
    cli: 'src/cli.ts',
    'train-on-demand': 'src/step/train-on-demand.ts',
    'plain-simd': 'src/first-losses/plain-simd.ts',
    'head-on-demand': 'src/partial-fc/head-on-demand.ts',
    'head-rank': 'src/partial-fc/head-rank.ts',
    'loss-on-demand': 'src/pair-losses/loss-on-demand.ts',
    'load-on-demand': 'src/data/load-on-demand.ts',
    'time-all-reduce': 'src/mpi/time-all-reduce.ts',
    'search-file': 'src/gallery/search-file.ts',
    'verify-file': 'src/verification/verify-file.ts',
  },
  format: ['esm'],
});
