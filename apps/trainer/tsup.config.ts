import { defineConfig } from 'tsup';
import { packageConfig } from '../../tsup.base.ts';

// The replica is the module that the replicas' threads run.
const node = { cli: 'src/cli.ts', index: 'src/index.ts', replica: 'src/replicas/worker.ts' };
const browser = { browser: 'src/browser.ts' };

// The browser's entry is one file of its own; declarations are made of all entries at once.
export default defineConfig(({ dts }) =>
  dts
    ? packageConfig({ entry: { ...node, ...browser }, format: ['esm'] })
    : ([
        packageConfig({ entry: node, format: ['esm'], splitting: true }),
        packageConfig({ entry: browser, format: ['esm'], platform: 'browser' }),
      ] as never),
);
