import { packageConfig } from '../../tsup.base.ts';

export default packageConfig({ entry: ['src/cli.ts', 'src/index.ts'], format: ['esm'], splitting: true });
