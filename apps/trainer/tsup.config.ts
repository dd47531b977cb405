import { cpSync } from 'node:fs';
import { packageConfig, removeOldChunks } from '../../tsup.base.ts';

export default packageConfig({
  entry: {
    cli: 'src/cli.ts',
    index: 'src/index.ts',
    browser: 'src/browser.ts',
    report: 'src/report.ts',
    // Not exported: what the replicas' threads run, and the processes of a study's runs and of `doctor`.
    replica: 'src/replicas/worker.ts',
    'study-child': 'src/compare/child.ts',
    'doctor-child': 'src/doctor/child.ts',
  },
  format: ['esm'],
  onSuccess: async () => {
    await removeOldChunks();
    // The repository's configs are published with the package, so that they can be trained by name.
    cpSync(new URL('../../configs', import.meta.url), new URL('dist/configs', import.meta.url), {
      recursive: true,
    });
  },
});
