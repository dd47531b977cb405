/**
 * Checks a number of threads that compute a network together.
 * @param owner The function that it was passed to, for messages.
 * @throws RangeError if it is not a positive integer; Error if there are several, and threads cannot share memory.
 */
export function checkThreads(threads: number, owner: string): void {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`${owner}: threads must be a positive integer, not ${threads}.`);
  }
  if (threads > 1 && typeof SharedArrayBuffer === 'undefined') {
    throw new Error(
      `${owner}: several threads require SharedArrayBuffer, which this page does not have. Serve the page with the headers ` +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or pass threads: 1.',
    );
  }
}
