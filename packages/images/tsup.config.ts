import { nodeAndBrowserConfig } from '../../tsup.base.ts';

export default nodeAndBrowserConfig();
