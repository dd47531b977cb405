import { CollectiveError } from '../errors.js';

/** Node's threads, found at run time so that a browser's bundle of this package has none of it. */
export function nodeThreads(user: string): typeof import('node:worker_threads') {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:worker_threads');
  if (!node) {
    throw new CollectiveError(
      `${user} needs Node's worker threads. In a browser: createThreadGroup, post it to Web Workers of yours, and make a ` +
        'ThreadCommunicator in each.',
    );
  }
  return node;
}
