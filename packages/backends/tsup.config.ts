import { packageConfig } from '../../tsup.base.ts';

export default [
  // Node's own modules are imported by the installer only, so that the main entry can be bundled for browsers.
  packageConfig({ entry: { index: 'src/index.ts', install: 'src/install/index.ts' } }),
  packageConfig({ entry: { cli: 'src/install/cli.ts' }, format: ['esm'] }),
];
