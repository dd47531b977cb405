import { CollectiveError } from '../errors.js';

/** Returns Node's worker threads, loaded at run time so that browser bundles of this package do not contain the import. */
export function nodeThreads(caller: string): typeof import('node:worker_threads') {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:worker_threads');
  if (!node) {
    throw new CollectiveError(
      `${caller} requires Node's worker threads. In a browser, call createThreadGroup, post the group to Web Workers, and ` +
        'create a ThreadCommunicator in each.',
    );
  }
  return node;
}
