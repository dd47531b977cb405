/** Codes of an output that is gone: a closed pipe, a closed terminal. */
const GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/**
 * Lets the program outlive its output: a closed terminal, a pipe whose reader has ended, or a full disk must not end hours of
 * work, whose results are in files. Results that a full disk loses make the exit code 1.
 */
export function surviveOutputErrors(): void {
  let isReported = false;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isReported || GONE.has(error.code ?? '')) return;
    isReported = true;
    process.exitCode ||= 1;
    process.stderr.write(`error: cannot write to standard output: ${error.message}\n`);
  });
}
