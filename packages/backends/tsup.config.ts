import { packageConfig } from '../../tsup.base.ts';

export default [
  // Only the installer imports Node's modules, so that the main entry can be bundled for browsers.
  packageConfig({ entry: { index: 'src/index.ts', install: 'src/install/index.ts' } }),
  packageConfig({ entry: { cli: 'src/install/cli.ts' }, format: ['esm'] }),
];
