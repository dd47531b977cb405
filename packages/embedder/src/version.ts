import { version } from '../package.json';

/** Version of this package, which is written into config.json. */
export { version };
