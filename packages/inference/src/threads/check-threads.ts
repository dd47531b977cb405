/**
 * Checks the option `threads` of {@link compileNetwork}, for callers that compile later.
 * @throws RangeError if it is not a positive integer; Error if there are several, and threads cannot share memory.
 */
export function checkThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`threads must be a positive integer, not ${threads}.`);
  }
  if (threads > 1 && typeof SharedArrayBuffer === 'undefined') {
    throw new Error(
      `${threads} threads require SharedArrayBuffer, which this page does not have. Serve the page with the headers ` +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or set `threads` to 1.',
    );
  }
}
