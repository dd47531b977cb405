import { packageConfig } from '../../tsup.base.ts';

export default packageConfig({ entry: ['src/index.ts', 'src/file.ts', 'src/postgres.ts', 'src/usearch.ts'] });
