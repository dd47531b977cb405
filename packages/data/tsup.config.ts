import { nodeAndBrowserConfig } from '../../tsup.base.ts';

// Splitting puts code that needs the file system into chunks that are loaded on demand.
export default nodeAndBrowserConfig({
  entry: ['src/index.ts', 'src/worker.ts'],
  removeNodeProtocol: false,
});
